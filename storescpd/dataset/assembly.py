"""Puts the data set together: lengths of groups, items and sequences, and the order of elements.

The reader says what begins and ends; at each of these moments everything before has been written, so that the position
of the writer is the offset of what comes next.
"""

from storescpd.dataset.encoding import Encoding, GroupLength, SequenceLength
from storescpd.dataset.errors import ConversionError, DataSetError, Fault
from storescpd.dataset.forms import MAX_LONG, UNDEFINED, Form
from storescpd.dataset.index import elements_of
from storescpd.dataset.levels import DUPLICATE, ENDLESS, Elements, Level, Sequence
from storescpd.dataset.ordering import Element, Rearrangement, in_order
from storescpd.dataset.padding import padding_element
from storescpd.dataset.rules import RuleTable
from storescpd.dataset.writer import HOLD, Writer

_NEVER = 1 << 33
"""A tag greater than any."""
_GROUP_LENGTH_SIZE = 12
"""Bytes of a group length element in every form."""
_INDEX_LIMIT = 250_000
"""Elements of one data set whose offsets are remembered at a time, all levels together: each costs a hundred bytes, and
more are there than the standard defines many times over."""

_WARNINGS = 20

_Mark = tuple[Level, int, int, tuple[int, int] | None]
"""A level, the range of its elements that is not indexed yet, and tag and offset of the element open behind it."""


