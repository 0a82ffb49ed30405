"""Data sets with everything in them that senders do, right and wrong."""

import struct
from random import Random

LONG = frozenset(
    {
        "OB", "OD", "OF", "OL", "OV", "OW", "SQ", "SV", "UC", "UN", "UR", "UT", "UV", "XX", "OX", "ox", "lt", "px",
    }
)  # fmt: skip
TEXT = ("AE", "AS", "CS", "DA", "DS", "DT", "IS", "LO", "LT", "PN", "SH", "ST", "TM", "UC", "UR", "UT")
NUMBERS = {"US": 2, "SS": 2, "AT": 2, "UL": 4, "SL": 4, "FL": 4, "FD": 8}
ARRAYS = {"OB": 1, "OW": 2, "OF": 4, "OL": 4, "OD": 8, "OV": 8, "SV": 8, "UV": 8, "UN": 1}
UNDEFINED = 0xFFFFFFFF
ITEM, ITEM_END, SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD

PUBLIC = {
    0x00080005: "CS", 0x00080008: "CS", 0x00080016: "UI", 0x00080018: "UI", 0x00080020: "DA", 0x00080050: "SH",
    0x00081030: "LO", 0x00081140: "SQ", 0x00081155: "UI", 0x00082112: "SQ", 0x00100010: "PN", 0x00100020: "LO",
    0x00101030: "DS", 0x00104000: "LT", 0x00180050: "DS", 0x00189074: "DT", 0x00189087: "FD", 0x0020000D: "UI",
    0x0020000E: "UI", 0x00200013: "IS", 0x00209165: "AT", 0x00280010: "US", 0x00280103: "US", 0x00280106: "US",
    0x00280120: "SS", 0x00281101: "US", 0x00281201: "OW", 0x00283002: "US", 0x00283006: "OW", 0x0040A043: "SQ",
    0x0040A160: "UT", 0x0040A730: "SQ", 0x00420011: "OB", 0x00660016: "OF", 0x00880200: "SQ", 0x50003000: "OB",
    0x52009230: "SQ", 0x54001010: "OW", 0x60003000: "OW", 0x60000050: "SS", 0x7FE00008: "OF",
}  # fmt: skip
"""Tags and a VR that they may have."""

STRANGE = (0x00000002, 0x00010010, 0x00020010, 0x00041130, 0x00100099, 0x00109999, 0x00203105, 0x60013000)
PRIVATE = (0x00090010, 0x00091001, 0x000910FF, 0x00191008, 0x00290010, 0x00291010, 0x002910AA, 0x7FE10010, 0x7FE11001)
CREATORS = (b"SIEMENS CSA HEADER", b"GEMS_IDEN_01", b"ACME 1.0", b"SIEMENS MR HEADER ", b"")


