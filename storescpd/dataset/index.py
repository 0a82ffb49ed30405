"""Finds the elements in what was written: needed only when elements turn out to come in no order."""

from collections.abc import Callable

from storescpd.dataset.forms import ITEM, ITEM_DELIMITER, SEQUENCE_DELIMITER, UNDEFINED, Form
from storescpd.dataset.vr import VALUE_REPRESENTATIONS

_LONG = frozenset(vr.code for vr in VALUE_REPRESENTATIONS.values() if vr.long)
_WITHOUT_VR = frozenset({ITEM, ITEM_DELIMITER, SEQUENCE_DELIMITER})
"""PS3.5 7.5: these alone; another element of their group is written as any other."""


def elements_of(data: bytes | bytearray, start: int, end: int, form: Form, found: Callable[[int, int], None]) -> None:
    """Report tag and offset of each element in ``data`` from ``start`` on; the last one may go beyond ``end``."""
    at = start
    while at < end:
        tag, header, length = _header(data, at, form)
        found(tag, at)
        at += header
        at = _behind_delimiter(data, at, form) if length == UNDEFINED else at + length


def _header(data: bytes | bytearray, at: int, form: Form) -> tuple[int, int, int]:
    """Tag, length of the header, length of the value."""
    tag = form.read_tag(data, at)
    if not form.explicit or tag in _WITHOUT_VR:
        return tag, 8, form.long.unpack_from(data, at + 4)[0]
    if bytes(data[at + 4 : at + 6]) in _LONG:
        return tag, 12, form.long.unpack_from(data, at + 8)[0]
    return tag, 8, form.short.unpack_from(data, at + 6)[0]


def _behind_delimiter(data: bytes | bytearray, at: int, form: Form) -> int:
    """End of what has an undefined length and starts at ``at``: a sequence or pixel data, which may contain others."""
    depth = 1
    while depth:
        tag, header, length = _header(data, at, form)
        at += header
        if tag == SEQUENCE_DELIMITER:
            depth -= 1
        elif length != UNDEFINED:
            at += length
        elif tag != ITEM:
            depth += 1
    return at
