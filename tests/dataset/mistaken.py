"""Every value representation, right and wrong, at every tag that means something, at the top and in an item."""

import itertools
import string
from collections.abc import Iterator

from tests.dataset.build import BIG, JPEG, LITTLE, element, plain
from tests.dataset.oddities import ARRAYS, ITEM, LONG, NUMBERS, SEQUENCE_END, TEXT, UNDEFINED
from tests.dataset.samples import Sample

PIXEL_DATA = 0x7FE00010
TAGS = (
    PIXEL_DATA, 0x7FE00000, 0x7FE00008, 0x7FE10010, 0x60003000, 0x60013000, 0x60000010, 0x00283006, 0x00281201,
    0x00280106, 0x00280103, 0x54000110, 0x54001004, 0x54001010, 0x50003000, 0x00080000, 0x00000000, 0x00020010,
    0xFFFCFFFC, 0xFFFEE000, 0xFFFEE0DD, 0x00290010, 0x00291010, 0x00080005, 0x00080018, 0x00100010, 0x0020000D,
    0x00081140, 0x00420011, 0x00660023, 0x0040A730,
)  # fmt: skip
WRONG = ("OX", "ox", "px", "lt", "xs", "up", "XX", "UX", "PX", "ob", "ow", "??", "?O")
CODES = ["SQ", "UI", *TEXT, *NUMBERS, *ARRAYS, *WRONG]
LETTERS = (string.ascii_uppercase + "?", string.ascii_lowercase)


def mistaken(syntax: str) -> Iterator[Sample]:
    """All tags and VRs, each with a value, empty, in fragments and without any."""
    order = ">" if syntax == BIG else "<"
    for tag, vr in itertools.product(TAGS, CODES):
        for kind, given in _forms(tag, vr, order):
            for place, data in (("top", given), ("item", _nested(given, order))):
                yield Sample(f"{tag:08x} {vr} {kind} {place}", syntax, data + _end(order))


def _forms(tag: int, vr: str, order: str) -> Iterator[tuple[str, bytes]]:
    end = plain(SEQUENCE_END, order=order)
    yield "value", element(tag, vr, b"abcd", order=order)
    yield "empty", element(tag, vr, order=order)
    if vr in LONG:
        fragments = plain(ITEM, order=order) + plain(ITEM, b"abcd", order=order) + end
        yield "fragments", element(tag, vr, fragments, UNDEFINED, order)
        yield "none", element(tag, vr, end, UNDEFINED, order)


def _nested(given: bytes, order: str) -> bytes:
    return element(0x00081115, "SQ", plain(ITEM, given, order=order), order=order)


def _end(order: str) -> bytes:
    return element(0xFFFA0101, "LO", b"xy", order=order)


def every_pair_of_letters() -> Iterator[Sample]:
    """Whatever two letters pixel data, and something private, may have for a VR: with the long length and the short."""
    pairs = [first + second for letters in LETTERS for first, second in itertools.product(letters, repeat=2)]
    for tag, vr in itertools.product((PIXEL_DATA, 0x00111010), pairs):
        short = element(tag, "AE", b"abcd").replace(b"AE", vr.encode())
        long = element(tag, "OB", b"abcd").replace(b"OB", vr.encode())
        for data in (short, long):
            yield Sample(f"{tag:08x} {vr}", LITTLE, data + _end("<"))


SYNTAXES = (LITTLE, BIG, JPEG)
