"""The value representations: how each is encoded and what makes its values canonical (PS3.5 6.2, 7.1.2).

What "canonical" means is storescp's: trailing spaces of text go, white space in UIDs goes, odd lengths are mended
(storescp facts 6.1).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from types import MappingProxyType


class Kind(IntEnum):
    """What has to be looked at in a value."""

    BINARY = 0
    TEXT = 1
    UID = 2
    SEQUENCE = 3


@dataclass(frozen=True, slots=True)
class ValueRepresentation:
    """One VR."""

    name: str
    kind: Kind = Kind.BINARY
    unit: int = 1
    """Bytes that a change of byte order turns around together."""
    long: bool = False
    """The explicit form has a 32-bit length after two reserved bytes."""
    new: bool = False
    """Introduced after 1993 (storescp facts 6.5)."""
    mend_odd: bool = True
    """An odd value gets a NUL. Words are the exception: storescp writes them as they are."""

    @property
    def code(self) -> bytes:
        """The two letters."""
        return self.name.encode("ascii")


_SHORT_TEXT = ("AE", "AS", "CS", "DA", "DS", "DT", "IS", "LO", "LT", "PN", "SH", "ST", "TM")


def _table() -> dict[str, ValueRepresentation]:
    text = {name: ValueRepresentation(name, Kind.TEXT) for name in _SHORT_TEXT}
    long_text = {name: ValueRepresentation(name, Kind.TEXT, long=True, new=True) for name in ("UC", "UR", "UT")}
    units = {"SS": 2, "US": 2, "AT": 2, "SL": 4, "UL": 4, "FL": 4, "FD": 8}
    numbers = {name: ValueRepresentation(name, unit=unit) for name, unit in units.items()}
    long_units = {"UN": 1, "OF": 4, "OL": 4, "OD": 8, "OV": 8, "SV": 8, "UV": 8}
    arrays = {name: ValueRepresentation(name, unit=unit, long=True, new=True) for name, unit in long_units.items()}
    return {
        **text,
        **long_text,
        **numbers,
        **arrays,
        "UI": ValueRepresentation("UI", Kind.UID),
        "OB": ValueRepresentation("OB", long=True),
        "OW": ValueRepresentation("OW", unit=2, long=True, mend_odd=False),
        "SQ": ValueRepresentation("SQ", Kind.SEQUENCE, long=True),
    }


VALUE_REPRESENTATIONS: Mapping[str, ValueRepresentation] = MappingProxyType(_table())

US_OR_SS, OB_OR_OW, LOOKUP_TABLE = "xs", "ox", "lt"
"""Dictionary entries that name no single VR, spelled as in dicom.dic files."""

_PIXEL_DATA = 0x7FE00010
_SIGNED_LIKE_PIXELS = frozenset(
    {
        *range(0x00280106, 0x0028010A), 0x00280120, 0x00280121, 0x00283002,
        0x00409211, 0x00409216, 0x00603004, 0x00603006,
    }
)  # fmt: skip
"""Elements of US or SS that follow the pixel representation; the others are US (storescp 3.6.7, all of them tried)."""

_SAMPLES = frozenset({0x54000110, 0x54000112, 0x5400100A, 0x54001010})
"""Elements of OB or OW that are words where a sample of the waveform has not eight bits."""

_OVERLAY_GROUPS = range(0x6000, 0x6100, 2)
_OVERLAY_DATA = 0x3000


def resolved(name: str, tag: int, *, signed: bool = False, words: bool = False) -> ValueRepresentation:
    """The VR that an element gets whose dictionary entry is ``name`` (storescp facts 6.2).

    What stands in the data set or item that contains the element, before it, decides: ``signed``, pixel representation
    is 1; ``words``, waveform bits allocated has a value that is not 8.
    """
    if name == US_OR_SS:
        name = "SS" if signed and tag in _SIGNED_LIKE_PIXELS else "US"
    elif name == OB_OR_OW:
        always = tag == _PIXEL_DATA or (tag >> 16 in _OVERLAY_GROUPS and tag & 0xFFFF == _OVERLAY_DATA)
        name = "OW" if always or (words and tag in _SAMPLES) else "OB"
    elif name == LOOKUP_TABLE:
        name = "OW"
    return VALUE_REPRESENTATIONS[name]


_LENIENT = {"ox": OB_OR_OW, "px": "OW", "lt": LOOKUP_TABLE, "xs": US_OR_SS, "up": "UL"}
_UNKNOWN_LONG = ValueRepresentation("UN", long=True, new=True)
_UNKNOWN_SHORT = ValueRepresentation("UN", long=False, new=True)


def received(code: bytes, tag: int) -> ValueRepresentation:
    """What the two bytes of an explicit VR stand for, in the form that they arrive in.

    Two capitals that are no VR are taken for a future one: 32-bit length. Anything else that is unknown has a 16-bit
    length. Both are written as UN. Some senders let DCMTK's internal names slip out; they mean what they mean there.
    Pixel data may be "OX": it is the only element that storescp 3.6.7 mends so (all pairs of letters were tried).
    """
    if code == b"OX" and tag == _PIXEL_DATA:
        return VALUE_REPRESENTATIONS["OW"]
    name = code.decode("latin-1")
    known = VALUE_REPRESENTATIONS.get(name)
    if known is not None:
        return known
    if name in _LENIENT:
        return resolved(_LENIENT[name], tag)
    return _UNKNOWN_LONG if name.isascii() and name.isalpha() and name.isupper() else _UNKNOWN_SHORT


_PIXEL_DATA_CODES = frozenset({b"", b"OB", b"OW", b"OX", b"ox"})
_ANY_PIXEL_DATA = b"px"


def encapsulates(code: bytes, tag: int) -> bool:
    """Whether an element of undefined length, received with these bytes or without a VR, is pixel data in fragments.

    What else has an undefined length is a sequence, or wrong.
    """
    return code == _ANY_PIXEL_DATA or (tag == _PIXEL_DATA and code in _PIXEL_DATA_CODES)
