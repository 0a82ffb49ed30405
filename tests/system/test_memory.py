"""A worker's memory does not grow with the size of an object."""

import os
import random
import struct
import tempfile
import zlib
from array import array
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import pytest

from tests.support.compare import OURS
from tests.support.daemon import storescpd
from tests.support.objects import CT_IMAGE, FIRST, INSTANCE, STUDY, ct_header, elements
from tests.support.processes import memory
from tests.support.rawclient import fragments, store_request
from tests.support.scenes import CT, SUCCESS, associate, data_pdu, small, store

MIB = 1 << 20
BLOCK = random.Random(23).randbytes(MIB)
PIXELS = 1024 * MIB
HEADER = ct_header(INSTANCE.format(FIRST + 7), STUDY.format(100_000)) + struct.pack(
    "<HH2s2xI", 0x7FE0, 0x10, b"OW", PIXELS
)


def available() -> int:
    """Memory that is free for the taking."""
    table = dict(line.split(":") for line in Path("/proc/meminfo").read_text().splitlines())
    return int(table["MemAvailable"].split()[0]) * 1024


@pytest.fixture
def spool() -> Iterator[Path]:
    """Room for the object: in memory where there is enough of it, so that the disk does not set the pace."""
    shared = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=shared if shared.is_dir() and available() > 4 * PIXELS else None) as folder:
        yield Path(folder)


def send(association) -> int:
    """The object, a block at a time."""
    association.send_raw(b"".join(fragments(CT, 1, store_request(CT_IMAGE, INSTANCE.format(FIRST + 7)), 16000)))
    association.send_raw(data_pdu(HEADER, last=False))
    size = association.pdv_size
    message = b"".join(data_pdu(BLOCK[start : start + size], last=False) for start in range(0, MIB - size, size))
    end = BLOCK[(MIB - 1) // size * size :]
    for _ in range(PIXELS // MIB - 1):
        association.send_raw(message + data_pdu(end, last=False))
    association.send_raw(message + data_pdu(end, last=True))
    return association.status()


def swapped(block: bytes) -> bytes:
    """The block with the bytes of each 16-bit number turned."""
    numbers = array("H", block)
    numbers.byteswap()
    return numbers.tobytes()


def pixels(path: Path, syntax: str) -> Iterator[bytes]:
    """The last gibibyte of a file, in blocks as they were sent."""
    with path.open("rb") as file:
        if syntax == "deflated":
            yield from inflated(file)
            return
        file.seek(-PIXELS, os.SEEK_END)
        for _ in range(PIXELS // MIB):
            yield swapped(file.read(MIB)) if syntax == "explicit-big" else file.read(MIB)


def inflated(file: BinaryIO) -> Iterator[bytes]:
    """The pixels of a deflated data set, which begins behind the meta header."""
    head = file.read(4096)
    file.seek(max(end for tag, _, end in elements(head, 132) if tag >> 16 == 2))
    stream = zlib.decompressobj(-zlib.MAX_WBITS)
    left = bytearray()
    skip = len(HEADER)
    while piece := file.read(MIB):
        left += stream.decompress(piece)
        while len(left) >= skip + MIB:
            yield bytes(left[skip : skip + MIB])
            del left[: skip + MIB]
            skip = 0


def check(path: Path) -> None:
    """Every byte is there."""
    with path.open("rb") as file:
        head = file.read(4096)
        after = max(end for tag, _, end in elements(head, 132) if tag in OURS or tag >> 16 == 2)
        file.seek(after)
        assert file.read(len(HEADER)) == HEADER
        for _ in range(PIXELS // MIB):
            assert file.read(MIB) == BLOCK
        assert file.read() == b""


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("bit_preserving", [True, False])
def test_an_object_of_a_gibibyte(bit_preserving, spool):
    config = {"storage": {"bit_preserving": bit_preserving, "durability": "none"}}
    with storescpd(spool / "out", config) as daemon, associate(daemon.port) as association:
        assert store(association, small(), 1) == SUCCESS
        [worker] = daemon.worker_pids()
        idle = memory(worker, "VmRSS")
        Path(f"/proc/{worker}/clear_refs").write_text("5")
        assert send(association) == SUCCESS
        assert memory(worker, "VmHWM") - idle <= 16 * MIB
        association.release()
        [path] = [path for path in daemon.stored() if path.stat().st_size > PIXELS]
        check(path)


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("syntax", ["explicit-big", "implicit", "deflated"])
def test_a_gibibyte_that_is_converted(syntax, spool):
    encoding = {"transfer_syntax": syntax} | ({"compression_level": 1} if syntax == "deflated" else {})
    config = {"storage": {"durability": "none"}, "encoding": encoding}
    with storescpd(spool / "out", config) as daemon, associate(daemon.port, timeout=300) as association:
        assert store(association, small(), 1) == SUCCESS
        [worker] = daemon.worker_pids()
        idle = memory(worker, "VmRSS")
        Path(f"/proc/{worker}/clear_refs").write_text("5")
        assert send(association) == SUCCESS
        assert memory(worker, "VmHWM") - idle <= 32 * MIB
        association.release()
        [path] = [path for path in daemon.stored() if path.stat().st_size > PIXELS // 2]
        blocks = 0
        for block in pixels(path, syntax):
            assert block == BLOCK
            blocks += 1
        assert blocks == PIXELS // MIB
