"""The file meta information of a stored object (PS3.10 section 7.1, storescp facts 5.4)."""

import functools
import struct
from typing import Final, NamedTuple

_SHORT: Final = struct.Struct("<HH2sH")
_LONG: Final = struct.Struct("<HH2s2xI")
_PREAMBLE: Final = bytes(128) + b"DICM"
_BEFORE_LENGTH: Final = _PREAMBLE + _SHORT.pack(2, 0x0000, b"UL", 4)
_PREFIX: Final = 128
_MAGIC: Final = _BEFORE_LENGTH[_PREFIX:]
"""Where a length follows, of the rest of the file meta information; the preamble may be anything."""
_VERSION: Final = b"\x00\x01"

GROUP_LENGTH_END: Final = len(_PREAMBLE) + _SHORT.size + 4
"""Offset of the byte from which the group length counts."""
GENERIC_SOP_CLASS: Final = "1.2.276.0.7230010.3.1.0.1"
"""What storescp writes for an object that names no SOP class (storescp facts 5.4)."""


class FileMeta(NamedTuple):
    """The seven elements that storescp writes; nothing else stands in group 2."""

    sop_class_uid: str
    sop_instance_uid: str
    transfer_syntax: str
    implementation_class_uid: str
    implementation_version_name: str
    source_ae_title: str

    def encode(self) -> bytes:
        """Preamble, prefix and group 2 in explicit VR little endian."""
        before = _before(self.sop_class_uid)
        instance = _text(0x0003, b"UI", self.sop_instance_uid, b"\0")
        behind = _behind(
            self.transfer_syntax,
            self.implementation_class_uid,
            self.implementation_version_name,
            self.source_ae_title,
        )
        length = len(before) + len(instance) + len(behind)
        return b"".join((_BEFORE_LENGTH, length.to_bytes(4, "little"), before, instance, behind))


# What is the same for all images of a series is made once.


@functools.lru_cache(maxsize=64)
def _before(sop_class_uid: str) -> bytes:
    return _LONG.pack(2, 0x0001, b"OB", len(_VERSION)) + _VERSION + _text(0x0002, b"UI", sop_class_uid, b"\0")


@functools.lru_cache(maxsize=64)
def _behind(transfer_syntax: str, class_uid: str, version_name: str, source_ae_title: str) -> bytes:
    return (
        _text(0x0010, b"UI", transfer_syntax, b"\0")
        + _text(0x0012, b"UI", class_uid, b"\0")
        + _text(0x0013, b"SH", version_name, b" ")
        + _text(0x0016, b"AE", source_ae_title, b" ")
    )


_LONGEST: Final = 65534
"""Bytes of a value whose length has 16 bits: a data set may say anything of itself."""


def _text(element: int, vr: bytes, value: str, padding: bytes) -> bytes:
    encoded = value.encode("latin-1", "replace")[:_LONGEST]
    if len(encoded) % 2:
        encoded += padding
    return _SHORT.pack(2, element, vr, len(encoded)) + encoded


def data_set_offset(head: bytes) -> int:
    """Where the data set begins in a file that starts with ``head``; 0 when it has no file meta information."""
    if len(head) < GROUP_LENGTH_END or not head.startswith(_MAGIC, _PREFIX):
        return 0
    return GROUP_LENGTH_END + int.from_bytes(head[GROUP_LENGTH_END - 4 : GROUP_LENGTH_END], "little")


def transfer_syntax(head: bytes) -> bytes:
    """The element that names the transfer syntax in a file that starts with ``head``; empty where there is none."""
    position, end = len(_PREAMBLE), min(data_set_offset(head), len(head))
    while position + _LONG.size <= end:
        _, element, vr, length = _SHORT.unpack_from(head, position)
        if element == 0x0010:
            return head[position : position + _SHORT.size + length]
        is_long = vr in (b"OB", b"UN", b"UT")
        position += _LONG.size + int(_LONG.unpack_from(head, position)[3]) if is_long else _SHORT.size + int(length)
    return b""
