"""One statement that is not TOML, and what is told of it."""

import functools
import re
from dataclasses import dataclass
from typing import NamedTuple

from storescpd.config.keys import section_at
from storescpd.config.problems import KeyPath

KEY = re.compile(
    r"""\s*((?:[A-Za-z0-9_-]+|"[^"\n]*"|'[^'\n]*')(?:\s*\.\s*(?:[A-Za-z0-9_-]+|"[^"\n]*"|'[^'\n]*'))*)\s*"""
)
FANCY_QUOTES = "`\u00b4\u00ab\u00bb\u2018\u2019\u201a\u201b\u201c\u201d\u201e\u201f\u2032\u2033\u2039\u203a"
"""What word processors and web pages make of plain quotes."""
QUOTES = f"\"'{FANCY_QUOTES}"
UNKNOWN = "correct it; storescpd.toml(5) has every key with an example"


@dataclass(frozen=True)
class Statement:
    """One statement, from its first line to where the mistake is noticed."""

    lines: tuple[str, ...]
    line: int
    """Of the text, from 0."""
    column: int
    """Where it is noticed in the last line, from 1."""
    words: str
    """tomllib's."""
    before: str
    """The text before it, which is TOML."""
    table: KeyPath
    """That it stands in."""

    @property
    def first(self) -> str:
        """Its first line."""
        return self.lines[0]

    @functools.cached_property
    def path(self) -> KeyPath:
        """Its key; empty where none can be seen."""
        match = KEY.match(self.first)
        if match is None or not re.match(r"[=:]", self.first[match.end() :]):
            return ()
        return (*self.table, *(part.strip().strip("\"'") for part in match[1].split(".")))

    @functools.cached_property
    def value(self) -> str:
        """What stands behind the first ``=``, without a comment."""
        _, _, value = self.first.partition("=")
        return re.sub(r"\s#[^\"']*$", "", value).strip()

    @property
    def at_value(self) -> int:
        """The column of the value."""
        _, equals, value = self.first.partition("=")
        return len(self.first) - len(value.lstrip()) + 1 if equals else self.column

    def written(self, value: str) -> str:
        """``write key = value``."""
        return f"write {self.path[-1]} = {value}" if self.path else f"write {value}"


class Diagnosis(NamedTuple):
    """What is told."""

    message: str
    remedy: str
    column: int
    key: str = ""
    below: int = 0
    """So many lines below the first of the statement."""
    hopeless: bool = False
    """The whole file is something else."""


def is_key(path: KeyPath) -> bool:
    """Whether this is a key that there is."""
    section = section_at(path[:-1])
    return bool(path) and section is not None and path[-1] in section.model_fields
