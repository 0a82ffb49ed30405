"""Finds the longest run of elements that are written as they come, but for the lengths of what is nested in them.

Nothing is remembered here: whatever is not known to be right ends the run, and the reader looks at it. The functions
walk over bytes with native integers, so that the compiled build has a plain loop in C. Naming their type is all that it
takes; at run time there is no such type.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from storescpd.dataset.forms import UNDEFINED

if TYPE_CHECKING:
    from mypy_extensions import i64

# What has to be looked at in a value. The classes above LONG have a length of 32 bits after two reserved bytes.
TEXT: Final = 1
BINARY: Final = 2
UID: Final = 3
SEQUENCE: Final = 4
LONG_BINARY: Final = 5
LONG_TEXT: Final = 6

IDENTIFIES: Final = 0x80
"""Beside the class of a tag: in the data set itself it says who the object is."""

GROUPS: Final = 1 << 16
"""Bytes of the first part of a table of tags: by group the number of its row, 0 for none."""
ROW: Final = 512
"""Bytes of a row: by the high byte of the element where its leaf begins, in units of ``LEAF``, 0 for none."""
LEAF: Final = 256
"""Bytes of a leaf: by the low byte of the element its class, 0 for what is not known to be harmless."""
LETTERS: Final = 26
"""A table of VRs has a class for each two capitals."""

_ITEM: Final = 0xE000
_ITEM_END: Final = 0xE00D
_SEQUENCE_END: Final = 0xE0DD
_DELIMITERS: Final = 0xFFFE
_NO_ELEMENTS: Final = -1
_BEHIND_ALL: Final = 1 << 33
"""A tag greater than any."""
_FIRST_BLOCK: Final = 0x10
"""The first element of a private group that means something (PS3.5 7.8.1)."""

_DEEPEST: Final = 8
"""Sequences within sequences that are looked through at once. What turns out to be wrong at last has been looked at so
often in vain; the reader goes into what is deeper."""
_MOST_MARKS: Final = 1 << 14
"""Lengths and delimiters of one run; with a megabyte of empty items they would be 30 MiB."""


class Run(NamedTuple):
    """Elements, or items, that need no look at them."""

    end: int
    """Offset of what comes behind them."""
    last: int
    """The last tag."""
    marks: list[int]
    """What is not written as it is: offset, shifted by 32 bits, of a length field and what is to stand there, or of a
    delimiter that goes and ``UNDEFINED``."""


class Scanner:
    """The rules of one table, in the form that the loop needs. Offsets count within the data that is given."""

    __slots__ = ("_big", "_explicit", "_measures", "_nests", "_private", "_tags", "_vrs")

    def __init__(
        self, tags: bytes, vrs: bytes, *, big_endian: bool, private: bool, nests: bool, measures: bool
    ) -> None:
        """``vrs`` is empty for the implicit form, which has the classes of VRs in ``tags``.

        ``private``: elements of private groups decide nothing; ``nests``: sequences need nothing but their lengths;
        ``measures``: these are written, undefined ones are not.
        """
        self._tags = tags
        self._vrs = vrs
        self._explicit = bool(vrs)
        self._big: i64 = 1 if big_endian else 0
        self._private = private
        self._nests = nests
        self._measures = measures

    def elements(self, data: bytes, at: int, end: int, last: int, before: int, depth: int, *, top: bool) -> Run:
        """The elements from ``at`` on, with tags between ``last`` and ``before``, that lie before ``end``.

        ``depth``: how many sequences may be within each other; ``top``: these are elements of the data set itself.
        """
        marks: list[int] = []
        deepest = min(depth, _DEEPEST)
        stop, tag, _ = self._elements(data, at, end, last, before, deepest, IDENTIFIES if top else 0, marks)
        return Run(stop, tag, marks)

    def items(self, data: bytes, at: int, end: int, depth: int) -> Run:
        """The items of a sequence from ``at`` on that lie before ``end``."""
        marks: list[int] = []
        deepest = min(depth, _DEEPEST)
        stop, _ = self._items(data, at, end, deepest, marks)
        return Run(stop, _NO_ELEMENTS, marks)

    def _elements(  # noqa: C901, PLR0912 - one loop without a call or an object for an element
        self,
        data: bytes,
        at: i64,
        end: i64,
        last: i64,
        before: i64,
        depth: i64,
        deciding: i64,
        marks: list[int],
    ) -> tuple[i64, i64, i64]:
        """Where the run ends, its last tag, and how many bytes of it go; ``deciding``: flags of tags that end it."""
        tags, vrs, explicit, big = self._tags, self._vrs, self._explicit, self._big
        gone: i64 = 0
        while at + 8 <= end:
            group = _short(data, at, big)
            number = _short(data, at + 2, big)
            tag = group << 16 | number
            if not last < tag < before:
                break
            kind: i64 = BINARY
            if group & 1:
                if not self._private or number < _FIRST_BLOCK:
                    break
            else:
                kind = _class_of(tags, group, number)
                if kind & deciding:
                    break
                kind &= ~IDENTIFIES
            content = at + 8
            if explicit and kind:
                kind = _class_of_vr(vrs, data, at + 4)
            if not kind:
                break
            if not explicit:
                length = _long(data, at + 4, big)
            elif kind < SEQUENCE:
                length = _short(data, at + 6, big)
            else:
                content = at + 12
                if content > end or data[at + 6] or data[at + 7]:
                    break
                length = _long(data, at + 8, big)
            stop = content + length
            if kind == SEQUENCE:
                stop, less = self._sequence(data, content, length, end, depth, marks)
                if stop < 0:
                    break
                gone += less
            elif length & 1 or stop > end:
                # That of undefined length too.
                break
            elif kind in (TEXT, LONG_TEXT):
                # Without a value these are bytes of its length.
                if data[stop - 1] == 0x20 and data[stop - 2] == 0x20:
                    break
            elif kind == UID and not _is_uid(data, content, stop):
                break
            at = stop
            last = tag
        return at, last, gone

    def _sequence(
        self, data: bytes, content: i64, length: i64, end: i64, depth: i64, marks: list[int]
    ) -> tuple[i64, i64]:
        """Where a sequence ends, -1 where the reader has to look at it; and how many bytes of it go."""
        slot = len(marks)
        if depth <= 0 or slot > _MOST_MARKS:
            return -1, 0
        marks.append(0)
        if length == UNDEFINED:
            at, gone = self._items(data, content, end, depth - 1, marks)
            return self._delimited(data, content, at, gone, end, _SEQUENCE_END, slot, marks)
        stop = content + length
        if stop > end or not self._measures:
            return _given_up(marks, slot)
        at, gone = self._items(data, content, stop, depth - 1, marks)
        return _measured(content, at, gone, slot, marks) if at == stop else _given_up(marks, slot)

    def _items(self, data: bytes, at: i64, end: i64, depth: i64, marks: list[int]) -> tuple[i64, i64]:
        """Where the items end that are right and complete, and how many bytes of them go."""
        big = self._big
        gone: i64 = 0
        while at + 8 <= end and self._nests:
            if _short(data, at, big) != _DELIMITERS or _short(data, at + 2, big) != _ITEM:
                break
            stop, less = self._item(data, at + 8, _long(data, at + 4, big), end, depth, marks)
            if stop < 0:
                break
            at = stop
            gone += less
        return at, gone

    def _item(self, data: bytes, content: i64, length: i64, end: i64, depth: i64, marks: list[int]) -> tuple[i64, i64]:
        """As for a sequence."""
        slot = len(marks)
        if slot > _MOST_MARKS:
            return -1, 0
        marks.append(0)
        if length == UNDEFINED:
            at, _, gone = self._elements(data, content, end, _NO_ELEMENTS, _BEHIND_ALL, depth, 0, marks)
            return self._delimited(data, content, at, gone, end, _ITEM_END, slot, marks)
        stop = content + length
        if stop > end or not self._measures:
            return _given_up(marks, slot)
        at, _, gone = self._elements(data, content, stop, _NO_ELEMENTS, _BEHIND_ALL, depth, 0, marks)
        return _measured(content, at, gone, slot, marks) if at == stop else _given_up(marks, slot)

    def _delimited(
        self, data: bytes, content: i64, at: i64, gone: i64, end: i64, delimiter: i64, slot: int, marks: list[int]
    ) -> tuple[i64, i64]:
        """The end of what has an undefined length and is right up to ``at``: a delimiter, which goes for a length."""
        big = self._big
        if at + 8 > end or _short(data, at, big) != _DELIMITERS or _short(data, at + 2, big) != delimiter:
            return _given_up(marks, slot)
        if _long(data, at + 4, big):
            return _given_up(marks, slot)
        if not self._measures:
            marks.pop()
            return at + 8, 0
        _set(marks, slot, content - 4, at - content - gone)
        marks.append(at << 32 | UNDEFINED)
        return at + 8, gone + 8


def _measured(content: i64, at: i64, gone: i64, slot: int, marks: list[int]) -> tuple[i64, i64]:
    """The end of what has a length, and is right."""
    if gone:
        _set(marks, slot, content - 4, at - content - gone)
    else:
        marks.pop()
    return at, gone


def _set(marks: list[int], slot: int, at: i64, length: i64) -> None:
    marks[slot] = at << 32 | length


def _given_up(marks: list[int], slot: int) -> tuple[i64, i64]:
    del marks[slot:]
    return -1, 0


def _short(data: bytes, at: i64, big: i64) -> i64:
    """Two bytes; ``big`` is 1 where the higher one comes first."""
    low: i64 = data[at + big]
    high: i64 = data[at + 1 - big]
    return high << 8 | low


def _long(data: bytes, at: i64, big: i64) -> i64:
    """Four bytes."""
    return _short(data, at + 2 - 2 * big, big) << 16 | _short(data, at + 2 * big, big)


def _class_of(tags: bytes, group: i64, number: i64) -> i64:
    """What the table of tags says of one."""
    row: i64 = tags[group]
    if not row:
        return 0
    leaf = _short(tags, GROUPS + (row - 1) * ROW + (number >> 8) * 2, 0)
    if not leaf:
        return 0
    return tags[leaf * LEAF + (number & 0xFF)]


def _class_of_vr(vrs: bytes, data: bytes, at: i64) -> i64:
    """What the table of VRs says of two letters."""
    first: i64 = data[at]
    second: i64 = data[at + 1]
    if not (0x41 <= first <= 0x5A and 0x41 <= second <= 0x5A):
        return 0
    return vrs[(first - 0x41) * LETTERS + second - 0x41]


def _is_uid(data: bytes, start: i64, end: i64) -> bool:
    """Whether no byte of it has to go."""
    if start < end and not data[end - 1] and not data[end - 2]:
        return False
    while start < end:
        byte: i64 = data[start]
        if byte == 0x20 or 0x09 <= byte <= 0x0D:
            return False
        start += 1
    return True
