"""What is known of one option of storescp (storescp facts 1, 10.1).

Named tuples: the command listens only when it has read its line by these, and dataclasses take three times as long to
load.
"""

from collections.abc import Callable
from enum import Enum
from typing import NamedTuple, Protocol

KeyPath = tuple[str | int, ...]
"""A key of the configuration: ``("listeners", 0, "port")``."""
Value = str | int | float | bool | list[str]
"""As TOML has it."""


class Situation(Protocol):
    """The command line that an option stands in."""

    def has(self, long: str) -> bool:
        """Whether an option was written and not displaced by another of its group."""

    def values(self, long: str) -> tuple[str, ...]:
        """The values of an option that ``has`` is true for, those of all occurrences if they add up."""


class Era(Enum):
    """Since when there is an option."""

    SEED = "3.5.4"
    NEWER = "3.6.7"
    NEWEST = "newest"
    """Not in a release yet that distributions have."""


class Kind(Enum):
    """What a value is."""

    TEXT = "text"
    PATH = "path"
    LEVEL = "level"
    SIGNED = "integer"
    UNSIGNED = "integer from 0"
    """A sign makes it no number at all."""


class Argument(NamedTuple):
    """A value that follows an option."""

    name: str
    kind: Kind = Kind.TEXT
    least: int | None = None
    most: int | None = None


class Forbids(NamedTuple):
    """Not together with any of these, by long names; several of them are one refusal."""

    names: tuple[str, ...]


class Needs(NamedTuple):
    """Only with one of these in force, by long names; the default of a group is in force when nothing displaces it."""

    names: tuple[str, ...]
    shown: str = ""
    """What messages call them, where that is not their names."""


Check = Forbids | Needs

Computed = Callable[[Situation, tuple[str, ...]], Value | None]
"""A value from the line and the option's own values; ``None``: the key is not set."""


class Sets(NamedTuple):
    """A key of the configuration that an option sets, to a constant or to what is made of its values."""

    key: KeyPath
    value: Value | Computed
    shown: str = ""
    """The value as the documentation shows it, where it is computed."""

    def of(self, line: Situation, values: tuple[str, ...]) -> Value | None:
        """The value on a line."""
        return self.value(line, values) if callable(self.value) else self.value


class Option(NamedTuple):
    """One option. Its long name is its identity, in messages too."""

    long: str
    short: str
    help: str
    """One sentence for the usage text, without a full stop."""
    arguments: tuple[Argument, ...] = ()
    group: str = ""
    """Of the options with one group the rightmost counts; empty: it stands alone."""
    default: bool = False
    """In force while no other of its group is written."""
    era: Era = Era.SEED
    repeatable: bool = False
    """All occurrences count, not the last alone."""
    checks: tuple[Check, ...] = ()
    """What it does not go with, in the order in which storescp looks."""
    sets: tuple[Sets, ...] = ()
    initial: str = ""
    """The value that counts without it, for the usage text."""
    changes: str = ""
    """What it means otherwise than with storescp, one sentence without a full stop; empty: nothing."""
    forked: str = ""
    """The same, with --fork alone."""
    refuses: str = ""
    """Values that storescp takes and we do not: of no concern to a line that was accepted."""

    @property
    def differs(self) -> str:
        """All that is otherwise than with storescp."""
        return "; ".join(filter(None, (self.refuses, self.changes, self.forked)))

    @property
    def names(self) -> tuple[str, ...]:
        """Every spelling."""
        return (self.short, self.long) if self.short else (self.long,)


class Section(NamedTuple):
    """A block of the usage text."""

    title: str
    options: tuple[Option, ...]
    chapter: str = ""
    """The block that it is a part of; empty: it stands alone."""
    remark: str = ""
    """What is refused, in brackets after the title."""
