"""The power fails while journals are written: every record that was confirmed is read afterwards."""

import os
import signal
import threading
from pathlib import Path

import pytest

from storescpd.studies.journal.files import open_folder
from storescpd.studies.journal.reading import Source
from storescpd.studies.journal.segments import new_owner, used
from storescpd.studies.journal.writing import Journal
from tests.support.mounts import PowerCut, cuttable
from tests.support.tools import needs_root

pytestmark = [pytest.mark.root, needs_root]

LEDGER = b"one ledger of 16"
THREADS = 3


def append_for_ever(path: Path, told: int, first: int, *, durable: bool) -> None:
    """In a process of its own: each number goes into the pipe once it is confirmed."""
    journal = Journal(open_folder(str(path)), new_owner(LEDGER, durable=durable))

    def append(thread: int) -> None:
        number = first + thread
        while True:
            # Long ones too, and soon another segment.
            journal.append(b"%08d" % number + bytes(number % 7 * 3000))
            os.write(told, b"%08d" % number)
            number += THREADS

    threads = [threading.Thread(target=append, args=(thread,), daemon=True) for thread in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def cut_after(power: PowerCut, first: int, confirmed: int, *, durable: bool) -> set[int]:
    """Let the power fail once so many have been confirmed; returns which were, until then and while it failed."""
    reader, writer = os.pipe()
    pid = os.fork()
    if not pid:
        try:
            os.close(reader)
            # What threads say that get errors is nobody's business.
            os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
            append_for_ever(power.directory / "journals", writer, first, durable=durable)
        finally:
            os._exit(0)
    os.close(writer)
    told = b""
    while len(told) < confirmed * 8:
        piece = os.read(reader, 8)
        assert piece
        told += piece
    power.cut()
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    while piece := os.read(reader, 1 << 16):
        told += piece
    os.close(reader)
    power.restore()
    return {int(told[at : at + 8]) for at in range(0, len(told), 8)}


def read_all(power: PowerCut) -> set[int]:
    """What a keeper finds, which frees nothing that it does not have."""
    folder = open_folder(str(power.directory / "journals"))
    found: set[int] = set()
    for one in used(folder, durable=True).found:
        source = Source(one, None)
        ended = False
        while not ended:
            taken = source.take()
            assert all(damage.torn for damage in taken.damages)
            found |= {int(record[:8]) for record in taken.records}
            ended = taken.ended
        source.free()
        source.close()
    os.close(folder)
    return found


CUTS = (1, 40, 300, 90, 5, 170)
"""Confirmed records before each cut: in the first segment, in later ones, in those that are used again."""


@pytest.mark.parametrize("kind", ["ext4", "xfs"])
def test_confirmed_records_survive(kind, tmp_path):
    with cuttable(tmp_path / "disk", kind) as power:
        for round_, count in enumerate(CUTS):
            confirmed = cut_after(power, round_ * 100000, count, durable=True)
            found = read_all(power)
            assert confirmed <= found
            # Nothing of an earlier round comes back.
            assert {number // 100000 for number in found} == {round_}


def test_without_a_sync_they_do_not(tmp_path):
    """So a test of it can fail."""
    with cuttable(tmp_path / "disk", "ext4") as power:
        confirmed = cut_after(power, 0, 300, durable=False)
        folder = power.directory / "journals"
        assert not confirmed <= (read_all(power) if folder.exists() else set())
