"""Data set trailing padding (PS3.5 7.2; storescp facts 6.6)."""

from storescpd.dataset.forms import Form
from storescpd.dataset.rules import PADDING


def padding_element(form: Form, length: int, multiple: int) -> tuple[bytes, int]:
    """The element that makes ``length`` a multiple: its header, and how many zero bytes follow.

    There is none where it is one. A gap too small for it grows by one.
    """
    gap = -length % multiple
    if gap == 0:
        return b"", 0
    header = form.tag_bytes(PADDING) + (b"OB\0\0" if form.explicit else b"")
    smallest = len(header) + 4
    while gap < smallest:
        gap += multiple
    value = gap - smallest
    value += value & 1  # what is to be padded has an odd length only where storescp leaves an odd value alone
    return header + form.long.pack(value), value
