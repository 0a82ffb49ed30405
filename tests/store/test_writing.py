"""What a writer makes of pieces, patches and plans; large objects take no more memory than small ones."""

import os
import random
import subprocess
import sys
import zlib

import pytest

from storescpd.dataset import Extent, Patch, Plan
from storescpd.store import Place
from tests.store.sink import committed, contents, directory, header, no_leak, temporaries
from tests.support.build import PATH

DATA = random.Random(5).randbytes(5000)
HEAD = header()
LONGER = header("A LONGER TITLE")


def written(path, steps, head=HEAD) -> bytes:
    """The file that some steps with a writer leave."""
    with no_leak():
        writer = directory(path).begin(head)
        steps(writer)
        committed(writer, Place("CT.1"))
    assert temporaries(path) == []
    return contents(path)["CT.1"]


def test_an_object_without_data(tmp_path):
    assert written(tmp_path, lambda _writer: None) == HEAD
    assert written(tmp_path, lambda _writer: None, b"") == b""


def test_more_pieces_than_one_call_takes(tmp_path):
    pieces = [DATA[number : number + 1] for number in range(5000)]
    assert written(tmp_path, lambda writer: writer.write(pieces)) == HEAD + DATA


def test_patches_count_from_the_data_set(tmp_path):
    def steps(writer):
        writer.emit([DATA[:10], Patch(2, b"AB"), DATA[10:], Patch(9, b"CD"), Patch(4998, b"EF")])
        writer.emit([Patch(0, b"G")])

    expected = bytearray(DATA)
    expected[2:4], expected[9:11], expected[4998:5000], expected[0:1] = b"AB", b"CD", b"EF", b"G"
    assert written(tmp_path, steps) == HEAD + expected


@pytest.mark.parametrize("head", [HEAD, b""], ids=["file", "bare data set"])
@pytest.mark.parametrize("last", [HEAD, header("ANOTHER1"), LONGER, header("X"), b""], ids=len)
def test_another_header_at_the_end(head, last, tmp_path):
    def steps(writer):
        writer.write([DATA])
        writer.finish(last, None)

    assert written(tmp_path, steps, head) == last + DATA


EXTENTS = (Extent(4000, 1000), Extent(0, 1), Extent(0, 0), Extent(1, 3999))


@pytest.mark.parametrize("level", [None, 0, 1, 6, 9])
@pytest.mark.parametrize("extents", [None, EXTENTS, (), (Extent(7, 1),) * 3])
@pytest.mark.parametrize("last", [HEAD, LONGER], ids=["same header", "longer header"])
def test_a_plan(extents, level, last, tmp_path):
    def steps(writer):
        writer.emit([DATA, Patch(0, b"\0")])
        writer.finish(last, Plan(extents, level))

    patched = b"\0" + DATA[1:]
    ranges = extents if extents is not None else (Extent(0, 5000),)
    expected = b"".join(patched[one.offset : one.offset + one.length] for one in ranges)
    found = written(tmp_path, steps)
    assert found.startswith(last)
    stored = found[len(last) :]
    assert (stored if level is None else zlib.decompress(stored, -15)) == expected


def test_the_level_matters(tmp_path):
    text = b"0008,0005 ISO_IR 100 " * 1000
    sizes = []
    for level in (0, 1, 9):
        steps = lambda writer, level=level: (writer.write([text]), writer.finish(HEAD, Plan(None, level)))  # noqa: E731
        sizes.append(len(written(tmp_path / str(level), steps)))
    assert sizes[0] > len(text) > sizes[1] >= sizes[2]


LARGE = """
import resource, sys
from pathlib import Path
from storescpd.dataset import Extent, Plan
from storescpd.store import Place
from tests.store.sink import committed, directory, header

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

def store(mebibytes, plan):
    writer = directory(Path(sys.argv[1])).begin(header())
    piece = bytes(range(256)) * 4096
    for _ in range(mebibytes):
        writer.write([piece])
    writer.finish(header("ANOTHER TITLE"), plan)
    committed(writer, Place("CT.1"))

level = None if sys.argv[2] == "None" else int(sys.argv[2])
half = 128 << 20
plan = Plan((Extent(half, half), Extent(0, half)), level)
store(3, Plan((Extent(2 << 20, 1 << 20), Extent(0, 2 << 20)), level))
before = peak()
store(256, plan)
print(peak() - before)
"""


@pytest.mark.parametrize("level", [None, 1])
def test_a_large_object_is_rearranged_in_constant_memory(level, tmp_path):
    command = [sys.executable, "-c", LARGE, str(tmp_path / "out"), str(level)]
    environment = {**os.environ, "PYTHONPATH": PATH}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert int(done.stdout) < 4096, "KiB"
    size = (tmp_path / "out" / "CT.1").stat().st_size
    assert size > 256 << 20 if level is None else size < 32 << 20
