"""Elements that need more than to be passed by: a look at their value, another header, another value."""

from storescpd.dataset.assembly import Assembly
from storescpd.dataset.cursor import Cursor
from storescpd.dataset.encoding import Encoding, GroupLength
from storescpd.dataset.errors import ConversionError, Fault
from storescpd.dataset.forms import ITEM_DELIMITER, UNDEFINED
from storescpd.dataset.identity import Identity
from storescpd.dataset.large import LARGE, LargeValues, is_large
from storescpd.dataset.levels import ENDLESS
from storescpd.dataset.rules import Rule, RuleTable, Special
from storescpd.dataset.values import STRIPPED, canonical
from storescpd.dataset.vr import Kind

_CREATOR_LENGTH = 64
"""Characters of a private creator (PS3.5 6.2: LO); what is longer is none that a dictionary knows."""
_CREATORS = 4096
"""Private creators of one level that are remembered."""
_VALUES_ONLY = frozenset({Special.GROUP_LENGTH, Special.PADDING})
"""What is written as a value whatever was sent, or not at all: not as a sequence."""


class Elements:
    """Reads one element at a time."""

    def __init__(
        self,
        cursor: Cursor,
        assembly: Assembly,
        encoding: Encoding,
        large: LargeValues,
        implicit: RuleTable,
        *,
        encapsulated: bool,
        keeps_pixel_data: bool,
    ) -> None:
        self.identity = Identity()
        self._large = large
        self._cursor = cursor
        self._assembly = assembly
        self._encoding = encoding
        self._implicit = implicit
        self._encapsulated = encapsulated
        self._keeps_pixel_data = keeps_pixel_data

    def element(self, at: int, key: bytes, tag: int, length: int, rule: Rule) -> int:  # noqa: C901, PLR0911
        """Deal with the element at ``at``; returns where to go on, or ``MORE``.

        ``key``, ``tag``, ``length`` and ``rule`` are what its first eight bytes say. Raises ``DataSetError`` and
        ``ConversionError``.
        """
        cursor = self._cursor
        special = rule.special
        if special is Special.DELIMITER:
            return self._delimiter(at, tag, length)
        unknown = rule if special is Special.PRIVATE else None
        if special is Special.PRIVATE or rule.other is not None:
            rule = self._dependent(key, tag, rule)
        level = self._assembly.level
        content = at + 8
        if rule.long_in:
            content = at + 12
            if content > len(cursor.data):
                return cursor.need(content)
            (length,) = level.table.source.long.unpack_from(cursor.data, at + 8)
        if length == UNDEFINED:
            # A dictionary of private elements may be wrong: what is sent as a sequence is one.
            return self._undefined(at, content, unknown or rule)
        # An item that ends within a header is as long as the element is, as for storescp.
        if cursor.origin + content <= level.end < cursor.origin + content + length:
            raise cursor.error(at, tag, "element is longer than its item")
        if rule.vr.kind is not Kind.SEQUENCE:
            return self._value(at, content, rule, length)
        if unknown is None or not length:
            return self._open_sequence(at, content, rule, length)
        if content + 4 > len(cursor.data):
            return cursor.need(content + 4)
        if self._begins_with_item(content, rule):
            return self._open_sequence(at, content, rule, length)
        return self._value(at, content, unknown, length)

    def _begins_with_item(self, content: int, rule: Rule) -> bool:
        table = self._implicit if rule.implicit else self._assembly.level.table
        return self._cursor.data[content : content + 4] == table.source.item_tag

    def _value(self, at: int, content: int, rule: Rule, length: int) -> int:
        """An element with a value."""
        cursor = self._cursor
        end = content + length
        if self._is_unwanted(rule.special):
            return self._skip(at, content, end)
        if end <= len(cursor.data):
            return self._whole_value(at, content, end, rule)
        return self._large_value(at, content, rule, length) if is_large(rule, length) else cursor.need(end)

    def _whole_value(self, at: int, content: int, end: int, rule: Rule) -> int:
        """An element whose value is there."""
        cursor = self._cursor
        self._place(at, rule.tag)
        value = cursor.data[content:end]
        if rule.special is not Special.NONE:
            self._notice(at, rule, value)
            if rule.special is Special.GROUP_LENGTH:
                self._group_length(at, end, rule, value)
                return end
        if len(value) & 1:
            self._assembly.warn("has an odd length", rule.tag)
        written = canonical(value, rule.vr, rule.swap_for(len(value)))
        if written == value and self._stands(at, rule):
            return end
        cursor.settle(at)
        cursor.writer.held += rule.header_for(len(written))
        cursor.writer.held += written
        cursor.run = end
        return end

    def _large_value(self, at: int, content: int, rule: Rule, length: int) -> int:
        """An element whose value is too large to wait for its end."""
        cursor, writer = self._cursor, self._cursor.writer
        self._place(at, rule.tag)
        cursor.settle(at)
        cursor.run = content
        if rule.special is Special.GROUP_LENGTH:
            self._group_length(at, content, rule, b"")
            self._large.skip(length)
            return content
        self._notice(at, rule, b"")
        element = writer.position
        writer.held += rule.header_for(length + (length & 1 and rule.vr.mend_odd))
        self._large.begin(rule, length, element)
        return content

    def _stands(self, at: int, rule: Rule) -> bool:
        """Whether the header stands as it is written, its reserved bytes included."""
        return rule.plain and not (rule.long_in and any(self._cursor.data[at + 6 : at + 8]))

    def _dependent(self, key: bytes, tag: int, rule: Rule) -> Rule:
        """The rule of an element whose VR depends on what came before it in its level."""
        level = self._assembly.level
        if rule.special is Special.PRIVATE:
            creator = level.creators.get(tag >> 8) if level.creators else None
            if creator is not None:
                rule = level.table.private(creator, key)[2]
        if rule.other is None:
            return rule
        return rule.other if (level.words if rule.special is Special.SAMPLES else level.signed) else rule

    def _refuse_native(self, at: int, tag: int) -> None:
        """Pixel data of a defined length, which was just placed, is wrong in an encapsulated transfer syntax."""
        assembly = self._assembly
        if self._encapsulated and assembly.level.sequence is None and not assembly.drops():
            raise self._cursor.error(at, tag, "pixel data is not encapsulated")

    def _is_unwanted(self, special: Special) -> bool:
        """Whether an element with a value is not written at all."""
        if special is Special.GROUP_LENGTH:
            return self._encoding.group_length is not GroupLength.RECALCULATE
        return special is Special.PADDING

    def _notice(self, at: int, rule: Rule, value: bytes) -> None:
        """Remember what later elements or the store depend on."""
        level = self._assembly.level
        special, tag = rule.special, rule.tag
        if special is Special.PIXEL_DATA:
            self._refuse_native(at, tag)
        elif special is Special.IDENTITY:
            # As for storescp, what is not sent as text (but as UN) is not there.
            if level.sequence is None and rule.vr.kind in STRIPPED:
                self.identity.note(tag, value)
        elif special is Special.PIXEL_REPRESENTATION and level.signed is None:
            level.signed = level.table.source.short.unpack_from(value + bytes(2))[0] == 1
        elif special is Special.WAVEFORM_BITS and level.words is None:
            level.words = bool(value) and level.table.source.short.unpack_from(value + bytes(2))[0] != 8
        elif special is Special.CREATOR and rule.vr.kind is Kind.TEXT:
            creators = level.creators = level.creators or {}
            creator = canonical(value, rule.vr, 1).rstrip(b" ").partition(b"\0")[0]
            if len(creator) <= _CREATOR_LENGTH and len(creators) < _CREATORS:
                creators.setdefault(tag >> 16 << 8 | tag & 0xFF, creator.decode("latin-1"))

    def _group_length(self, at: int, end: int, rule: Rule, value: bytes) -> None:
        """A group length begins its group, whatever its VR and value are."""
        cursor = self._cursor
        if rule.plain and rule.vr.name == "UL" and len(value) == 4:
            cursor.settle(end)
            written = self._assembly.form.long.unpack(value)[0]
        else:
            cursor.settle(at)
            cursor.run = end
            self._assembly.write_group_length(rule.tag)
            written = 0
        self._assembly.begin_group(rule.tag, written)

    def _place(self, at: int, tag: int) -> None:
        """The element at ``at`` is the next one to be written."""
        level = self._assembly.level
        if level.last < tag < level.group_end:
            level.last = tag
        else:
            self._cursor.settle(at)
            self._assembly.place(tag)

    def _skip(self, at: int, content: int, end: int) -> int:
        """Write nothing of an element."""
        cursor = self._cursor
        cursor.settle(at)
        cursor.run = end
        if end > len(cursor.data):
            cursor.run = content
            self._large.skip(end - content)
            return content
        return end

    # What contains elements

    def _open_sequence(self, at: int, content: int, rule: Rule, length: int) -> int:
        """A sequence begins, or something unknown that is read as one."""
        cursor, assembly = self._cursor, self._assembly
        is_sequence = rule.vr.kind is Kind.SEQUENCE
        # PS3.5 6.2.2: the content of UN is implicit little endian, whatever surrounds it.
        table = assembly.level.table if is_sequence and not rule.implicit else self._implicit
        if assembly.depth >= self._encoding.limits.nesting:
            raise cursor.error(at, rule.tag, "sequences are nested too deep", Fault.TOO_DEEP)
        cursor.settle(at)
        self._place_container(at, rule)
        if rule.special is Special.PIXEL_DATA and length != UNDEFINED:
            self._refuse_native(at, rule.tag)
        element = cursor.writer.position
        written = length if assembly.explicit_lengths else UNDEFINED
        if written == length and is_sequence and self._stands(at, rule):
            cursor.settle(content)
        else:
            cursor.writer.held += self._sequence_header(rule) + assembly.form.long.pack(written)
            cursor.run = content
        end = ENDLESS if length == UNDEFINED else cursor.origin + content + length
        sequence = assembly.open_sequence(rule.tag, table, end, element, written)
        sequence.discarded = rule.special in _VALUES_ONLY
        return content

    def _place_container(self, at: int, rule: Rule) -> None:
        """What contains others is written at first even where it is unwanted: it is taken back when it ends."""
        if self._is_unwanted(rule.special):
            self._assembly.place_unwanted()
        else:
            self._place(at, rule.tag)

    def _sequence_header(self, rule: Rule) -> bytes:
        return rule.header[:4] + (b"SQ\0\0" if self._assembly.form.explicit else b"")

    def _undefined(self, at: int, content: int, rule: Rule) -> int:
        """An element of undefined length: a sequence, something unknown read as one, or encapsulated pixel data."""
        if rule.vr.kind is Kind.SEQUENCE or rule.vr.name == "UN" or rule.implicit:
            return self._open_sequence(at, content, rule, UNDEFINED)
        if not rule.encapsulates:
            raise self._cursor.error(at, rule.tag, f"{rule.vr.name} of undefined length")
        return self._open_pixel_data(at, content, rule)

    def _open_pixel_data(self, at: int, content: int, rule: Rule) -> int:
        """Fragments follow; where they cannot stand they may still be something that is not written."""
        cursor, assembly = self._cursor, self._assembly
        cursor.settle(at)
        self._place_container(at, rule)
        discarded = rule.special in _VALUES_ONLY
        # The content of UN is in no encapsulated transfer syntax, whatever surrounds it.
        fits = self._encapsulated and self._keeps_pixel_data and assembly.level.table.source.explicit
        if not fits and not discarded and not assembly.drops():
            raise ConversionError("encapsulated pixel data in an uncompressed transfer syntax")
        element, form = cursor.writer.position, assembly.form
        cursor.writer.held += rule.header[:4] + (b"OB\0\0" if form.explicit else b"") + form.long.pack(UNDEFINED)
        cursor.run = content
        sequence = assembly.open_sequence(rule.tag, assembly.level.table, ENDLESS, element, UNDEFINED)
        sequence.fragments = True
        sequence.discarded = discarded
        return content

    def fragment(self, at: int, length: int) -> int:
        """A fragment of encapsulated pixel data."""
        cursor = self._cursor
        content = at + 8
        if length == UNDEFINED:
            raise cursor.error(at, None, "fragment of undefined length")
        end = content + length
        complete = end <= len(cursor.data)
        if complete and not length & 1 and self._assembly.level.table.same_order:
            return end
        if not complete and length <= LARGE:
            return cursor.need(end)
        cursor.settle(at)
        mend = length & 1
        form = self._assembly.form
        cursor.writer.held += form.item_tag + form.long.pack(length + mend)
        cursor.run = content
        if complete:
            cursor.settle(end)
            cursor.writer.held += bytes(mend)
            return end
        self._large.begin_fragment(length)
        return content

    def _delimiter(self, at: int, tag: int, length: int) -> int:
        """A delimiter among elements."""
        cursor, assembly = self._cursor, self._assembly
        end = at + 8
        if tag != ITEM_DELIMITER:
            raise cursor.error(at, tag, "no element")
        if assembly.level.sequence is None:
            assembly.warn("outside of any item, ignored", tag)
            return self._skip(at, end, end + length)
        cursor.settle(at)
        cursor.run = end
        assembly.close_item()
        return end
