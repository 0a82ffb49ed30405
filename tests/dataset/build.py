"""Writes data sets by hand, byte for byte."""

import struct

from tests.dataset.oddities import ITEM, ITEM_END, LONG, SEQUENCE_END, UNDEFINED

IMPLICIT = "1.2.840.10008.1.2"
LITTLE = "1.2.840.10008.1.2.1"
BIG = "1.2.840.10008.1.2.2"
DEFLATED = "1.2.840.10008.1.2.1.99"
JPEG = "1.2.840.10008.1.2.4.50"

SQ = 0x00081140
OVERRUN = 0xFFFF


def element(tag: int, vr: str, value: bytes = b"", length: int | None = None, order: str = "<") -> bytes:
    """An element with explicit VR."""
    length = len(value) if length is None else length
    head = struct.pack(order + "HH", tag >> 16, tag & 0xFFFF) + vr.encode("latin-1")
    if vr in LONG:
        return head + b"\0\0" + struct.pack(order + "I", length) + value
    return head + struct.pack(order + "H", length) + value


def big(tag: int, vr: str, value: bytes = b"", length: int | None = None) -> bytes:
    """The same, big endian."""
    return element(tag, vr, value, length, ">")


def plain(tag: int, value: bytes = b"", length: int | None = None, order: str = "<") -> bytes:
    """An element without VR, an item, or a delimiter."""
    return struct.pack(order + "HHI", tag >> 16, tag & 0xFFFF, len(value) if length is None else length) + value


def item(*elements: bytes) -> bytes:
    """An item with its length."""
    return plain(ITEM, b"".join(elements))


def open_item(*elements: bytes) -> bytes:
    """An item with a delimiter."""
    return plain(ITEM, b"".join(elements), UNDEFINED) + plain(ITEM_END)


def sequence(tag: int, *items: bytes) -> bytes:
    """A sequence with its length."""
    return element(tag, "SQ", b"".join(items))


def open_sequence(tag: int, *items: bytes, vr: str = "SQ") -> bytes:
    """A sequence with a delimiter; or pixel data with its fragments, or something unknown."""
    return element(tag, vr, b"".join(items) + plain(SEQUENCE_END), UNDEFINED)


def group_length(group: int, value: int) -> bytes:
    """A group length element."""
    return element(group << 16, "UL", struct.pack("<I", value))
