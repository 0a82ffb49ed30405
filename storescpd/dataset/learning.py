"""Makes patterns: reads a piece of a data set once more, without any short cut, and notes what decides nothing."""

from dataclasses import dataclass, replace

from storescpd.dataset.assembly import Assembly
from storescpd.dataset.cursor import Cursor
from storescpd.dataset.dictionary import Dictionary
from storescpd.dataset.elements import Elements
from storescpd.dataset.encoding import Encoding, GroupLength
from storescpd.dataset.errors import ConversionError, DataSetError
from storescpd.dataset.expressions import Span, pattern
from storescpd.dataset.forms import IMPLICIT, UNDEFINED, Form
from storescpd.dataset.large import LargeValues
from storescpd.dataset.levels import ENDLESS
from storescpd.dataset.patterns import Pattern, Patterns
from storescpd.dataset.reader import Reader
from storescpd.dataset.rules import Fast, Rule, RuleTable, Special, rule_table
from storescpd.dataset.values import STRIPPED
from storescpd.dataset.vr import Kind

_DECISIVE = frozenset(
    {
        Special.CREATOR,
        Special.PIXEL_REPRESENTATION,
        Special.WAVEFORM_BITS,
        Special.GROUP_LENGTH,
        Special.PADDING,
    }
)
"""Elements whose values decide how others are written, or which are not written."""
_LOOKED_AT = 4
"""Bytes at the start of a private value: they may make it a sequence."""
_SHORT = 64
"""Bytes of a text whose length may differ from one object of a structure to the next."""
_LEAST = 64
"""Bytes; to recognise less takes as long as to read it."""


class _ItemEnd(Exception):  # noqa: N818
    """The item that was to be read is complete."""


class _HeadEnd(Exception):  # noqa: N818
    """The element that was marked last does not belong to the beginning of a data set."""


@dataclass(frozen=True, slots=True)
class _Mark:
    """What is known where an element of the data set itself begins."""

    at: int
    position: int
    last: int
    signed: bool | None
    creators: tuple[tuple[int, str], ...]


class _Slowly(RuleTable):
    """Has every element looked at."""

    def _fast(self, _: Rule) -> Fast:
        return Fast.NEVER


class _OneItem(Assembly):
    """Stops the reading at the end of the first item that is within no other."""

    def close_item(self) -> None:
        super().close_item()
        if self.sequence is not None and self.sequence.tag == UNDEFINED:
            raise _ItemEnd


class _Recorder(Elements):
    """Notes what is read."""

    def __init__(
        self, cursor: Cursor, assembly: Assembly, encoding: Encoding, large: LargeValues, implicit: RuleTable
    ) -> None:
        super().__init__(cursor, assembly, encoding, large, implicit, encapsulated=False, keeps_pixel_data=False)
        self.spans: list[Span] = []
        self.fixed: list[tuple[int, bytes]] = []
        """What identifies the object and is not written as it is read: tag and value."""
        self.mark = _Mark(0, 0, -1, None, ())
        self.depth = 0
        self.measured = False
        """The length of a group of the data set itself is written."""

    def element(self, at: int, key: bytes, tag: int, length: int, rule: Rule) -> int:
        if self._assembly.level.sequence is None:
            self.note_state(at)
            self.measured = self.measured or rule.special is Special.GROUP_LENGTH
            if rule.special is Special.PIXEL_DATA:
                # What may come now depends on the transfer syntax.
                raise _HeadEnd
        return super().element(at, key, tag, length, rule)

    def note_state(self, at: int) -> None:
        """Between two elements of the data set itself."""
        cursor, level = self._cursor, self._assembly.level
        creators = tuple((level.creators or {}).items())
        self.mark = _Mark(at, cursor.writer.position + at - cursor.run, level.last, level.signed, creators)

    def _whole_value(self, at: int, content: int, end: int, rule: Rule) -> int:
        following = super()._whole_value(at, content, end, rule)
        cursor = self._cursor
        if cursor.run <= at and rule.special not in _DECISIVE:
            self.spans.append(self._span(content, end, cursor.writer.position - cursor.run, rule))
        elif rule.special is Special.IDENTITY and self._identifies(rule):
            self.fixed.append((rule.tag, cursor.data[content:end]))
        return following

    def _identifies(self, rule: Rule) -> bool:
        return self._assembly.level.sequence is None and rule.vr.kind in STRIPPED

    def _span(self, start: int, end: int, shift: int, rule: Rule) -> Span:
        level, kind = self._assembly.level, rule.vr.kind
        span = Span(start, end, shift, rule.tag, kind)
        if rule.special is Special.PRIVATE:
            return replace(span, start=min(start + _LOOKED_AT, end))
        if level.sequence is not None:
            return span
        varies = kind is not Kind.BINARY and not rule.long_in and end - start <= _SHORT
        field = (2 if level.table.source.explicit else 4) if varies else 0
        return replace(span, field=field, identifies=rule.special is Special.IDENTITY and self._identifies(rule))

    def _large_value(self, *_: object) -> int:
        raise _HeadEnd

    def _skip(self, at: int, content: int, end: int) -> int:
        if end > len(self._cursor.data):
            raise _HeadEnd
        return super()._skip(at, content, end)

    def _open_sequence(self, at: int, content: int, rule: Rule, length: int) -> int:
        following = super()._open_sequence(at, content, rule, length)
        self.depth = max(self.depth, self._assembly.depth)
        return following


