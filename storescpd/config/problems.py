"""What can be wrong with a file, and how it is told."""

import re
from collections.abc import Iterable
from typing import NamedTuple

KeyPath = tuple[str | int, ...]
"""Where a key is: names of tables and keys, numbers (from 0) in lists."""

_BARE = r"[A-Za-z0-9_-]+"


class Finding(NamedTuple):
    """Something wrong, found without knowing where in the text its key is."""

    key: KeyPath
    message: str
    """What is wrong, in plain English, without a full stop."""
    remedy: str
    """What to do about it."""
    concerns: tuple[KeyPath, ...] = ()
    """The other keys that it depends on: if one of them is broken itself, the finding may be wrong."""
    misplaced: bool = False
    """The key itself is wrong, not its value."""
    note: bool = False
    """Worth knowing, but no reason not to start."""


class Problem(NamedTuple):
    """Something wrong, with its place in the text."""

    file: str
    line: int | None
    """From 1; ``None`` where the file could not be read at all."""
    column: int | None
    """In characters, from 1."""
    key: str
    """Dotted, as ``peers[2].storage.min_free``; empty where no key is concerned."""
    message: str
    remedy: str
    """Empty where nothing needs to be done."""
    note: bool = False

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line}:{self.column}"
        what = [part for part in (place, self.key, "note" if self.note else "", self.message) if part]
        return ": ".join(what) + (f" ({self.remedy})" if self.remedy else "")


class ConfigError(Exception):
    """A configuration that cannot be used; ``problems`` has everything that is wrong with it, in the file's order."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__(self.problems)

    def __str__(self) -> str:
        return "\n".join(map(str, self.problems))


def dotted(path: KeyPath) -> str:
    """A key as text: ``peers[2].storage.min_free``; names that TOML would quote are quoted."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            name = part if re.fullmatch(_BARE, part) else '"' + part.replace("\\", "\\\\").replace('"', '\\"') + '"'
            text += f".{name}" if text else name
    return text


def overlap(first: KeyPath, second: KeyPath) -> bool:
    """Whether one key is the other or contains it."""
    shared = min(len(first), len(second))
    return first[:shared] == second[:shared]


def stands(finding: Finding, broken: tuple[KeyPath, ...]) -> bool:
    """Whether a finding about several keys does not rest on one that is broken itself."""
    inside = any(finding.key[: len(path)] == path for path in broken)
    return not inside and not any(overlap(concern, path) for concern in finding.concerns for path in broken)
