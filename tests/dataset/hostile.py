"""Data sets in which anything stands anywhere, most of it right: what a scanner may pass by, and what it must not."""

import struct
from dataclasses import dataclass
from random import Random

from storescpd.dataset import Encoding, GroupLength, Limits, OutputSyntax, SequenceLength
from tests.dataset.build import BIG, IMPLICIT, JPEG, LITTLE
from tests.dataset.oddities import (
    ARRAYS,
    CREATORS,
    ITEM,
    ITEM_END,
    LONG,
    NUMBERS,
    PRIVATE,
    PUBLIC,
    SEQUENCE_END,
    STRANGE,
    TEXT,
    UNDEFINED,
    Sender,
)

DECIDING = (
    0x00080005, 0x00080016, 0x00080018, 0x00100010, 0x0020000D, 0x00280103, 0x54001004, 0x7FE00010, 0xFFFCFFFC,
)  # fmt: skip
"""They say who the object is, how others are written, or where it ends."""
NESTED = (0x00081140, 0x0040A043, 0x0040A730, 0x52009230, 0x00091003, 0x7FE11003)
VRS = (*TEXT, *NUMBERS, *ARRAYS, "UI", "SQ")
ODD_VRS = ("XX", "ox", "up", "xs", "lt", "zz", "\0\0", "A ", "OX")
TAILS = (b"", b"", b" ", b"  ", b"\0", b" \0", b"\0 ", b"\0\0", b"\t", b"   ")


class Hostile(Sender):
    """As ``Sender``, but that deciding elements, group lengths, padding and creators have any VR, at any depth."""

    def content(self, elements: int, depth: int) -> bytes:
        random = self.random
        tags = set(random.choices([*PUBLIC, *NESTED, *DECIDING], k=elements))
        if self.chance(0.4):
            tags.update(random.choices(PRIVATE, k=3))
        if self.chance(0.2):
            tags.update((0x00290010, 0x00291008, 0x00291010))
        if self.chance(self.oddity):
            tags.add(random.choice([*STRANGE, ITEM, ITEM_END, SEQUENCE_END, 0x00110000, 0x00090000]))
        if self.chance(0.15) and tags:
            tags.add(random.choice(sorted(tags)) & 0xFFFF0000)
        return b"".join(self.any_element(tag, depth) for tag in self.disordered(sorted(tags) or [0x00080008]))

    def any_element(self, tag: int, depth: int) -> bytes:
        if tag == 0x00290010 and self.chance(0.7):
            return self.element(tag, "LO", b"SIEMENS CSA HEADER")
        if tag in {0x00291008, 0x00291010} and self.chance(0.7):
            return self.element(tag, self.random.choice(["CS", "UN"]), self.random.choice([b"ab  ", b"abcd", b"abc"]))
        if not self.chance(self.oddity):
            return super().any_element(tag, depth)
        random = self.random
        vr = random.choice(VRS if self.chance(0.8) else ODD_VRS)
        if (vr == "SQ" or self.chance(0.1)) and depth < 12:
            return self.sequence(tag, depth) if self.chance(0.8) else self.unknown_sequence(tag, depth)
        return self.element(tag, vr, self.value(tag, vr), self.wrong_length() if self.chance(0.02) else None)

    def element(self, tag: int, vr: str, value: bytes, length: int | None = None) -> bytes:
        """With reserved bytes that are not 0 now and then."""
        made = super().element(tag, vr, value, length)
        if self.explicit and vr in LONG and self.chance(self.oddity / 20):
            return made[:6] + self.random.choice([b"\0\1", b"\1\0", b"  "]) + made[8:]
        return made

    def wrong_length(self) -> int:
        return self.random.choice([0, 1, 2, 6, 0xFFFE, 0xFFFF])

    def value(self, tag: int, vr: str) -> bytes:
        if not self.chance(self.oddity):
            return super().value(tag, vr)
        random = self.random
        if self.chance(0.2):
            return random.choice(CREATORS) + random.choice(TAILS)
        return bytes(random.choices(b"\0 12.AB\t", k=random.randrange(9))) + random.choice(TAILS)

    def sequence(self, tag: int, depth: int) -> bytes:
        random = self.random
        items = b"".join(self.item(depth) for _ in range(random.choice([0, 1, 1, 2, 5])))
        if self.chance(0.02) or depth > 20:
            items += self.tagged(random.choice([0x00080008, ITEM_END]), 0)
        if self.chance(0.5):
            return self.element(tag, "SQ", items)
        return self.element(tag, "SQ", items + self.delimiter(SEQUENCE_END), UNDEFINED)

    def item(self, depth: int) -> bytes:
        content = self.content(self.random.randrange(5), depth + 1)
        if self.chance(0.5):
            beyond = self.random.choice([-8, -2, 2, 8]) if self.chance(self.oddity / 20) else 0
            return self.tagged(ITEM, max(len(content) + beyond, 0)) + content
        return self.tagged(ITEM, UNDEFINED) + content + self.delimiter(ITEM_END)

    def delimiter(self, tag: int) -> bytes:
        """With a length that means nothing now and then; or none."""
        if self.chance(self.oddity / 40):
            return b""
        return self.tagged(tag, self.random.choice([2, 0x20202020]) if self.chance(self.oddity / 3) else 0)


