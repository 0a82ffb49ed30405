"""What is sent: generated with a fixed seed, encoded once, the UIDs patched in place."""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache

from tests.support import objects
from tests.support.objects import INSTANCE, STUDY, Template, ct, encode, sequence
from tests.support.rawclient import store_message, store_request

SR_DOCUMENT = "1.2.840.10008.5.1.4.1.1.88.33"


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of object, as it is sent and as a receiver that re-encodes writes it."""

    name: str
    sent: Callable[[], Template]
    canonical: Callable[[], Template]


@cache
def sr() -> Template:
    """A structured report of 2.6 KB: text items, each a small sequence item."""
    head = (
        (0x00080005, "CS", "ISO_IR 100"), (0x00080016, "UI", SR_DOCUMENT),
        (0x00080018, "UI", INSTANCE.format(objects.FIRST)), (0x00080020, "DA", "20240229"),
        (0x00080030, "TM", "101010"), (0x00080060, "CS", "SR"), (0x00080070, "LO", "Example Imaging"),
        (0x0008103E, "LO", "Measurements"), (0x00100010, "PN", "Sample^Patient"), (0x00100020, "LO", "PID-0000017"),
        (0x0020000D, "UI", STUDY.format(100_017)), (0x0020000E, "UI", STUDY.format(100_018)), (0x00200011, "IS", "7"),
        (0x00200013, "IS", "1"), (0x0040A040, "CS", "CONTAINER"), (0x0040A050, "CS", "SEPARATE"),
    )  # fmt: skip
    body = b"".join(encode(tag, vr, value.encode("ascii")) for tag, vr, value in head)
    content = sequence(0x0040A730, [_text_item(number) for number in range(13)])
    return Template(body + content, SR_DOCUMENT, "generated SR")


def _text_item(number: int) -> bytes:
    code = encode(0x00080100, "SH", b"121071") + encode(0x00080102, "SH", b"DCM") + encode(0x00080104, "LO", b"Finding")
    return (
        encode(0x0040A010, "CS", b"CONTAINS")
        + encode(0x0040A040, "CS", b"TEXT")
        + sequence(0x0040A043, [code])
        + encode(0x0040A160, "UT", f"Measurement {number:02d} is unremarkable.".encode("ascii"))
    )


FRAMES = 1000
ENHANCED_MR = "1.2.840.10008.5.1.4.1.1.4.1"
FUNCTIONAL_GROUPS = (
    (0x00189112, 0x00180080, "2000"), (0x00189114, 0x00181310, ""), (0x00189115, 0x00180081, "90"),
    (0x00189119, 0x00180083, "1"), (0x00189125, 0x00189093, ""), (0x00189152, 0x00180023, "3D"),
    (0x00189226, 0x00089007, "ORIGINAL"), (0x00189239, 0x00180095, "130"), (0x00209111, 0x00209156, ""),
    (0x00209113, 0x00200032, "-100\\-100\\17.5"), (0x00209116, 0x00200037, "1\\0\\0\\0\\1\\0"),
    (0x00209170, 0x00209171, ""), (0x00209221, 0x00209165, ""), (0x00209253, 0x00209251, ""),
    (0x00289110, 0x00280030, "0.5\\0.5"), (0x00289132, 0x00281050, "300"), (0x00289145, 0x00281052, "0"),
)  # fmt: skip
"""Sequence, an element of its only item, and that element's value: 17 nested items a frame."""


@cache
def enhanced_mr(*, undefined: bool) -> Template:
    """An enhanced MR image: 1,000 frames of 64 by 64, each with 17 nested items."""
    head = (
        (0x00080016, "UI", ENHANCED_MR), (0x00080018, "UI", INSTANCE.format(objects.FIRST)),
        (0x00080060, "CS", "MR"), (0x00100010, "PN", "Sample^Patient"), (0x00100020, "LO", "PID-0000017"),
        (0x0020000D, "UI", STUDY.format(100_020)), (0x0020000E, "UI", STUDY.format(100_021)),
        (0x00280008, "IS", str(FRAMES)),
    )  # fmt: skip
    groups = b"".join(
        sequence(tag, [encode(inner, "LO", value.encode("ascii"))], undefined=undefined)
        for tag, inner, value in FUNCTIONAL_GROUPS
    )
    data = b"".join(encode(tag, vr, value.encode("ascii")) for tag, vr, value in head)
    data += sequence(0x52009230, [groups] * FRAMES, undefined=undefined)
    data += encode(0x7FE00010, "OW", random.Random(29).randbytes(FRAMES * 64 * 64 * 2))
    return Template(data, ENHANCED_MR, "generated enhanced MR")


