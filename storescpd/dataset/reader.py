"""Reads a data set as it arrives and has it written as storescp would."""

from storescpd.dataset.assembly import Assembly
from storescpd.dataset.cursor import MORE, Cursor
from storescpd.dataset.elements import Elements
from storescpd.dataset.errors import Fault
from storescpd.dataset.forms import SEQUENCE_DELIMITER, UNDEFINED
from storescpd.dataset.large import LargeValues
from storescpd.dataset.levels import ENDLESS, Level, Sequence
from storescpd.dataset.rules import Fast
from storescpd.dataset.values import canonical
from storescpd.dataset.writer import HOLD

# Plain numbers, because the hot loop compares with them.
_REWRITTEN, _SEQUENCE, _ITEM_END = map(int, (Fast.REWRITTEN, Fast.SEQUENCE, Fast.ITEM_END))


class Reader:
    """Feed it with ``read``; ``assembly`` has what it makes of the data."""

    def __init__(
        self,
        assembly: Assembly,
        cursor: Cursor,
        large: LargeValues,
        elements: Elements,
        nesting: int,
    ) -> None:
        self._large = large
        self._nesting = nesting
        self._assembly = assembly
        self._cursor = cursor
        self._elements = elements
        self._kept: list[bytes] = []

    def read(self, fragment: memoryview) -> None:
        """Read on. Raises ``DataSetError`` and ``ConversionError``."""
        cursor, large = self._cursor, self._large
        while fragment:
            if large.stream is not None:
                fragment = large.pass_on(large.stream, fragment)
                continue
            if len(fragment) < cursor.missing:
                self._kept.append(bytes(fragment))
                cursor.missing -= len(fragment)
                return
            cursor.missing = 0
            data = b"".join((*self._kept, fragment)) if self._kept else bytes(fragment)
            at = self._walk(data)
            cursor.origin += at
            # Taken anew: a large value may have begun.
            stream = self._large.stream
            self._kept = [data[at:]] if at < len(data) and stream is None else []
            if stream is None:
                return
            fragment = memoryview(data)[at:]

    def finish(self) -> None:
        """The data has ended. Raises ``DataSetError`` where it must not."""
        cursor = self._cursor
        if self._large.stream is not None:
            raise cursor.error(0, None, "data set ends within a value", Fault.CUT_SHORT)
        kept = b"".join(self._kept)
        if kept:
            self._drop_incomplete_header(kept)
        self._close_incomplete()
        self._assembly.finish_level()

    def _drop_incomplete_header(self, kept: bytes) -> None:
        """Less than a header behind the last element is no element (storescp drops it too)."""
        cursor, assembly = self._cursor, self._assembly
        table = assembly.level.table
        if assembly.sequence is None and len(kept) >= 8:
            tag, _fast, rule = table[table.source.header.unpack_from(kept)[0]]
            if not rule.long_in or len(kept) >= 12:
                raise cursor.error(0, tag, "data set ends within a value", Fault.CUT_SHORT)
        assembly.warn(f"is followed by {len(kept)} bytes that are no element", max(0, assembly.level.last) & UNDEFINED)

    def _close_incomplete(self) -> None:
        """What is open may end with the data when no sequence had more to come."""
        assembly, cursor = self._assembly, self._cursor
        while (sequence := assembly.sequence or assembly.level.sequence) is not None:
            if assembly.sequence is None:
                assembly.close_item()
            elif cursor.origin >= sequence.end:
                assembly.close_sequence(sequence)
            else:
                raise cursor.error(0, sequence.tag, "data set ends within a sequence", Fault.CUT_SHORT)

    def _walk(self, data: bytes) -> int:
        """Read all that is complete in ``data``; returns how much that is."""
        cursor, assembly, large = self._cursor, self._assembly, self._large
        cursor.data = data
        at = cursor.run = 0
        while not cursor.missing and large.stream is None:
            sequence = assembly.sequence
            at = self._read_elements(data, at) if sequence is None else self._read_items(data, at, sequence)
        cursor.settle(at)
        if len(assembly.writer.held) > HOLD and large.stream is None:
            assembly.release()
        return at

    def _read_elements(self, data: bytes, at: int) -> int:  # noqa: C901, PLR0912, PLR0915
        """Read elements, level after level, until data is missing, a large value begins or an item is awaited.

        What the scanner leaves over, and all of a data set that is written in another form, goes through this loop. So
        it is one function, it works on local variables, and it calls another one only where something begins or ends,
        or is not simply written anew.
        """
        cursor, assembly, large, element = self._cursor, self._assembly, self._large, self._elements.element
        writer = cursor.writer
        nesting, explicit_lengths = self._nesting, assembly.explicit_lengths
        size = len(data)
        while True:
            level = assembly.level
            table = level.table
            source = table.source
            explicit, unpack, unpack_long = source.explicit, source.header.unpack_from, source.long.unpack_from
            bound = min(size, level.end - cursor.origin)
            final = bound - 8
            at = self._pass_elements(data, at, bound, level)
            last, group_end = level.last, level.group_end
            while at <= final:
                key, length = unpack(data, at)
                tag, fast, rule = table[key]
                if last < tag < group_end:
                    if fast == _REWRITTEN and at + 12 <= bound:
                        content = at + 8
                        if rule.long_in:
                            (length,) = unpack_long(data, content)
                            content += 4
                        end = content + length
                        if end <= bound and not length & 1:
                            if cursor.run < at:
                                writer.held += data[cursor.run : at]
                            value = canonical(data[content:end], rule.vr, rule.swap_for(length))
                            writer.held += rule.header_for(len(value))
                            writer.held += value
                            at, last = end, tag
                            cursor.run = end
                            continue
                    elif fast == _SEQUENCE and at + 12 <= bound and assembly.depth < nesting:
                        content = at + 8
                        reserved = 0
                        if explicit:
                            reserved = length
                            (length,) = unpack_long(data, content)
                            content += 4
                        undefined = length == UNDEFINED
                        end = ENDLESS if undefined else cursor.origin + content + length
                        if not reserved and (undefined or (explicit_lengths and end <= level.end)):
                            level.last = tag
                            writer.held += data[cursor.run : content]
                            cursor.run = content
                            start = writer.base + len(writer.held) - content + at
                            sequence = assembly.open_sequence(tag, table, end, start, length)
                            at = self._read_items(data, content, sequence)
                            break
                    elif fast == _ITEM_END and level.sequence is not None:
                        writer.held += data[cursor.run : at]
                        at = cursor.run = at + 8
                        assembly.close_item()
                        at = self._read_items(data, at, level.sequence)
                        break
                level.last = last
                following = element(at, key, tag, length, rule)
                if following == MORE:
                    return at
                at = following
                if large.stream is not None or assembly.sequence is not None:
                    return at
                at = self._pass_elements(data, at, bound, level)
                last, group_end = level.last, level.group_end
            else:
                level.last = last
                at = self._level_end(data, at)
            if cursor.missing or large.stream is not None or assembly.sequence is not None:
                return at

    def _pass_elements(self, data: bytes, at: int, bound: int, level: Level) -> int:
        """Pass by what the scanner knows; returns where that ends."""
        scanner, assembly = level.table.scanner, self._assembly
        if scanner is None or level.unordered is not None:
            return at
        depth, top = self._nesting - assembly.depth, level.sequence is None
        end, level.last, marks = scanner.elements(data, at, bound, level.last, level.group_end, depth, top=top)
        if marks:
            self._cursor.settle_marked(marks, assembly.form.long)
        return end

    def _pass_items(self, data: bytes, at: int, sequence: Sequence) -> int:
        """The same of items."""
        scanner, cursor, assembly = sequence.table.scanner, self._cursor, self._assembly
        if scanner is None or sequence.fragments:
            return at
        bound = min(len(data), sequence.end - cursor.origin)
        end, _, marks = scanner.items(data, at, bound, self._nesting - assembly.depth)
        if marks:
            cursor.settle_marked(marks, assembly.form.long)
        return end

    def _level_end(self, data: bytes, at: int) -> int:
        """There is no room for another header in the data at hand, or in the item."""
        cursor, level = self._cursor, self._assembly.level
        if level.end <= cursor.origin + at:
            cursor.settle(at)
            self._assembly.close_item()
        elif len(data) < at + 8:
            cursor.missing = at + 8 - len(data)
        else:
            return self._read_beyond(data, at, level)
        return at

    def _read_beyond(self, data: bytes, at: int, level: Level) -> int:
        """Read the element whose header goes beyond the end of its item: it belongs to it nevertheless."""
        key, length = level.table.source.header.unpack_from(data, at)
        tag, _, rule = level.table[key]
        following = self._elements.element(at, key, tag, length, rule)
        return at if following == MORE else following

    def _read_items(self, data: bytes, at: int, sequence: Sequence) -> int:
        """Read the header of the next item, or the end of the sequence; fragments are read as a whole."""
        cursor, assembly = self._cursor, self._assembly
        source = sequence.table.source
        at = self._pass_items(data, at, sequence)
        while self._large.stream is None:
            if cursor.origin + at >= sequence.end:
                cursor.settle(at)
                assembly.close_sequence(sequence)
                return at
            if len(data) - at < 8:
                cursor.missing = at + 8 - len(data)
                return at
            tag, length = source.item.unpack_from(data, at)
            if tag != source.item_tag:
                if source.read_tag(tag) != SEQUENCE_DELIMITER:
                    raise cursor.error(at, source.read_tag(tag), "no item of a sequence")
                if cursor.run < at:
                    cursor.settle(at)
                cursor.run = at + 8
                assembly.close_sequence(sequence)
                return at + 8
            if not sequence.fragments:
                return self._open_item(data, at, length, sequence)
            following = self._elements.fragment(at, length)
            if following == MORE:
                return at
            at = following
        return at

    def _open_item(self, data: bytes, at: int, length: int, sequence: Sequence) -> int:
        cursor, assembly = self._cursor, self._assembly
        written = length if assembly.explicit_lengths else UNDEFINED
        content = at + 8
        if written == length and sequence.table.same_order:
            cursor.writer.held += data[cursor.run : content]
            cursor.run = content
        else:
            cursor.settle(at)
            cursor.writer.held += assembly.form.item_tag + assembly.form.long.pack(written)
            cursor.run = content
        end = ENDLESS if length == UNDEFINED else cursor.origin + content + length
        assembly.open_item(sequence, end, written)
        return content
