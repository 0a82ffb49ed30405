"""A text that is not TOML: what is wrong in each of its statements, and what the others say.

tomllib ends at the first mistake. The statement that has it is told of and taken out, until the rest can be read.
"""

import re
import tomllib
from typing import NamedTuple

from storescpd.config.keys import ARRAYS, header, top_sections
from storescpd.config.positions import Place, Places, table_at_end
from storescpd.config.problems import KeyPath, Problem
from storescpd.config.syntax.diagnosis import diagnosed
from storescpd.config.syntax.statement import Statement, is_key
from storescpd.config.words import VERY_CLOSE, nearest

MOST = 20
"""Mistakes that are told of; a file with more is no configuration."""
_LONGEST = 500
"""Lines that one statement may have until it is said to begin where the mistake is noticed."""

_AT = re.compile(r" \(at line (\d+), column (\d+)\)$")
_AT_END = " (at end of document)"
_HEADER = re.compile(r"\s*\[")
_BEGINS = re.compile(r"""\s*(\[{1,2}[\w. "'-]+\]{1,2}\s*(#.*)?$|[\w.-]+\s*=)""")
"""Clearly the beginning of another statement."""


class Remains(NamedTuple):
    """What is left of a text without its mistakes."""

    text: str
    tables: dict[str, object]
    problems: tuple[Problem, ...]
    lost: tuple[KeyPath, ...]
    """Keys and tables that were taken out."""


class _Taken(NamedTuple):
    """What goes with one mistake."""

    lines: range
    """From 0."""
    instead: str
    """What stands in the first of them now."""
    lost: tuple[KeyPath, ...]


def remains(text: str, name: str) -> Remains:
    """All mistakes, and what can be read beside them."""
    lines = text.replace("\r\n", "\n").split("\n")
    problems: list[Problem] = []
    lost: list[KeyPath] = []
    while True:
        said = "\n".join(lines)
        try:
            return Remains(said, tomllib.loads(said), tuple(problems), tuple(lost))
        except RecursionError:
            problems.append(Problem(name, 1, 1, "", "lists or tables are nested too deeply", "nest them less"))
            return _hopeless(problems)
        except ValueError as error:
            place, words = _noticed(said, str(error))
        statement = _statement(lines, place, words)
        found = diagnosed(statement)
        problems.append(
            Problem(name, statement.line + 1 + found.below, found.column, found.key, found.message, found.remedy)
        )
        taken = _taken(lines, statement)
        lost += taken.lost
        if found.hopeless or len(problems) >= MOST or not any(lines[number].strip() for number in taken.lines):
            return _hopeless(problems)
        for number in taken.lines:
            lines[number] = ""
        lines[taken.lines[0]] = taken.instead


def _hopeless(problems: list[Problem]) -> Remains:
    return Remains("", {}, tuple(problems), _everything())


def _everything() -> tuple[KeyPath, ...]:
    return tuple((name,) for name in top_sections())


def _noticed(text: str, message: str) -> tuple[Place, str]:
    """Where tomllib noticed it, and its words."""
    match = _AT.search(message)
    place = Place(int(match[1]), int(match[2])) if match else Place(1, 1)
    if message.endswith(_AT_END):
        place = Places(text).at(len(text.rstrip()))
    words = _AT.sub("", message).removesuffix(_AT_END)
    return place, words[:1].lower() + words[1:]


def _statement(lines: list[str], place: Place, words: str) -> Statement:
    """The statement with the mistake; it may have begun lines before the mistake is noticed."""
    last = min(place.line, len(lines)) - 1
    for first in range(last, max(last - _LONGEST, -1), -1):
        before = "\n".join((*lines[:first], ""))
        try:
            tomllib.loads(before)
        except (ValueError, RecursionError):
            continue
        return Statement(tuple(lines[first : last + 1]), first, place.column, words, before, table_at_end(before))
    return Statement((lines[last],), last, place.column, words, "", ())


def _taken(lines: list[str], statement: Statement) -> _Taken:
    first, last = statement.line, statement.line + len(statement.lines) - 1
    if _HEADER.match(lines[first]) or section_meant(lines[first]) is not None:
        return _taken_header(lines, statement)
    if last > first and _BEGINS.match(lines[last]):
        # It was never closed; the next one begins here.
        last -= 1
    elif statement.value.startswith("{") and "}" not in statement.value:
        last = next((number for number in range(last + 1, len(lines)) if "}" in lines[number]), last)
    elif statement.value.startswith("[") or last > first:
        # The rest of a list.
        last = next((number for number in range(last + 1, len(lines)) if _BEGINS.match(lines[number])), len(lines)) - 1
    path = statement.path
    # What is no key at all is said as well, at its own place.
    unknown = len(path) == len(statement.table) + 1 and not is_key(path) and re.match(r"\s*[\w-]+", lines[first])
    instead = f"{unknown[0]} = 0" if unknown else ""
    return _Taken(range(first, last + 1), instead, (path or statement.table or ("",),))


def _taken_header(lines: list[str], statement: Statement) -> _Taken:
    """Mend it where the section is known; else its keys go too, which would be another section's."""
    first = statement.line
    meant = section_meant(lines[first])
    name = () if meant is None else (meant,)
    if (
        meant is not None
        and header(meant) != lines[first].strip()
        and (meant in ARRAYS or not _is_there(statement, meant))
    ):
        return _Taken(range(first, first + 1), header(meant), ())
    end = next((number for number in range(first + 1, len(lines)) if _HEADER.match(lines[number])), len(lines))
    return _Taken(range(first, end), "", (name,) if name else _everything())


def _is_there(statement: Statement, section: str) -> bool:
    return section in tomllib.loads(statement.before)


def section_meant(line: str) -> str | None:
    """The section that a header without its right brackets names."""
    match = re.match(r"\s*([\[({<]+\s*([\w-]+)\s*[\])}>]*\s*:?|(\w+):)\s*(#.*)?$", line)
    return None if match is None else nearest(match[2] or match[3], top_sections(), VERY_CLOSE)