CT = Kind("CT 0.5 MB", ct, ct)
CT_UNDEFINED = Kind("CT 0.5 MB, undefined lengths", lambda: ct(undefined=True), ct)
SR = Kind("SR 2.6 KB", sr, sr)
ENHANCED = Kind(
    "enhanced MR, 17,000 nested items of undefined length",
    lambda: enhanced_mr(undefined=True),
    lambda: enhanced_mr(undefined=False),
)


@cache
def flat(count: int) -> Template:
    """A data set with this many elements one after another."""
    head = encode(0x00080016, "UI", RAW_DATA.encode("ascii"))
    head += encode(0x00080018, "UI", INSTANCE.format(objects.FIRST).encode("ascii"))
    head += encode(0x0020000D, "UI", STUDY.format(100_031).encode("ascii"))
    return Template(head + b"".join(_private(count)), RAW_DATA, f"generated, {count} elements")


def _private(count: int) -> Iterator[bytes]:
    """Private blocks, each as full as it can be."""
    for number in range(count):
        group, element = FIRST_PRIVATE + 2 * (number // BLOCK), number % BLOCK
        if element == 0:
            yield encode(group << 16 | 0x10, "LO", b"EXAMPLE PRIVATE 1.0")
        yield encode(group << 16 | 0x1000 | element, "LO", f"value {number:06d}".encode("ascii"))


@cache
def nested(count: int, *, undefined: bool) -> Template:
    """A data set with this many elements, ten of them in each item of a sequence, half of these in another sequence."""
    head = encode(0x00080016, "UI", RAW_DATA.encode("ascii"))
    head += encode(0x00080018, "UI", INSTANCE.format(objects.FIRST).encode("ascii"))
    head += encode(0x0020000D, "UI", STUDY.format(100_032).encode("ascii"))
    texts = ((0x00080100, "SH"), (0x00080102, "SH"), (0x00080103, "SH"), (0x00080104, "LO"))

    def item(number: int) -> bytes:
        code = b"".join(encode(tag, vr, f"code {number:06d}".encode("ascii")) for tag, vr in texts)
        inner = sequence(0x0040A168, [code], undefined=undefined)
        return code + encode(0x0040A160, "UT", b"text") + inner

    items = [item(number) for number in range(count // 10)]
    return Template(head + sequence(0x0040A730, items, undefined=undefined), RAW_DATA, f"generated, {count} nested")


RAW_DATA = "1.2.840.10008.5.1.4.1.1.66"
FIRST_PRIVATE, BLOCK = 0x0029, 0x100
BIG = Kind("256 MiB", lambda: ct(128 * 2**20), lambda: ct(128 * 2**20))


class Message:
    """All the PDUs of one C-STORE request; another instance costs two copies of a UID."""

    def __init__(self, template: Template, context_id: int, pdv_size: int) -> None:
        self._template = template
        command = store_request(template.sop_class, template.instance(0))
        self._message = bytearray(store_message(context_id, command, template.bytes(0), pdv_size))
        self._positions = self._find(template.instance(0).encode("ascii"))

    def _find(self, uid: bytes) -> list[int]:
        """In the command and in the data set; a UID split between two PDUs could not be patched."""
        first = self._message.index(uid)
        return [first, self._message.index(uid, first + 1)]

    def numbered(self, number: int) -> bytearray:
        """The message of one object, valid until the next call."""
        uid = self._template.instance(number).encode("ascii")
        for position in self._positions:
            self._message[position : position + len(uid)] = uid
        return self._message
