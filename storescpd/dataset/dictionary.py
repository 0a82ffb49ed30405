"""Which VR an element has that is sent without one (PS3.6): what pydicom knows, and what users add."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from storescpd.data import pydicom_tables
from storescpd.dataset.dictionary_text import Entry, parse
from storescpd.dataset.vr import LOOKUP_TABLE, OB_OR_OW, US_OR_SS, VALUE_REPRESENTATIONS

_PYDICOM_NAMES = {
    "US or SS": US_OR_SS,
    "OB or OW": OB_OR_OW,
    "US or OW": LOOKUP_TABLE,
    "US or SS or OW": LOOKUP_TABLE,
}
_DICTIONARY_NAMES = {**{name: name for name in VALUE_REPRESENTATIONS}, **{v: v for v in _PYDICOM_NAMES.values()}}

PRIVATE_CREATORS = range(0x10, 0x100)
"""Element numbers that reserve a block of a private group (PS3.5 7.8.1); they are LO."""


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Dictionary:
    """VRs by tag, and by private creator and tag. Compare by identity: two with equal content are two."""

    public: Mapping[int, str]
    ranges: tuple[Entry, ...]
    """Repeating groups and elements; looked through where ``public`` has nothing, the last one first."""
    private: Mapping[tuple[str, int, int], str]
    """By creator, group and the low byte of the element."""
    private_ranges: tuple[Entry, ...] = ()
    compiled: dict[object, Any] = field(default_factory=dict)
    """Tables that the re-encoder has made from this dictionary, so that they are made once in a process."""

    def __repr__(self) -> str:
        return f"Dictionary({len(self.public)} public, {len(self.private)} private)"

    @classmethod
    def builtin(cls) -> "Dictionary":
        """The public and private dictionaries of pydicom."""
        tables = pydicom_tables.load("_dicom_dict")
        public = {tag: vr for tag, row in tables.DicomDictionary.items() if (vr := _vr(row[0]))}
        ranges = tuple(_repeater(mask, vr) for mask, row in tables.RepeatersDictionary.items() if (vr := _vr(row[0])))
        private: dict[tuple[str, int, int], str] = {}
        private_ranges = []
        for creator, mask, vr in _private_rows(pydicom_tables.load("_private_dict").private_dictionaries):
            if mask[2:4].lower() == "xx":
                private_ranges.append(Entry(_masked(mask[:4]), _masked("00" + mask[6:]), vr, creator))
            else:
                private[creator, int(mask[:4], 16), int(mask[6:], 16)] = vr
        return cls(public, ranges, private, tuple(private_ranges))

    def with_text(self, text: str) -> "Dictionary":
        """The same dictionary and, over it, the entries of a text in the format of dicom.dic.

        Raises ``ValueError`` naming the line that cannot be understood.
        """
        public, private = dict(self.public), dict(self.private)
        ranges, private_ranges = list(self.ranges), list(self.private_ranges)
        for entry in parse(text):
            single = entry.single
            if entry.creator is None:
                if single is None:
                    ranges.append(entry)
                else:
                    public[single[0] << 16 | single[1]] = entry.vr
            elif single is None:
                private_ranges.append(entry)
            else:
                private[entry.creator, *single] = entry.vr
        return Dictionary(public, tuple(ranges), private, tuple(private_ranges))

    def vr(self, tag: int) -> str:
        """VR of a public element, a group length or a private creator; ``"UN"`` when it is not known."""
        known = self.public.get(tag)
        if known is not None:
            return known
        group, element = tag >> 16, tag & 0xFFFF
        if element == 0:
            return "UL"
        for entry in reversed(self.ranges):
            if entry.covers(group, element):
                return entry.vr
        if group & 1 and element in PRIVATE_CREATORS:
            return "LO"
        return "UN"

    def private_vr(self, creator: str, tag: int) -> str:
        """VR of an element of a block that ``creator`` has reserved; ``"UN"`` when it is not known."""
        group, element = tag >> 16, tag & 0xFF
        known = self.private.get((creator, group, element))
        if known is not None:
            return known
        for entry in reversed(self.private_ranges):
            if entry.creator == creator and entry.covers(group, element):
                return entry.vr
        return "UN"


def _vr(name: str) -> str:
    return _PYDICOM_NAMES.get(name, _DICTIONARY_NAMES.get(name, ""))


def _masked(mask: str) -> range:
    """Values of a hexadecimal number with ``x`` where any digit may stand; of groups the even or odd ones."""
    mask = mask.lower()
    low, high = int(mask.replace("x", "0"), 16), int(mask.replace("x", "f"), 16)
    step = 1 << 4 * (len(mask) - 1 - mask.rindex("x")) if "x" in mask else 1
    return range(low, high + 1, step)


def _repeater(mask: str, vr: str) -> Entry:
    groups, elements = _masked(mask[:4]), _masked(mask[4:])
    if len(groups) > 1:
        groups = groups[::2]
    return Entry(groups, elements, vr, None)


def _private_rows(dictionaries: Mapping[str, Mapping[str, tuple[str, ...]]]) -> Iterator[tuple[str, str, str]]:
    """Creator, mask and VR of every entry that names an element of a reserved block."""
    for creator, rows in dictionaries.items():
        for mask, row in rows.items():
            vr = _vr(row[0])
            if vr and mask[4:6].lower() == "xx":
                yield creator, mask, vr
