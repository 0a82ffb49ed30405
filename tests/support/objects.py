"""Objects to send: pydicom's bundled files, the corpus where there is one, and generated ones.

The files are taken apart by a parser of our own that reads the meta header and nothing else, so that what no toolkit
can read is sent as well.
"""

import csv
import os
import random
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

IMPLICIT_LITTLE = "1.2.840.10008.1.2"
EXPLICIT_LITTLE = "1.2.840.10008.1.2.1"
EXPLICIT_BIG = "1.2.840.10008.1.2.2"
DEFLATED = "1.2.840.10008.1.2.1.99"
CT_IMAGE = "1.2.840.10008.5.1.4.1.1.2"
ROOT = "1.2.826.0.1.3680043.8.498.77"

MEDIA_STORAGE_CLASS, MEDIA_STORAGE_INSTANCE, TRANSFER_SYNTAX = 0x0002_0002, 0x0002_0003, 0x0002_0010
LONG_LENGTH = {b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV"}
GUESSED_SYNTAX = {"?implLE": IMPLICIT_LITTLE, "?explLE": EXPLICIT_LITTLE, "?explBE": EXPLICIT_BIG}


@dataclass(frozen=True, slots=True)
class Object:
    """One object as it goes over the wire."""

    name: str
    """Where it comes from, for messages."""
    syntax: str
    sop_class: str
    sop_instance: str
    data: bytes
    """The data set without the meta header."""
    path: Path | None = None

    def __repr__(self) -> str:
        return f"<{self.name}>"


def elements(content: bytes, position: int) -> Iterator[tuple[int, bytes, int]]:
    """Explicit VR little endian elements from a position on: tag, value, end."""
    while position + 8 <= len(content):
        group, number, vr, length = struct.unpack_from("<HH2sH", content, position)
        start = position + 8
        if vr in LONG_LENGTH and start + 4 <= len(content):
            (length,) = struct.unpack_from("<I", content, start)
            start += 4
        position = start + length
        yield group << 16 | number, content[start:position], position


def split(content: bytes) -> tuple[dict[int, bytes], bytes]:
    """The meta header of a file by tag, and its data set; no meta header, no elements."""
    if content[128:132] != b"DICM":
        return {}, content
    meta, end = {}, 132
    for tag, value, after in elements(content, 132):
        if tag >> 16 != 2 or after > len(content):
            break
        meta[tag], end = value, after
    return meta, content[end:]


def uid(value: bytes) -> str:
    """A UID value without its padding."""
    return value.rstrip(b"\0 ").decode("latin-1")


def read(path: Path, name: str, *, syntax: str = "", sop_class: str = "", sop_instance: str = "") -> Object:
    """A file as an object; what its meta header does not say is taken from the arguments."""
    meta, data = split(path.read_bytes())
    return Object(
        name,
        uid(meta.get(TRANSFER_SYNTAX, b"")) or syntax,
        uid(meta.get(MEDIA_STORAGE_CLASS, b"")) or sop_class,
        uid(meta.get(MEDIA_STORAGE_INSTANCE, b"")) or sop_instance,
        data,
        path,
    )


@cache
def bundled() -> tuple[Object, ...]:
    """pydicom's own test files that have a complete meta header, each SOP class and instance once."""
    import pydicom  # noqa: PLC0415 - only who asks for these files pays for it

    folder = Path(pydicom.__file__).parent / "data" / "test_files"
    found: dict[tuple[str, str], Object] = {}
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        candidate = read(path, str(path.relative_to(folder)))
        key = candidate.sop_class, candidate.sop_instance
        if all((candidate.syntax, *key, candidate.data)) and key not in found:
            found[key] = candidate
    return tuple(found.values())


def corpus_directory() -> Path | None:
    """Where the corpus is: $STORESCPD_CORPUS or ../shared/corpus beside the repository."""
    beside = Path(__file__).parents[3] / "shared" / "corpus"
    directory = Path(os.environ.get("STORESCPD_CORPUS") or beside)
    return directory if (directory / "index.tsv").is_file() else None


@cache
def corpus() -> tuple[Object, ...]:
    """Every file of the corpus; what a file does not say comes from the index, or is a fixed valid UID of its own."""
    directory = corpus_directory()
    if directory is None:
        return ()
    with (directory / "index.tsv").open(newline="", errors="replace") as index:
        rows = list(csv.DictReader(index, delimiter="\t", quoting=csv.QUOTE_NONE))
    return tuple(_row(directory, row, number) for number, row in enumerate(rows, 1))


def _row(directory: Path, row: dict[str, str], number: int) -> Object:
    known = row["ts_uid"] if row["ts_uid"][:1].isdigit() else GUESSED_SYNTAX.get(row["ts_uid"], IMPLICIT_LITTLE)
    sop_class = row["sop_class_uid"] if row["sop_class_uid"][:1].isdigit() else CT_IMAGE
    instance = f"{ROOT}.9.{number}"
    found = read(directory / row["path"], row["path"], syntax=known, sop_class=sop_class, sop_instance=instance)
    return found if found.syntax[:1].isdigit() else replace(found, syntax=known)


def encode(tag: int, vr: str, value: bytes) -> bytes:
    """One explicit VR little endian element, padded to an even length."""
    value += (b"\0" if vr in {"UI", "OB", "UN"} else b" ") * (len(value) % 2)
    head = struct.pack("<HH", tag >> 16, tag & 0xFFFF) + vr.encode("ascii")
    if vr.encode("ascii") in LONG_LENGTH:
        return head + struct.pack("<2xI", len(value)) + value
    return head + struct.pack("<H", len(value)) + value


def sequence(tag: int, items: Iterable[bytes], *, undefined: bool = False) -> bytes:
    """A sequence of encoded items, with explicit or undefined lengths throughout."""
    if not undefined:
        return encode(tag, "SQ", b"".join(struct.pack("<HHI", 0xFFFE, 0xE000, len(body)) + body for body in items))
    opening, closing = struct.pack("<HHI", 0xFFFE, 0xE000, 0xFFFFFFFF), struct.pack("<HHI", 0xFFFE, 0xE00D, 0)
    head = struct.pack("<HH2s2xI", tag >> 16, tag & 0xFFFF, b"SQ", 0xFFFFFFFF)
    return head + b"".join(opening + body + closing for body in items) + struct.pack("<HHI", 0xFFFE, 0xE0DD, 0)


CT_HEADER = (
    (0x00080005, "CS", "ISO_IR 100"), (0x00080008, "CS", "ORIGINAL\\PRIMARY\\AXIAL"), (0x00080012, "DA", "20240229"),
    (0x00080013, "TM", "101112.345"), (0x00080016, "UI", CT_IMAGE), (0x00080018, "UI", "{instance}"),
    (0x00080020, "DA", "20240229"), (0x00080021, "DA", "20240229"), (0x00080022, "DA", "20240229"),
    (0x00080023, "DA", "20240229"), (0x00080030, "TM", "101010"), (0x00080031, "TM", "101110"),
    (0x00080032, "TM", "101111.5"), (0x00080033, "TM", "101112.25"), (0x00080050, "SH", "A20240229-17"),
    (0x00080060, "CS", "CT"), (0x00080070, "LO", "Example Imaging"), (0x00080080, "LO", "General Hospital"),
    (0x00080081, "ST", "1 Main Street, Exampletown"), (0x00080090, "PN", "Referring^Physician"),
    (0x00081010, "SH", "CT1"), (0x00081030, "LO", "CT Thorax with contrast"), (0x0008103E, "LO", "Thorax 1.0 B70f"),
    (0x00081040, "LO", "Radiology"), (0x00081050, "PN", "Performing^Physician"), (0x00081070, "PN", "Operator^One"),
    (0x00081090, "LO", "Model 64"), (0x00081140, "SQ", ""), (0x00082111, "ST", "Derived for tests"),
    (0x00082218, "SQ", ""), (0x00090010, "LO", "EXAMPLE PRIVATE 1.0"), (0x00091001, "LO", "private text"),
    (0x00091002, "UN", "private bytes!"), (0x00100010, "PN", "Sample^Patient^Q"), (0x00100020, "LO", "PID-0000017"),
    (0x00100030, "DA", "19500417"), (0x00100040, "CS", "O"), (0x00101010, "AS", "073Y"), (0x00101020, "DS", "1.75"),
    (0x00101030, "DS", "80.5"), (0x001021B0, "LT", "No known history"), (0x00180010, "LO", "Contrast agent"),
    (0x00180015, "CS", "CHEST"), (0x00180022, "CS", "HELICAL MODE"), (0x00180050, "DS", "1.0"),
    (0x00180060, "DS", "120"), (0x00180090, "DS", "500"), (0x00181000, "LO", "SN-000123"),
    (0x00181020, "LO", "1.2.3b4"), (0x00181030, "LO", "Thorax routine"),
    (0x00181040, "LO", "IV"), (0x00181100, "DS", "350"),
    (0x00181110, "DS", "1040"), (0x00181111, "DS", "570"), (0x00181120, "DS", "0"), (0x00181130, "DS", "160.5"),
    (0x00181140, "CS", "CW"), (0x00181150, "IS", "500"), (0x00181151, "IS", "285"), (0x00181152, "IS", "142"),
    (0x00181160, "SH", "BODY FILTER"), (0x00181170, "IS", "60"), (0x00181190, "DS", "0.7\\1.2"),
    (0x00181200, "DA", "20240228"), (0x00181201, "TM", "070000"), (0x00181210, "SH", "B70f"), (0x00185100, "CS", "HFS"),
    (0x00189305, "FD", 0.5), (0x00189306, "FD", 0.6), (0x00189307, "FD", 38.4), (0x00189309, "FD", 46.0),
    (0x00189310, "FD", 23.0), (0x00189311, "FD", 1.2), (0x00189345, "FD", 8.25),
    (0x0020000D, "UI", "{study}"), (0x0020000E, "UI", "{study}.3"), (0x00200010, "SH", "S-17"),
    (0x00200011, "IS", "3"), (0x00200012, "IS", "1"), (0x00200013, "IS", "42"),
    (0x00200032, "DS", "-174.65\\-174.65\\-512.5"), (0x00200037, "DS", "1\\0\\0\\0\\1\\0"),
    (0x00200052, "UI", "{study}.4"), (0x00201002, "IS", "400"), (0x00201040, "LO", "SN"), (0x00201041, "DS", "-512.5"),
    (0x00204000, "LT", "Image comment"), (0x00280002, "US", 1), (0x00280004, "CS", "MONOCHROME2"),
    (0x00280010, "US", 512), (0x00280011, "US", 512), (0x00280030, "DS", "0.683594\\0.683594"), (0x00280100, "US", 16),
    (0x00280101, "US", 12), (0x00280102, "US", 11), (0x00280103, "US", 0), (0x00280106, "US", 0),
    (0x00280107, "US", 4095), (0x00281050, "DS", "-600\\40"), (0x00281051, "DS", "1600\\400"),
    (0x00281052, "DS", "-1024"),
    (0x00281053, "DS", "1"), (0x00281054, "LO", "HU"), (0x00281055, "LO", "WINDOW1\\WINDOW2"),
    (0x00320010, "SH", "DICTATED"), (0x00321033, "LO", "Pulmonology"), (0x00321060, "LO", "CT Thorax"),
    (0x00380010, "LO", "ADM-77"), (0x00400002, "DA", "20240229"), (0x00400003, "TM", "100000"),
    (0x00400244, "DA", "20240229"), (0x00400245, "TM", "101010"), (0x00400253, "SH", "PPS-17"),
    (0x00400254, "LO", "CT Thorax"), (0x00400275, "SQ", ""),
)  # fmt: skip
"""About 120 elements as a scanner writes them; the sequences are filled by `ct_header`."""

INSTANCE = f"{ROOT}.1." + "{:012d}"
STUDY = f"{ROOT}.2." + "{:06d}"
FIRST = 100_000_000_000
"""Added to every instance number, so that all UIDs are of one length."""


def _value(vr: str, value: str | float, texts: dict[str, str]) -> bytes:
    if vr == "FD":
        return struct.pack("<d", value)
    if vr == "US":
        return struct.pack("<H", value)
    return str(value).format(**texts).encode("latin-1")


def ct_header(instance: str, study: str, *, undefined: bool = False) -> bytes:
    """The data set of a CT image up to its pixels."""
    code = b"".join(
        encode(tag, vr, text)
        for tag, vr, text in ((0x00080100, "SH", b"T-D3000"), (0x00080102, "SH", b"SRT"), (0x00080104, "LO", b"Chest"))
    )
    reference = encode(0x00081150, "UI", CT_IMAGE.encode()) + encode(0x00081155, "UI", f"{study}.9".encode())
    filled = {
        0x00081140: [reference, reference],
        0x00082218: [code],
        0x00400275: [sequence(0x00400008, [code], undefined=undefined) + encode(0x00400009, "SH", b"SPS-17")],
    }
    texts = {"instance": instance, "study": study}
    return b"".join(
        sequence(tag, filled[tag], undefined=undefined) if vr == "SQ" else encode(tag, vr, _value(vr, value, texts))
        for tag, vr, value in CT_HEADER
    )


class Template:
    """One generated object of which many are made by replacing the instance UID."""

    def __init__(self, data: bytes, sop_class: str, name: str = "generated") -> None:
        self.sop_class, self.name = sop_class, name
        self.head, self.placeholder, self.tail = data.partition(INSTANCE.format(FIRST).encode("ascii"))

    @property
    def size(self) -> int:
        """Bytes of the data set."""
        return len(self.head) + len(self.placeholder) + len(self.tail)

    def instance(self, number: int) -> str:
        """The SOP instance UID of one object."""
        return INSTANCE.format(FIRST + number)

    def bytes(self, number: int) -> bytes:
        """The data set of one object."""
        return b"".join((self.head, self.instance(number).encode("ascii"), self.tail))

    def object(self, number: int) -> Object:
        """One object."""
        name = f"{self.name} {number}"
        return Object(name, EXPLICIT_LITTLE, self.sop_class, self.instance(number), self.bytes(number))


def noise(size: int, seed: int) -> bytes:
    """Bytes that do not compress, always the same; a mebibyte of them over and over where more are wanted."""
    block = random.Random(seed).randbytes(min(size, 1 << 20))
    return (block * -(-size // len(block)))[:size]


@cache
def ct(pixels: int = 512 * 512, *, undefined: bool = False, seed: int = 17) -> Template:
    """A CT image of half a mebibyte in canonical explicit little endian."""
    header = ct_header(INSTANCE.format(FIRST), STUDY.format(100_000 + seed), undefined=undefined)
    return Template(header + encode(0x7FE00010, "OW", noise(2 * pixels, seed)), CT_IMAGE, "generated CT")
