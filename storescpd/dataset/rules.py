"""What to do with an element, decided once for each tag and VR: tables from header bytes to rules.

One table stands for one pair of forms (as received, as written) under one encoding; it fills itself as elements are met
that the scanner leaves over. The main loop looks up the first bytes of a header and mostly needs no more than the two
numbers beside the rule.
"""

from collections.abc import Callable
from enum import IntEnum

from storescpd.dataset.dictionary import PRIVATE_CREATORS, Dictionary
from storescpd.dataset.encoding import Encoding
from storescpd.dataset.forms import ITEM, ITEM_DELIMITER, MAX_SHORT, SEQUENCE_DELIMITER, Form
from storescpd.dataset.identity import IDENTIFYING_TAGS
from storescpd.dataset.scanner import Scanner
from storescpd.dataset.vr import (
    US_OR_SS,
    VALUE_REPRESENTATIONS,
    Kind,
    ValueRepresentation,
    encapsulates,
    received,
    resolved,
)


class Fast(IntEnum):
    """What the main loop deals with itself, as long as the element stands as it should."""

    REWRITTEN = 0
    """It is written anew, but nothing else has to be known."""
    SEQUENCE = 1
    ITEM_END = 2
    NEVER = 3


class Special(IntEnum):
    """Elements that mean something to the reader."""

    NONE = 0
    DELIMITER = 1
    PADDING = 2
    """Data set trailing padding."""
    GROUP_LENGTH = 3
    IDENTITY = 4
    PIXEL_REPRESENTATION = 5
    PIXEL_DATA = 6
    CREATOR = 7
    """Reserves a block of a private group."""
    PRIVATE = 8
    """Belongs to a reserved block, so that its VR depends on the creator."""
    SIGNED = 9
    """US or SS: depends on the pixel representation."""
    WAVEFORM_BITS = 10
    SAMPLES = 11
    """OB or OW: depends on the bits of a waveform's samples."""


PADDING = 0xFFFCFFFC
PIXEL_DATA = 0x7FE00010
PIXEL_REPRESENTATION = 0x00280103
WAVEFORM_BITS_ALLOCATED = 0x54001004

_SIMPLE = {
    ITEM: Special.DELIMITER,
    ITEM_DELIMITER: Special.DELIMITER,
    SEQUENCE_DELIMITER: Special.DELIMITER,
    PADDING: Special.PADDING,
    PIXEL_DATA: Special.PIXEL_DATA,
    PIXEL_REPRESENTATION: Special.PIXEL_REPRESENTATION,
    WAVEFORM_BITS_ALLOCATED: Special.WAVEFORM_BITS,
    **dict.fromkeys(IDENTIFYING_TAGS, Special.IDENTITY),
}

_OF_IMPLICIT = frozenset({Special.PIXEL_REPRESENTATION, Special.WAVEFORM_BITS})
"""They decide about the VRs of others, where these are sent without."""
_HARMLESS = 0x00081030
"""An element that means nothing to the reader: study description."""