class Sender:
    """Makes data sets in one form; ``oddity`` is how often something is not as it should be."""

    def __init__(self, random: Random, *, explicit: bool, big_endian: bool, oddity: float = 0.15) -> None:
        self.random = random
        self.explicit = explicit
        self.order = ">" if big_endian else "<"
        self.oddity = oddity

    def data_set(self, elements: int = 12) -> bytes:
        """A whole data set of an even length."""
        data = self.content(elements, depth=0)
        if self.chance(0.3):
            data += self.element(0x7FE00010, self.random.choice(["OB", "OW", "OW", "OX"]), self.random.randbytes(10))
        if self.chance(self.oddity):
            data += self.element(0xFFFCFFFC, "OB", bytes(6))
        return data + self.element(0xFFFA0101, "LO", b"x") if len(data) & 1 else data

    def content(self, elements: int, depth: int) -> bytes:
        """The content of a data set or item."""
        tags = self.tags(elements)
        return b"".join(self.any_element(tag, depth) for tag in tags)

    def tags(self, count: int) -> list[int]:
        """Tags, mostly in order."""
        random = self.random
        tags = set(random.sample(sorted(PUBLIC), min(count, len(PUBLIC))))
        private = self.chance(0.4)
        if private:
            tags.update(random.sample(PRIVATE, random.randint(1, len(PRIVATE))))
        if self.chance(self.oddity):
            tags.add(random.choice(STRANGE))
        for group in sorted({tag >> 16 for tag in tags}):
            if self.chance(0.15):
                tags.add(group << 16)
        ordered = sorted(tags) or [0x00080008]
        return ordered if private else self.disordered(ordered)

    def disordered(self, ordered: list[int]) -> list[int]:
        """The tags with a duplicate, one out of place, all out of place, or padding in the midst of them."""
        random = self.random
        if self.chance(self.oddity / 2):
            ordered.insert(random.randrange(len(ordered) + 1), random.choice(ordered))
        if self.chance(self.oddity / 2):
            ordered.insert(random.randrange(len(ordered)), ordered.pop(random.randrange(len(ordered))))
        if self.chance(self.oddity / 4):
            random.shuffle(ordered)
        if self.chance(self.oddity / 2):
            ordered.insert(random.randrange(len(ordered) + 1), 0xFFFCFFFC)
        return ordered

    def any_element(self, tag: int, depth: int) -> bytes:
        """An element with this tag."""
        random = self.random
        vr = PUBLIC.get(tag, "LO")
        if tag & 0xFFFF == 0:
            vr = "UL"
        elif tag >> 16 & 1:
            vr = "LO" if tag & 0xFF00 == 0 else random.choice(["LO", "UN", "OB", "US", "DS", "SQ", "FD"])
        if tag & 0xFFFF and self.explicit and self.chance(self.oddity / 4):
            vr = random.choice([*TEXT, *NUMBERS, *ARRAYS, "UI", "XX", "OX", "ox", "up", "xs", "lt", "zz"])
        if vr == "SQ" and depth < 4:
            return self.sequence(tag, depth)
        if vr == "SQ":
            return self.element(tag, "SQ", b"")
        if self.explicit and self.chance(self.oddity / 4):
            return self.unknown_sequence(tag, depth)
        return self.element(tag, vr, self.value(tag, vr))

    def value(self, tag: int, vr: str) -> bytes:
        """A value, perhaps a strange one."""
        random, odd = self.random, self.chance(self.oddity)
        if self.chance(0.05):
            return b""
        if tag & 0xFFFF == 0:
            return random.randbytes(random.choice([0, 4]) if odd else 4)
        if tag == 0x00280103 and not odd:
            return struct.pack(self.order + "H", random.randrange(3))
        if tag >> 16 & 1 and tag & 0xFF00 == 0:
            return random.choice(CREATORS) + (b" " if odd else b"")
        if vr == "UI":
            return self.uid(odd=odd)
        if vr in TEXT or vr == "zz":
            text = bytes(random.choices(b"ABC 12.\\^", k=random.randint(1, 12)))
            tail = random.choice([b"", b" ", b"  ", b"\0", b" \0", b"\0 ", b"   "]) if odd else b""
            text = text.rstrip() + tail
            return text if odd and self.chance(0.4) else text + b" " * (len(text) % 2)
        unit = NUMBERS.get(vr) or ARRAYS.get(vr) or 1
        length = unit * random.randint(1, 5)
        if odd:
            length = random.randint(0, 17)
        elif length % 2:
            length += 1
        return random.randbytes(length)

    def uid(self, *, odd: bool) -> bytes:
        """A UID with what senders put into them."""
        random = self.random
        uid = b"1.2." + str(random.randrange(10**9)).encode()
        if odd:
            at = random.randrange(len(uid))
            uid = uid[:at] + random.choice([b" ", b"\t", b"\0", b"\\", b""]) + uid[at:]
            uid += random.choice([b"", b" ", b"  ", b"\0\0", b" \0"])
            return uid
        return uid + b"\0" * (len(uid) % 2)

    def sequence(self, tag: int, depth: int) -> bytes:
        """A sequence with some items."""
        defined = self.chance(0.5)
        items = b"".join(self.item(depth) for _ in range(self.random.randrange(3)))
        if defined:
            return self.element(tag, "SQ", items)
        return self.element(tag, "SQ", items + self.tagged(SEQUENCE_END, 0), UNDEFINED)

    def item(self, depth: int) -> bytes:
        """An item."""
        content = self.content(self.random.randrange(4), depth + 1)
        if self.chance(0.5):
            return self.tagged(ITEM, len(content)) + content
        return self.tagged(ITEM, UNDEFINED) + content + self.tagged(ITEM_END, 0)

    def unknown_sequence(self, tag: int, depth: int) -> bytes:
        """UN with undefined length: implicit little endian inside."""
        inner = Sender(self.random, explicit=False, big_endian=False, oddity=self.oddity)
        items = b"".join(inner.item(max(depth, 2)) for _ in range(self.random.randrange(3)))
        return self.element(tag, "UN", items + inner.tagged(SEQUENCE_END, 0), UNDEFINED)

    def element(self, tag: int, vr: str, value: bytes, length: int | None = None) -> bytes:
        """An element as it is sent."""
        length = len(value) if length is None else length
        if not self.explicit:
            return self.tagged(tag, length) + value
        code = vr.encode("ascii")
        if vr in LONG:
            return self._tag(tag) + code + b"\0\0" + struct.pack(self.order + "I", length) + value
        return self._tag(tag) + code + struct.pack(self.order + "H", length) + value

    def tagged(self, tag: int, length: int) -> bytes:
        """A header without VR."""
        return self._tag(tag) + struct.pack(self.order + "I", length)

    def _tag(self, tag: int) -> bytes:
        return struct.pack(self.order + "HH", tag >> 16, tag & 0xFFFF)

    def chance(self, probability: float) -> bool:
        """True so often."""
        return self.random.random() < probability
