"""storescp's association profile files in three levels: [[SUPERSECTION]], [SECTION], KEY = VALUE (storescp facts 7.1).

White space is blanks, tabs and line ends. A ``#`` begins a comment in the first column alone. Any text can be read:
what makes no sense becomes part of a name.
"""

import re
import string
from collections.abc import Iterator
from dataclasses import dataclass, field

_BLANK = re.compile(r"[ \t\n]*+")
_COMMENT = re.compile(r"^#[^\n]*+", re.MULTILINE)
_OPENING = re.compile(r"(?:\[[ \t\n]*+)++")
_NAME = re.compile(r"[^\]]*+")
_KEY = re.compile(r"([^=]*+)=[ \t]*+")
_LINE = re.compile(r"[^\n]*+")
_CONTINUATION = re.compile(r"\n(?:[ \t]*+\n)*+[ \t]++(?=[^ \t\n])")
"""From the end of a line to the text of the next one that is not blank, where that one is indented."""

_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9_-]")
_WHITE_SPACE = re.compile(r"\s", re.ASCII)
_CAPITALS = str.maketrans(string.ascii_lowercase, string.ascii_uppercase)


@dataclass(frozen=True, slots=True)
class Value:
    """The text behind an equals sign; what goes on in indented lines is joined with line ends."""

    text: str
    offset: int
    """In characters, from 0."""


@dataclass(frozen=True, slots=True)
class Section:
    """``[name]`` with its values by key; of several keys with one name the first counts."""

    name: str
    """As storescp compares it."""
    spelling: str
    """As the file has it, but for characters that do not count."""
    offset: int
    values: dict[str, Value] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Supersection:
    """``[[name]]`` with its sections."""

    name: str
    spelling: str
    offset: int
    sections: list[Section] = field(default_factory=list)


def folded(name: str) -> str:
    """A name of one of the three levels as storescp compares it: capitals, digits, hyphens and underscores."""
    return spelled(name).translate(_CAPITALS)


def spelled(name: str) -> str:
    """The same with letters as they are."""
    return _NOT_IN_NAMES.sub("", name)


def reference(value: str) -> str:
    """What a value that names a list, or storescp's argument that names a profile, is compared as."""
    return _WHITE_SPACE.sub("", value).translate(_CAPITALS)


def normalised(text: str) -> str:
    """A text with the line ends and the blanks that the lexer knows; as long, but for CR LF."""
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", " ")


def supersections(text: str) -> list[Supersection]:
    """All supersections of a normalised text, in its order, those with one name included.

    What stands before the first header of its level is left out, as storescp does.
    """
    found: list[Supersection] = []
    for token in _tokens(_COMMENT.sub(lambda comment: "\n" * len(comment[0]), text)):
        if isinstance(token, Supersection):
            found.append(token)
        elif isinstance(token, Section):
            if found:
                found[-1].sections.append(token)
        elif found and found[-1].sections:
            name, value = token
            found[-1].sections[-1].values.setdefault(name, value)
    return found


def _tokens(text: str) -> Iterator[Supersection | Section | tuple[str, Value]]:
    at = _end(_BLANK, text, 0)
    while at < len(text):
        if text[at] == "[":
            header, at = _header(text, at)
            yield header
        elif key := _KEY.match(text, at):
            value, at = _value(text, key.end())
            yield folded(key[1]), Value(value, key.end())
        else:
            return
        at = _end(_BLANK, text, at)


def _header(text: str, start: int) -> tuple[Supersection | Section, int]:
    """A header and where it ends. Each bracket wants one that closes it, or else the text ends with it."""
    opening = _end(_OPENING, text, start)
    depth = text.count("[", start, opening)
    name = text[opening : (end := _end(_NAME, text, opening))]
    for _ in range(depth):
        end = text.find("]", end) + 1
        if not end:
            end = len(text)
            break
    made = Section if depth == 1 else Supersection
    return made(folded(name), spelled(name), start), end


def _value(text: str, start: int) -> tuple[str, int]:
    end = _end(_LINE, text, start)
    lines = [text[start:end]] if end > start else []
    while match := _CONTINUATION.match(text, end):
        end = _end(_LINE, text, match.end())
        lines.append(text[match.end() : end])
    return "\n".join(lines), end


def _end(pattern: re.Pattern[str], text: str, at: int) -> int:
    match = pattern.match(text, at)
    return at if match is None else match.end()