class Rule:
    """How an element is read and written.

    (No dataclass: for who sends many tags many are made, and making one has to be cheap.)
    """

    __slots__ = (
        "encapsulates", "form", "header", "header_of_long", "implicit", "long_in", "long_out", "other", "plain",
        "special", "swap", "swap_unknown", "tag", "vr",
    )  # fmt: skip

    def __init__(
        self,
        tag: int,
        vr: ValueRepresentation,
        special: Special,
        form: Form,
        header: bytes,
        header_of_long: bytes,
        swap: int,
        swap_unknown: int,
        other: "Rule | None",
        *,
        long_in: bool,
        long_out: bool,
        plain: bool,
        implicit: bool,
        encapsulates: bool,
    ) -> None:
        self.tag = tag
        self.vr = vr
        self.special = special
        self.form = form
        """How it is written."""
        self.header = header
        """What is written before the length."""
        self.header_of_long = header_of_long
        """The same where the length does not fit."""
        self.swap = swap
        """Bytes to turn around together, 1: none."""
        self.swap_unknown = swap_unknown
        """The same where the VR is lost."""
        self.other = other
        """The rule that holds where pixels are signed, for ``SIGNED``, or samples are words, for ``SAMPLES``."""
        self.long_in = long_in
        """The length received has 32 bits after two reserved bytes."""
        self.long_out = long_out
        """The length is written with 32 bits."""
        self.plain = plain
        """The header is written as it was received."""
        self.implicit = implicit
        """What a sequence contains is implicit little endian, whatever surrounds it."""
        self.encapsulates = encapsulates
        """With an undefined length it is pixel data in fragments."""

    def length_field(self, length: int) -> bytes:
        """The length of a value as it is written."""
        return (self.form.long if self.long_out or length > MAX_SHORT else self.form.short).pack(length)

    def header_for(self, length: int) -> bytes:
        """What is written before a value; what is too long for a 16-bit length becomes UN (storescp facts 6.2)."""
        if self.long_out or length <= MAX_SHORT:
            return self.header + self.length_field(length)
        return self.header_of_long + self.length_field(length)

    def swap_for(self, length: int) -> int:
        """Bytes of a value of this length to turn around together."""
        return self.swap if length <= MAX_SHORT or self.long_out else self.swap_unknown


Entry = tuple[int, int, Rule]
"""Tag, a ``Fast``, and the rule."""
_PrivateKey = tuple[str, bytes]
"""Creator, and the first bytes of the element."""


