r"""Where in a TOML text its keys and values are, which neither tomllib nor pydantic tells.

A walker over TOML's syntax (toml.io, 1.0). It reads texts that tomllib has accepted, so it checks nothing; what newer
versions allow (line breaks in inline tables, ``\e``, ``\x``) it reads too. It does not recurse, however deep a text is.
"""

import re
from bisect import bisect_right
from dataclasses import dataclass

from storescpd.config.problems import KeyPath

# Quantifiers may be possessive here, groups may not, though none of these can be taken apart in two ways: Python 3.11
# before .5, Debian 12's among them, does not find what such a group should.
_BLANK = re.compile(r"[ \t]*+")
_GAP = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
"""White space, line ends and comments."""
_GAP_OR_COMMA = re.compile(r"(?:[ \t\r\n,]|#[^\n]*)*")
_BARE_KEY = re.compile(r"[^\s=.\[\]{},\"'#]+")
_BASIC = re.compile(r'"((?:[^"\\\n]|\\.)*)"')
_LITERAL = re.compile(r"'([^'\n]*+)'")
_LONG_BASIC = re.compile(r'"""(?:[^"\\]|\\.|"(?!""))*"{3,5}', re.DOTALL)
_LONG_LITERAL = re.compile(r"'''(?:[^']|'(?!''))*'{3,5}")
_SCALAR = re.compile(r"[^,\]}#\n]+")
_STRINGS = (('"""', _LONG_BASIC), ("'''", _LONG_LITERAL), ('"', _BASIC), ("'", _LITERAL))
_ESCAPE = re.compile(r"\\(?:x([0-9A-Fa-f]{2})|u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|(.))")
_ESCAPED = {"b": "\b", "t": "\t", "n": "\n", "f": "\f", "r": "\r", "e": "\x1b", '"': '"', "\\": "\\"}


@dataclass(frozen=True, slots=True)
class Place:
    """Line and column, both from 1, the column in characters."""

    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Positions:
    """Where each key of a text, and its value, begins. Items of lists have a value and no key."""

    keys: dict[KeyPath, Place]
    values: dict[KeyPath, Place]


def positions(text: str) -> Positions:
    """The places of all keys and values of a text that ``tomllib.loads`` accepts."""
    walker = _Walker(text)
    walker.document()
    places = Places(text)
    return Positions(
        {path: places.at(offset) for path, offset in walker.keys.items()},
        {path: places.at(offset) for path, offset in walker.values.items()},
    )


def table_at_end(text: str) -> KeyPath:
    """The table that a key after this text would be in."""
    walker = _Walker(text)
    walker.document()
    return walker.table


class Places:
    """Lines and columns of one text."""

    def __init__(self, text: str) -> None:
        self._starts = [0, *(match.end() for match in re.finditer("\n", text))]

    def at(self, offset: int) -> Place:
        """The place of one character."""
        line = bisect_right(self._starts, offset)
        return Place(line, offset - self._starts[line - 1] + 1)


@dataclass(slots=True)
class _Open:
    """A list or an inline table that has not ended yet."""

    path: KeyPath
    is_list: bool
    items: int = 0


class _Walker:
    """One pass over one text."""

    def __init__(self, text: str) -> None:
        self.keys: dict[KeyPath, int] = {}
        self.values: dict[KeyPath, int] = {}
        self._text = text
        self._at = 0
        self.table: KeyPath = ()
        self._last: dict[KeyPath, int] = {}
        """Arrays of tables: the number of the newest element."""

    def document(self) -> None:
        """Read headers and statements up to the end."""
        self._skip(_GAP)
        while self._at < len(self._text):
            if self._text[self._at] == "[":
                self._header()
            else:
                self._value(self._statement(self.table))
            self._skip(_GAP)

    def _skip(self, what: re.Pattern[str]) -> re.Match[str]:
        match = what.match(self._text, self._at)
        if match is None:
            raise ValueError(f"not TOML at character {self._at}")
        self._at = match.end()
        return match

    def _header(self) -> None:
        is_element = self._text.startswith("[[", self._at)
        self._at += 2 if is_element else 1
        *outer, (name, offset) = self._key()
        path: KeyPath = ()
        for outer_name, outer_offset in outer:
            path = self._note((*path, outer_name), outer_offset)
            path = (*path, self._last[path]) if path in self._last else path
        path = self._note((*path, name), offset)
        if is_element:
            self._last[path] = self._last.get(path, -1) + 1
            path = (*path, self._last[path])
            self.values[path] = offset
        self._at += 2 if is_element else 1
        self.table = path

    def _statement(self, path: KeyPath) -> KeyPath:
        """Read ``a.b =`` and return the key of the value that follows."""
        for name, offset in self._key():
            path = self._note((*path, name), offset)
        self._at += 1
        self._skip(_BLANK)
        return path

    def _note(self, path: KeyPath, offset: int) -> KeyPath:
        self.keys.setdefault(path, offset)
        self.values.setdefault(path, offset)
        return path

    def _key(self) -> list[tuple[str, int]]:
        """The parts of a dotted key with their offsets; stops at what follows the key."""
        parts = []
        while True:
            self._skip(_BLANK)
            offset = self._at
            parts.append((self._key_part(), offset))
            self._skip(_BLANK)
            if self._text[self._at] != ".":
                return parts
            self._at += 1

    def _key_part(self) -> str:
        first = self._text[self._at]
        if first == '"':
            return _ESCAPE.sub(_unescaped, self._skip(_BASIC)[1])
        return self._skip(_LITERAL)[1] if first == "'" else self._skip(_BARE_KEY)[0]

    def _value(self, path: KeyPath) -> None:
        """Read one value with all that is in it."""
        opened: list[_Open] = []
        self._begin(path, opened)
        while opened:
            self._skip(_GAP_OR_COMMA)
            inner = opened[-1]
            if self._text[self._at] in "]}":
                self._at += 1
                opened.pop()
            elif inner.is_list:
                inner.items += 1
                self._begin((*inner.path, inner.items - 1), opened)
            else:
                self._begin(self._statement(inner.path), opened)

    def _begin(self, path: KeyPath, opened: list[_Open]) -> None:
        """Read a scalar, or the bracket that opens a list or a table."""
        self.values[path] = self._at
        first = self._text[self._at]
        if first in "[{":
            self._at += 1
            opened.append(_Open(path, is_list=first == "["))
            return
        for quote, string in _STRINGS:
            if self._text.startswith(quote, self._at):
                self._skip(string)
                return
        self._skip(_SCALAR)


def _unescaped(match: re.Match[str]) -> str:
    digits = match[1] or match[2] or match[3]
    return chr(int(digits, 16)) if digits else _ESCAPED[match[4]]