class Assembly:
    """The output of one data set."""

    def __init__(self, table: RuleTable, encoding: Encoding) -> None:
        self.writer = Writer()
        self.form: Form = table.target
        self.sequence: Sequence | None = None
        """The open sequence whose next item is awaited."""
        self.depth = 0
        self.warnings: list[str] = []
        self.rearranged = Rearrangement()
        self._remembered = 0
        """Elements that the levels which are open remember."""
        self._encoding = encoding
        self.explicit_lengths = encoding.sequence_length is SequenceLength.EXPLICIT
        self._creates_groups = encoding.group_length is GroupLength.CREATE
        self._group_end = 0 if self._creates_groups else _NEVER
        self._pack_length_into = self.form.long.pack_into
        self._item_padding = encoding.padding[1]
        self._history: tuple[int, bytearray, list[_Mark]] | None = None
        self.level = Level(table, None, ENDLESS, 0, UNDEFINED, self._group_end)
        """The innermost level that is open."""

    def warn(self, text: str, tag: int) -> None:
        """Note what is not as it should be; of an object full of it the first few are enough."""
        if len(self.warnings) < _WARNINGS:
            self.warnings.append(f"({tag >> 16:04x},{tag & 0xFFFF:04x}) {text}")

    # Elements

    def place(self, tag: int) -> None:
        """An element begins that is not simply the next one of its group."""
        level = self.level
        if level.unordered is None and tag <= level.last:
            self._begin_unordered(tag)
        if level.unordered is not None:
            self._place_unordered(level.unordered, tag)
            return
        if tag >= level.group_end:
            self._end_group()
            if self._creates_groups:
                self.write_group_length(tag)
                self.begin_group(tag, 0)
        level.last = tag

    def place_unwanted(self) -> None:
        """A sequence begins that will be taken back."""
        elements = self.level.unordered
        if elements is not None:
            elements.add(DUPLICATE, self.writer.position)
            self._remember(1, self.level.start, DUPLICATE)

    def drops(self) -> bool:
        """Whether the element placed last will not stay: it, or what contains it, came before or is not wanted."""
        level = self.level
        while level.unordered is None or not level.unordered.ends_with_duplicate:
            sequence = level.sequence
            if sequence is None or sequence.discarded:
                return sequence is not None
            level = sequence.parent
        return True

    def begin_group(self, tag: int, written: int) -> None:
        """The content of a group follows whose length was just written as ``written`` (-1: as something else)."""
        level = self.level
        if level.unordered is None:
            level.group_start = self.writer.position
            level.group_length = written
            level.group_end = ((tag >> 16) + 1) << 16

    def write_group_length(self, tag: int) -> None:
        """Write the group length element of the group of ``tag``, to be filled in later."""
        form = self.form
        header = form.tag_bytes(tag & 0xFFFF0000)
        length = b"UL" + form.short.pack(4) if form.explicit else form.long.pack(4)
        self.writer.held += header + length + bytes(4)

    def _end_group(self) -> None:
        level = self.level
        if level.group_start:
            length = self._length(level.group_start)
            if length != level.group_length:
                self._set_group_length(level.group_start - _GROUP_LENGTH_SIZE, length)
        level.group_start = 0
        level.group_end = _NEVER

    def _set_group_length(self, element: int, length: int) -> None:
        """Fill in the length of a group; one that cannot be said is left out (storescp facts 6.3)."""
        value = element + _GROUP_LENGTH_SIZE - 4
        if length <= UNDEFINED:
            self.writer.patch(value, self.form.long.pack(length))
        else:
            self.warn("group too long for a group length element", self.level.last)
            self.rearranged.replace(element, element + _GROUP_LENGTH_SIZE, [])

    # Sequences and items

    def open_sequence(self, tag: int, table: RuleTable, end: int, element: int, length: int) -> Sequence:
        """A sequence begins; its header was just written with ``length``, from offset ``element`` on."""
        writer = self.writer
        self.depth += 1
        start = writer.base + len(writer.held)
        sequence = self.sequence = Sequence(tag, self.level, table, end, element, start, length)
        return sequence

    def open_item(self, sequence: Sequence, end: int, length: int) -> None:
        """An item begins; its header was just written with ``length``."""
        writer = self.writer
        self.sequence = None
        start = writer.base + len(writer.held)
        self.level = Level(sequence.table, sequence, end, start, length, self._group_end)

    def close_item(self) -> None:
        """The innermost item ends."""
        level = self.level
        sequence = level.sequence
        if sequence is None:
            raise RuntimeError("the data set is no item")
        if level.group_start or level.unordered is not None:
            self.finish_level()
        if level.indexed is not None:
            self._forget(level)
        if self._item_padding:
            self.pad(self._length(level.start), self._item_padding)
        self._settle_length(level.start, level.written_length, self.form.item_delimiter)
        self.sequence = sequence
        self.level = sequence.parent

    def pad(self, length: int, multiple: int) -> None:
        """Write padding behind ``length`` bytes that are to become a multiple.

        Raises ``ConversionError`` where the object would become larger than is allowed.
        """
        writer = self.writer
        header, zeros = padding_element(self.form, length, multiple)
        self.check_size(writer.position + len(header) + zeros)
        writer.held += header
        if zeros <= HOLD:
            writer.held += bytes(zeros)
        else:
            self.release()
            writer.forward_zeros(zeros)

    def check_size(self, size: int) -> None:
        """Raise ``ConversionError`` where a data set of ``size`` bytes is larger than is allowed."""
        limit = self._encoding.limits.object_size
        if limit and size > limit:
            raise ConversionError(f"the data set grows beyond {limit} bytes", Fault.TOO_LARGE)

    def close_sequence(self, sequence: Sequence) -> None:
        """The sequence ends whose next item was awaited."""
        if sequence.discarded:
            self._discard(sequence)
        elif sequence.fragments:
            self.writer.held += self.form.sequence_delimiter
        else:
            self._settle_length(sequence.start, sequence.written_length, self.form.sequence_delimiter)
        if sequence.element < self.writer.base:
            sequence.parent.scanned = self.writer.position
        self.depth -= 1
        self.sequence = None

    def _discard(self, sequence: Sequence) -> None:
        """Take back what was written of a sequence that stands where none may stand."""
        writer, start = self.writer, sequence.element
        if start >= writer.base:
            del writer.held[start - writer.base :]
        else:
            self.rearranged.replace(start, writer.position, [])
        if sequence.tag & 0xFFFF == 0 and self._encoding.group_length is GroupLength.RECALCULATE:
            self.write_group_length(sequence.tag)
            self.begin_group(sequence.tag, 0)

    def _settle_length(self, start: int, written: int, delimiter: bytes) -> None:
        """What has its content from ``start`` to here ends: it gets its length, or its delimiter."""
        writer = self.writer
        held = writer.held
        length = writer.base + len(held) - start
        if self.rearranged.ranges:
            length = self._length(start)
        if not self.explicit_lengths or length > MAX_LONG:
            held += delimiter
            length = UNDEFINED
        if length != written:
            at = start - 4 - writer.base
            if at >= 0:
                self._pack_length_into(held, at, length)
            else:
                writer.patch(start - 4, self.form.long.pack(length))

    def _length(self, start: int) -> int:
        """Bytes from ``start`` to here that remain."""
        writer = self.writer
        length = writer.base + len(writer.held) - start
        if self.rearranged.ranges:
            length -= self.rearranged.lost(start, writer.position)
        return length

    # Order

    def finish_level(self) -> None:
        """All elements of the innermost level are there."""
        level = self.level
        if level.unordered is None:
            self._end_group()
            return
        chosen = in_order(level.unordered, self.writer.position)
        if self._encoding.group_length is not GroupLength.REMOVE:
            self._measure_groups(chosen)
        writer = self.writer
        if level.start >= writer.base:
            base, held = writer.base, writer.held
            parts = [held[element.start - base : element.end - base] for element in chosen]
            held[level.start - base :] = b"".join(parts)
        else:
            self.rearranged.replace(level.start, writer.position, [(element.start, element.end) for element in chosen])
        self._remember(-len(level.unordered.tags), level.start, None)

    def _remember(self, count: int, start: int, tag: int | None) -> None:
        """So many elements more, or fewer, are remembered."""
        self._remembered += count
        if self._remembered + self.rearranged.size > _INDEX_LIMIT:
            raise DataSetError(start, tag, "too many elements out of order", Fault.DISORDER)

    def _forget(self, level: Level) -> None:
        """Of a level that is, or has to stay, in order nothing need be remembered."""
        if level.indexed is not None:
            self._remembered -= len(level.indexed.tags)
            level.indexed = None

    def _measure_groups(self, chosen: list[Element]) -> None:
        """Fill in the group lengths of a level by the elements that it keeps."""
        group_length: Element | None = None
        total = 0
        for element in (*chosen, None):
            if group_length is not None and (element is None or element.tag >> 16 != group_length.tag >> 16):
                self._set_group_length(group_length.end - _GROUP_LENGTH_SIZE, total)
                group_length = None
            if element is None:
                return
            size = element.end - element.start
            if self.rearranged.ranges:
                size -= self.rearranged.lost(element.start, element.end)
            if element.tag & 0xFFFF == 0 and size == _GROUP_LENGTH_SIZE:
                group_length, total = element, 0
            else:
                total += size

    def _begin_unordered(self, tag: int) -> None:
        """From here on every element of the level is noted, and those before are looked for."""
        level = self.level
        self.warn("out of order", tag)
        self._index_history()
        if level.forgotten:
            raise DataSetError(level.start, tag, "too many elements out of order", Fault.DISORDER)
        elements = level.indexed or Elements()
        base, before = self.writer.base, len(elements.tags)
        self._scan(base, self.writer.held, max(level.scanned, base), self.writer.position, elements)
        self._remember(len(elements.tags) - before, level.start, tag)
        elements.know()
        level.unordered = elements
        level.indexed = None
        level.last = _NEVER
        level.group_start = 0
        level.group_end = _NEVER

    def _place_unordered(self, elements: Elements, tag: int) -> None:
        before = len(elements.tags)
        if self._creates_groups and elements.add_first(tag & 0xFFFF0000, self.writer.position):
            self.write_group_length(tag)
        if not elements.add_first(tag, self.writer.position):
            self.warn("found twice, the first one kept", tag)
        self._remember(len(elements.tags) - before, self.level.start, tag)

    # Handing out

    def release(self, streaming: tuple[int, int] | None = None) -> None:
        """Hand out what is held; ``streaming``: tag and offset of the element that goes on behind it.

        Where elements begin is remembered, as it may turn out that some come in no order: not now, which would cost
        each large object something, but when more is handed out.
        """
        self._index_history()
        writer = self.writer
        base, position = writer.base, writer.position
        child = streaming
        if self.sequence is not None:
            child = self.sequence.indexed_as, self.sequence.element
        marks: list[_Mark] = []
        level = self.level
        while True:
            if level.unordered is None and (child is None or child[1] >= base):
                marks.append((level, max(level.scanned, base), position if child is None else child[1], child))
            if level.sequence is None:
                break
            child = level.sequence.indexed_as, level.sequence.element
            level = level.sequence.parent
        self._history = base, writer.release(), marks

    def _index_history(self) -> None:
        if self._history is None:
            return
        base, data, marks = self._history
        self._history = None
        for level, start, end, child in marks:
            if level.forgotten:
                continue
            elements = level.indexed = level.indexed or Elements()
            before = len(elements.tags)
            self._scan(base, data, start, end, elements)
            level.scanned = max(level.scanned, end)
            if child is not None:
                elements.add(*child)
            self._remembered += len(elements.tags) - before
            if self._remembered + self.rearranged.size > _INDEX_LIMIT:
                self._forget(level)
                level.forgotten = True

    def _scan(self, base: int, data: bytearray, start: int, end: int, elements: Elements) -> None:
        elements_of(data, start - base, end - base, self.form, lambda tag, at: elements.add(tag, at + base))
