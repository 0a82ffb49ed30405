"""Large values: they pass while they arrive, one at a time, and what stands before them is handed out."""

from collections.abc import Sequence
from itertools import islice

from storescpd.dataset.assembly import Assembly
from storescpd.dataset.cursor import Cursor
from storescpd.dataset.rules import Rule, Special
from storescpd.dataset.streams import PlainStream, SkippedStream, Stream, StrippedStream, SwappedStream
from storescpd.dataset.values import STRIPPED, WHITE_SPACE
from storescpd.dataset.vr import Kind
from storescpd.dataset.writer import HOLD

LARGE = 64 * 1024
"""A value above it is not waited for."""
LARGE_TEXT = 1 << 20
"""The same for text, whose end has to be seen before its length is known."""
_LARGE_SPECIAL = 64 * 1024
"""The same for values that something depends on; what is larger says nothing."""


def is_large(rule: Rule, length: int) -> bool:
    """Whether a value is too large to wait for its end."""
    if rule.special not in {Special.NONE, Special.PIXEL_DATA}:
        return length > _LARGE_SPECIAL
    return length > (LARGE_TEXT if rule.vr.kind in STRIPPED else LARGE)


class LargeValues:
    """Knows the value that is on its way, if there is one."""

    __slots__ = ("_assembly", "_cursor", "_gathers", "_length_field", "_released", "stream")

    def __init__(self, cursor: Cursor, assembly: Assembly, *, gathers: bool) -> None:
        self.stream: Stream | None = None
        self._cursor = cursor
        self._assembly = assembly
        self._gathers = gathers  # a value is held with all before it as long as there is room
        self._released = False  # all before the value has been handed out
        self._length_field = b""  # of a value whose length is known at its end

    def skip(self, length: int) -> None:
        """A value comes that is not written."""
        self.stream = SkippedStream(length)

    def begin_fragment(self, length: int) -> None:
        """A fragment comes whose header has been written."""
        self.stream = PlainStream(self._cursor.writer, length, mend=bool(length & 1))
        self._make_way(length)

    def begin(self, rule: Rule, length: int, element: int) -> None:
        """A value comes whose element starts at offset ``element``; its header has been written for ``length``."""
        writer = self._cursor.writer
        mend = bool(length & 1) and rule.vr.mend_odd
        swap = rule.swap_for(length)
        kind = rule.vr.kind
        if kind in STRIPPED:
            self._length_field = rule.length_field(length + mend)
            pad, delete = (b" ", b"") if kind is Kind.TEXT else (b"\0", WHITE_SPACE)
            self.stream = StrippedStream(writer, length, pad=pad, delete=delete)
        elif swap > 1:
            self.stream = SwappedStream(writer, length, swap, mend=mend)
        else:
            self.stream = PlainStream(writer, length, mend=mend)
        self._make_way(length, (rule.tag, element))

    def pass_on(self, stream: Stream, fragment: memoryview) -> memoryview:
        """Give the stream its part of the fragment, return the rest."""
        before = stream.remaining
        rest = stream.take(fragment)
        self._cursor.origin += before - stream.remaining
        if not stream.remaining:
            self._end(stream)
        return rest

    def pass_run(self, fragments: Sequence[memoryview], number: int) -> int:
        """Hand out the fragments from ``number`` on that lie within a value as it is; returns the first that does not.

        Nearly every byte goes this way: nothing is done for it but to be counted.
        """
        stream, writer = self.stream, self._cursor.writer
        if not isinstance(stream, PlainStream) or writer.gathers:
            return number
        left = stream.remaining
        end = number
        for fragment in islice(fragments, number, None):
            length = len(fragment)
            if length >= left:
                break
            left -= length
            end += 1
        passed = stream.remaining - left
        if passed:
            writer.forward_all(fragments[number:end], passed)
            stream.remaining = left
            self._cursor.origin += passed
        return end

    def holds(self, length: int) -> bool:
        """Whether the next ``length`` bytes all belong to a value."""
        stream = self.stream
        return stream is not None and stream.remaining >= length

    def _make_way(self, length: int, element: tuple[int, int] | None = None) -> None:
        """Hand out what stands before the value, unless it is to be held with it."""
        writer = self._cursor.writer
        writer.gathers = self._gathers and len(writer.held) + length <= HOLD
        self._released = not writer.gathers
        if self._released:
            self._assembly.release(element)

    def _end(self, stream: Stream) -> None:
        assembly, writer = self._assembly, self._cursor.writer
        self.stream = None
        if isinstance(stream, StrippedStream):
            length = stream.written.to_bytes(len(self._length_field), assembly.form.byte_order)
            if length != self._length_field:
                writer.patch(stream.start - len(length), length)
        if self._released and assembly.sequence is None:
            assembly.level.scanned = writer.position
        self._released = writer.gathers = False