@dataclass(frozen=True, slots=True)
class Sent:
    """One data set, how it arrives, and how it is to be written."""

    syntax: str
    data: bytes
    sizes: tuple[int, ...]
    encoding: Encoding


def sent(seed: int) -> Sent:
    """The data set of a seed."""
    random = Random(seed)
    syntax = random.choice([LITTLE, LITTLE, LITTLE, IMPLICIT, IMPLICIT, BIG, JPEG])
    sender = Hostile(
        random,
        explicit=syntax != IMPLICIT,
        big_endian=syntax == BIG,
        oddity=random.choice([0, 0, 0.02, 0.05, 0.3]),
    )
    data = bytearray(sender.data_set(random.randrange(1, 12)))
    for _ in range(random.choice([0, 0, 0, 0, 0, 1, 3])):
        damage(data, random)
    sizes = random.choice(
        [(1 << 20,), (16372,), tuple(random.randint(1, 90) for _ in range(3)), (random.randint(1, 5),)]
    )
    return Sent(syntax, bytes(data), sizes, encoding(random))


def damage(data: bytearray, random: Random) -> None:
    """Bytes change, go, or come twice; even numbers of them, mostly."""
    at = random.randrange(len(data)) & ~1
    count = random.choice([1, 2, 4, 8])
    kind = random.randrange(4)
    if kind == 0:
        data[at] = random.choice(b"\0 \n.1\x02\xff")
    elif kind == 1:
        data[at : at + 2] = random.choice([b"  ", b"\0\0", b" \0", b"\xfe\xff", b"\x01\x00", b"SQ", b"UN", b"\xff\xff"])
    elif kind == 2:
        del data[at : at + count]
    else:
        data[at:at] = data[at : at + count]
    if not data:
        data += struct.pack("<HHI", 8, 8, 0)


def encoding(random: Random) -> Encoding:
    """Any; mostly one that leaves the form as it is."""
    return Encoding(
        transfer_syntax=OutputSyntax.SAME if random.random() < 0.8 else random.choice(list(OutputSyntax)),
        new_vr=random.random() < 0.8,
        group_length=random.choice([GroupLength.RECALCULATE, GroupLength.RECALCULATE, *GroupLength]),
        sequence_length=random.choice([SequenceLength.EXPLICIT, *SequenceLength]),
        file_padding=random.choice([0, 0, 512]),
        item_padding=random.choice([0, 0, 0, 2, 16, 1 << 17]),
        convert_un=random.random() < 0.2,
        limits=Limits(nesting=2) if random.random() < 0.1 else Limits(),
    )
