"""Reads the identity of a data set while it is passed on as received."""

import struct

from storescpd.data.transfer_syntaxes import TransferSyntax
from storescpd.dataset.errors import DataSetError
from storescpd.dataset.identity import IDENTIFYING_TAGS, Identity

_LONG_VRS = frozenset(b"OB OD OF OL OV OW SQ SV UC UN UR UT UV".split())
_UNDEFINED = 0xFFFFFFFF
_ITEM_GROUP = 0xFFFE
_ITEM, _DELIMITERS = 0xFFFEE000, (0xFFFEE00D, 0xFFFEE0DD)
_IDENTITY_VALUE_LIMIT = 64 * 1024


class Scanner:
    """Walks over the elements: knows what it waits for, keeps the incomplete header or value alone."""

    def __init__(self, syntax: TransferSyntax) -> None:
        self.identity = Identity()
        self._explicit = syntax.explicit_vr
        order = ">" if syntax.big_endian else "<"
        self._tag = struct.Struct(order + "HH")
        self._short = struct.Struct(order + "H")
        self._long = struct.Struct(order + "I")
        self._kept = b""
        self._skip = 0
        self._depth = 0  # undefined lengths that are open: elements within them are not of the top level
        self._nested_end = 0  # end of the outermost explicit-length sequence
        self._position = 0

    def scan(self, fragment: memoryview) -> None:
        """Read on."""
        if self._skip >= len(fragment):
            self._skip -= len(fragment)
            self._position += len(fragment)
            return
        data = self._kept + bytes(fragment[self._skip :])
        self._position += self._skip
        self._skip = 0
        at = 0
        while (used := self._element(data, at)) is not None:
            at += used
            if at > len(data):
                self._skip = at - len(data)
                at = len(data)
                break
        self._position += at
        self._kept = data[at:]

    def finish(self) -> None:
        """Raise ``DataSetError`` when something is missing."""
        if self._kept or self._skip or self._depth:
            raise DataSetError(self._position, None, "data set ends too early")

    def _element(self, data: bytes, at: int) -> int | None:  # noqa: PLR0911
        """Bytes of the element (of its header, where it contains elements), ``None``: not enough to tell."""
        left = len(data) - at
        if left < 8:
            return None
        group, element = self._tag.unpack_from(data, at)
        tag = group << 16 | element
        header = 8
        length: int
        if group == _ITEM_GROUP or not self._explicit:
            length = self._long.unpack_from(data, at + 4)[0]
        elif data[at + 4 : at + 6] in _LONG_VRS:
            header = 12
            if left < header:
                return None
            length = self._long.unpack_from(data, at + 8)[0]
        else:
            length = self._short.unpack_from(data, at + 6)[0]
        if tag in _DELIMITERS:
            self._depth -= 1 if self._depth else 0
            return header
        if length == _UNDEFINED:
            self._depth += 1
            return header
        if self._depth and tag == _ITEM and left >= header + 8:
            return header + length
        if not self._depth and tag in IDENTIFYING_TAGS and length < _IDENTITY_VALUE_LIMIT:
            if left < header + length:
                return None
            self.identity.note(tag, data[at + header : at + header + length])
        return header + length
