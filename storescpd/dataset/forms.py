"""The three ways to write an element header: explicit little endian, explicit big endian, implicit (PS3.5 7.1)."""

import struct
from dataclasses import dataclass, field
from typing import Literal

from storescpd.data.transfer_syntaxes import TransferSyntax

UNDEFINED = 0xFFFFFFFF
MAX_LONG = 0xFFFFFFFE
MAX_SHORT = 0xFFFE

ITEM = 0xFFFEE000
ITEM_DELIMITER = 0xFFFEE00D
SEQUENCE_DELIMITER = 0xFFFEE0DD


@dataclass(frozen=True, slots=True, eq=False)
class Form:
    """How numbers and headers are written."""

    explicit: bool
    big_endian: bool
    tag: struct.Struct = field(init=False)
    header: struct.Struct = field(init=False)
    """Eight bytes: what identifies the element (tag and VR, or tag), and a length: all of it unless the VR is long."""
    short: struct.Struct = field(init=False)
    long: struct.Struct = field(init=False)
    item: struct.Struct = field(init=False)
    """Header of an item or delimiter: tag bytes and length."""
    item_tag: bytes = field(init=False)
    item_delimiter: bytes = field(init=False)
    """With its length, as the next one."""
    sequence_delimiter: bytes = field(init=False)

    def __post_init__(self) -> None:
        order = ">" if self.big_endian else "<"
        for name, code in (("tag", "HH"), ("short", "H"), ("long", "I"), ("item", "4sI")):
            object.__setattr__(self, name, struct.Struct(order + code))
        object.__setattr__(self, "header", struct.Struct(order + ("6sH" if self.explicit else "4sI")))
        object.__setattr__(self, "item_tag", self.tag_bytes(ITEM))
        object.__setattr__(self, "item_delimiter", self.tag_bytes(ITEM_DELIMITER) + bytes(4))
        object.__setattr__(self, "sequence_delimiter", self.tag_bytes(SEQUENCE_DELIMITER) + bytes(4))

    @property
    def byte_order(self) -> Literal["big", "little"]:
        """As ``int.to_bytes`` wants it."""
        return "big" if self.big_endian else "little"

    def tag_bytes(self, tag: int) -> bytes:
        """The four bytes of a tag."""
        return self.tag.pack(tag >> 16, tag & 0xFFFF)

    def read_tag(self, data: bytes | bytearray, offset: int = 0) -> int:
        """The tag at ``offset``."""
        group, element = self.tag.unpack_from(data, offset)
        return int(group) << 16 | int(element)


EXPLICIT_LITTLE = Form(explicit=True, big_endian=False)
EXPLICIT_BIG = Form(explicit=True, big_endian=True)
IMPLICIT = Form(explicit=False, big_endian=False)


def form_of(syntax: TransferSyntax) -> Form:
    """The form that a transfer syntax uses."""
    if not syntax.explicit_vr:
        return IMPLICIT
    return EXPLICIT_BIG if syntax.big_endian else EXPLICIT_LITTLE