class RuleTable(dict[bytes, Entry]):
    """Rules by the first bytes of an element: six of tag and VR, four of the tag in implicit form.

    ``grown`` is called for each rule that is added. ``age`` makes room: what is not asked for until the next time goes.
    """

    def __init__(
        self, source: Form, target: Form, encoding: Encoding, dictionary: Dictionary, grown: Callable[[], None]
    ) -> None:
        super().__init__()
        self.source = source
        self.target = target
        self._encoding = encoding
        self._dictionary = dictionary
        self._grown = grown
        self._private: dict[_PrivateKey, Entry] = {}
        self._older: dict[bytes, Entry] = {}
        self._older_private: dict[_PrivateKey, Entry] = {}
        self._same_form = source is target
        self.same_order = source.big_endian == target.big_endian
        """Numbers are written as they are received."""
        self.scanner: Scanner | None = None
        """Finds what needs no rule; there is none where everything is written anew."""
        self._unknown = b"UN\0\0" if encoding.new_vr else b"OB\0\0"
        self._needs_creators = not source.explicit or encoding.convert_un

    def __missing__(self, key: bytes) -> Entry:
        entry = self._older.pop(key, None)
        if entry is None:
            entry = self._entry(key)
        self[key] = entry
        self._grown()
        return entry

    def private(self, creator: str, key: bytes) -> Entry:
        """The rule of an element of a block that ``creator`` has reserved."""
        place = (creator, key)
        entry = self._private.get(place)
        if entry is None:
            entry = self._older_private.pop(place, None) or self._private_entry(creator, key)
            self._private[place] = entry
            self._grown()
        return entry

    def age(self) -> None:
        """Give up what has not been asked for since the last time."""
        # An entry that another thread adds meanwhile may be lost: it is made once more, nothing else.
        self._older, self._older_private, self._private = dict(self), self._private, {}
        self.clear()

    def _private_entry(self, creator: str, key: bytes) -> Entry:
        tag = self._tag(key)
        known_as = self._converted if self.source.explicit else self._known_as
        return known_as(tag, self._dictionary.private_vr(creator, tag))

    def of_harmless(self, code: bytes) -> Rule:
        """The rule of a VR, for elements that mean nothing to the reader."""
        return self._entry(self.source.tag_bytes(_HARMLESS) + code)[2]

    def _tag(self, key: bytes) -> int:
        group, element = self.source.tag.unpack_from(key)
        return int(group) << 16 | int(element)

    def _entry(self, key: bytes) -> Entry:
        tag = self._tag(key)
        special = self._special(tag)
        if special is Special.DELIMITER:
            entry = self._finished(tag, VALUE_REPRESENTATIONS["UN"], special, long_in=False)
            return tag, int(Fast.ITEM_END if tag == ITEM_DELIMITER else Fast.NEVER), entry[2]
        if not self.source.explicit:
            return self._known_as(tag, self._dictionary.vr(tag), special)
        if key[4:6] == b"UN" and self._encoding.convert_un:
            if special is Special.PRIVATE:
                return self._finished(tag, VALUE_REPRESENTATIONS["UN"], special, long_in=True)
            return self._converted(tag, self._dictionary.vr(tag), special)
        if special is Special.PRIVATE:
            special = Special.NONE
        code = key[4:6]
        vr = received(code, tag)
        return self._finished(tag, vr, special, long_in=vr.long, code=code)

    def _converted(self, tag: int, name: str, special: Special = Special.NONE) -> Entry:
        """The rule of an element received as UN that the dictionary knows; its value is little endian (PS3.5 6.2.2)."""
        vr = resolved(name, tag)
        return self._finished(tag, vr, special, long_in=True, code=b"UN", implicit=True, swaps=self.target.big_endian)

    def _special(self, tag: int) -> Special:
        special = special_of(tag)
        if special in _OF_IMPLICIT and self.source.explicit:
            return Special.NONE
        if special is Special.NONE and tag >> 16 & 1 and self._needs_creators:
            return _special_private(tag & 0xFFFF)
        return special

    def _known_as(self, tag: int, name: str, special: Special = Special.NONE) -> Entry:
        """The rule of an element without VR that the dictionary knows by a VR or by a choice of VRs."""
        usual, other = resolved(name, tag), resolved(name, tag, signed=True, words=True)
        if other is usual or not self.target.explicit:
            return self._finished(tag, usual, special, long_in=False)
        depends = Special.SIGNED if name == US_OR_SS else Special.SAMPLES
        rule = self._finished(tag, other, special, long_in=False)[2]
        return self._finished(tag, usual, depends, long_in=False, other=rule)

    def _finished(
        self,
        tag: int,
        vr: ValueRepresentation,
        special: Special,
        *,
        long_in: bool,
        code: bytes = b"",
        implicit: bool = False,
        swaps: bool | None = None,
        other: Rule | None = None,
    ) -> Entry:
        """``code``: the VR that was received, where there is one."""
        tag_bytes = self.target.tag_bytes(tag)
        # storescp holds numbers in its own byte order, little endian: so they are written where it knows no numbers.
        swap_unknown = vr.unit if self.source.big_endian and not implicit else 1
        swap = vr.unit if (not self.same_order if swaps is None else swaps) else 1
        written, letters, long_out = vr, b"", True
        if self.target.explicit:
            if vr.new and not self._encoding.new_vr:
                written, swap = VALUE_REPRESENTATIONS["OB"], swap_unknown
            long_out = VALUE_REPRESENTATIONS[written.name].long
            letters = written.code + (b"\0\0" if long_out else b"")
        rule = Rule(
            tag,
            vr,
            special,
            self.target,
            tag_bytes + letters,
            tag_bytes + self._unknown,
            swap,
            swap_unknown,
            other,
            long_in=long_in,
            long_out=long_out,
            plain=self._same_form and written is vr and (not code or code == vr.code),
            implicit=implicit,
            encapsulates=encapsulates(code, tag),
        )
        return tag, int(self._fast(rule)), rule

    def _fast(self, rule: Rule) -> Fast:
        if rule.special is not Special.NONE:
            return Fast.NEVER
        if rule.vr.kind is Kind.SEQUENCE:
            return Fast.SEQUENCE if rule.plain else Fast.NEVER
        return Fast.NEVER if rule.plain else Fast.REWRITTEN


def special_of(tag: int) -> Special:
    """What an element means by its tag alone, whoever sends it and in which form."""
    simple = _SIMPLE.get(tag)
    if simple is not None:
        return simple
    return Special.GROUP_LENGTH if tag & 0xFFFF == 0 else Special.NONE


def _special_private(element: int) -> Special:
    if element >= 0x1000:
        return Special.PRIVATE
    return Special.CREATOR if element in PRIVATE_CREATORS else Special.NONE
