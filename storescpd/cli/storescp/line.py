"""A command line that was read, and what counts of it (storescp facts 10.1)."""

from collections.abc import Sequence
from functools import cached_property
from typing import NamedTuple

from storescpd.cli.storescp.errors import CommandLineError
from storescpd.cli.storescp.option import Option
from storescpd.cli.storescp.table import BY_LONG, BY_NAME, OPTIONS


class Occurrence(NamedTuple):
    """One option as it was written."""

    option: Option
    written: str
    """Its short or long name."""
    values: tuple[str, ...]

    @property
    def text(self) -> str:
        """The option with its values, as a shell would take it."""
        # Loaded late: a line that is served by has no use for it.
        from shlex import quote

        return " ".join((self.written, *(quote(value) for value in self.values)))


class Line:
    """Options and parameters in the order in which they were written."""

    def __init__(
        self, occurrences: tuple[Occurrence, ...], parameters: tuple[str, ...], words: tuple[str, ...]
    ) -> None:
        """``words``: all of it in its order, with long names."""
        self.occurrences = occurrences
        self.parameters = parameters
        self.words = words

    @cached_property
    def _last(self) -> dict[str, Occurrence]:
        """What counts, by long name: the rightmost of each option, and of each group."""
        by_group: dict[str, Occurrence] = {}
        for found in self.occurrences:
            by_group[found.option.group or found.option.long] = found
        return {found.option.long: found for found in by_group.values()}

    def has(self, long: str) -> bool:
        """Whether an option was written and not displaced by another of its group."""
        return long in self._last

    def in_force(self, long: str) -> bool:
        """The same, or it is what counts where nothing of its group was written."""
        option = BY_LONG[long]
        return self.has(long) or (option.default and not any(self.has(other.long) for other in _group(option)))

    def values(self, long: str) -> tuple[str, ...]:
        """The values of an option that ``has`` is true for, those of all occurrences if they add up."""
        if BY_LONG[long].repeatable:
            return tuple(value for found in self.all_of(long) for value in found.values)
        return self._last[long].values

    def all_of(self, long: str) -> tuple[Occurrence, ...]:
        """What counts of an option: its last occurrence, or all if they add up."""
        if not self.has(long):
            return ()
        if BY_LONG[long].repeatable:
            return tuple(found for found in self.occurrences if found.option.long == long)
        return (self._last[long],)


def _group(option: Option) -> tuple[Option, ...]:
    return tuple(other for other in OPTIONS if other.group == option.group)


def is_option(argument: str) -> bool:
    """A sign and something that is no digit."""
    return len(argument) > 1 and argument[0] in "+-" and not ("0" <= argument[1] <= "9")


def read(arguments: Sequence[str]) -> Line:
    """Read arguments in which command files are in place already.

    Raises:
        CommandLineError: an option is unknown, or lacks a value.
    """
    occurrences: list[Occurrence] = []
    parameters: list[str] = []
    words: list[str] = []
    rest = list(reversed(arguments))
    while rest:
        argument = rest.pop()
        if is_option(argument):
            found = _occurrence(argument, rest)
            occurrences.append(found)
            words += (found.option.long, *found.values)
        else:
            parameters.append(argument)
            words.append(argument)
    return Line(tuple(occurrences), tuple(parameters), tuple(words))


def _occurrence(argument: str, rest: list[str]) -> Occurrence:
    option = BY_NAME.get(argument)
    if option is None:
        raise CommandLineError(f"Unknown option {argument}")
    count = len(option.arguments)
    if len(rest) < count:
        raise CommandLineError(f"Missing value for option {option.long}")
    # Whatever comes next is the value, be it an option by its looks.
    return Occurrence(option, argument, tuple(rest.pop() for _ in range(count)))