class _Lesson:
    """One reading of a piece of a data set."""

    def __init__(self, table: RuleTable, implicit: RuleTable, encoding: Encoding) -> None:
        self._table = table
        self._encoding = encoding
        self._assembly = assembly = _OneItem(table, encoding)
        self._cursor = Cursor(assembly.writer)
        large = LargeValues(self._cursor, assembly, gathers=False)
        self._recorder = _Recorder(self._cursor, assembly, encoding, large, implicit)
        self._reader = Reader(assembly, self._cursor, large, self._recorder, encoding.limits.nesting, None)

    def item(self, data: bytes) -> Pattern | None:
        """The pattern of the item that ``data`` begins with, if all of it is there and nothing about it is odd."""
        self._assembly.open_sequence(UNDEFINED, self._table, ENDLESS, 0, UNDEFINED)
        try:
            self._reader.read(memoryview(data))
        except _ItemEnd:
            return self._pattern(data[: self._cursor.run], len(self._assembly.writer.held), depth=1)
        except (_HeadEnd, DataSetError, ConversionError):
            pass
        return None

    def head(self, data: bytes) -> Pattern | None:
        """The pattern of the elements that ``data`` begins with: the complete ones, up to the pixel data."""
        try:
            self._reader.read(memoryview(data))
        except _HeadEnd:
            self._cursor.settle(self._recorder.mark.at)
        except (_ItemEnd, DataSetError, ConversionError):
            return None
        else:
            if self._assembly.sequence is None and self._assembly.level.sequence is None:
                self._recorder.note_state(self._cursor.run)
        mark = self._recorder.mark
        if self._recorder.measured or self._encoding.group_length is GroupLength.CREATE:
            return None
        made = self._pattern(data[: mark.at], mark.position, depth=0)
        fixed = tuple(self._recorder.fixed)
        return made and replace(made, last=mark.last, signed=mark.signed, creators=mark.creators, fixed=fixed)

    def _pattern(self, read: bytes, length: int, depth: int) -> Pattern | None:
        assembly = self._assembly
        if assembly.warnings or assembly.rearranged.ranges or len(read) < _LEAST:
            return None
        spans = [span for span in self._recorder.spans if span.end <= len(read)]
        made = pattern(read, bytes(assembly.writer.held[:length]), spans, self._table.source)
        return made and replace(made, depth=max(self._recorder.depth - depth, 0))


def learning_table(source: Form, target: Form, encoding: Encoding, dictionary: Dictionary) -> RuleTable:
    """The table of a pair of forms, with what is learned; where all is rewritten, nothing is."""
    table = rule_table(source, target, encoding, dictionary)
    if table.patterns is None and source is target:
        slow = _Slowly(source, target, encoding, dictionary)
        implicit = _Slowly(IMPLICIT, target, encoding, dictionary)
        table.patterns = Patterns(
            lambda data: _Lesson(slow, implicit, encoding).item(data),
            lambda data: _Lesson(slow, implicit, encoding).head(data),
        )
    return table
