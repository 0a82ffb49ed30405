"""A worker or a keeper is killed at any system call: no record that was confirmed is lost, and none is entered twice.

The calls are those that Python makes for them; the process kills itself before the n-th or after it.
"""

import fcntl
import os
import signal
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from storescpd.studies.journal.blocks import BLOCK
from storescpd.studies.journal.files import open_folder
from storescpd.studies.journal.reading import Source
from storescpd.studies.journal.segments import new_owner, prepare, remove_free, used
from storescpd.studies.journal.writing import Journal

CALLS = (
    (os, "open"), (os, "preadv"), (os, "pwritev"), (os, "fsync"), (os, "fstat"), (os, "listdir"), (os, "close"),
    (os, "ftruncate"), (os, "unlink"), (fcntl, "flock"), (fcntl, "fcntl"),
)  # fmt: skip
LEDGER = b"one ledger of 16"
RECORDS = 30
LENGTH = 10 * BLOCK
"""Of a record: some of them change the segment."""


class Killer:
    """Kills this process at a step, counted from 1: an odd one before a call, an even one after it."""

    def __init__(self, when: int) -> None:
        self.left = when

    def step(self) -> None:
        self.left -= 1
        if not self.left:
            os.kill(os.getpid(), signal.SIGKILL)

    def wrap(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def stepping(*arguments: Any, **options: Any) -> Any:
            self.step()
            try:
                return call(*arguments, **options)
            finally:
                self.step()

        return stepping


def in_child(work: Callable[[Killer], None], when: int) -> bool:
    """Do something in a process that dies at a step; whether it got to its end before."""
    pid = os.fork()
    if not pid:
        status = 1
        try:
            killer = Killer(when)
            for module, name in CALLS:
                setattr(module, name, killer.wrap(getattr(module, name)))
            work(killer)
            status = 0
        finally:
            os._exit(status)
    _, status = os.waitpid(pid, 0)
    assert status in {0, signal.SIGKILL}
    return status == 0


def points() -> Iterator[int]:
    """All of the first, which are all different, then some."""
    yield from range(1, 80)
    yield from range(80, 5000, 61)


def enter(path: Path, database: sqlite3.Connection, killer: Killer | None = None) -> None:
    """What a keeper does with all journals: rows and position are one transaction, then the segment is freed."""
    step = killer.step if killer else lambda: None
    folder = open_folder(str(path / "journals"))
    ours = used(folder, durable=False).found
    # Nobody needs to know any more how far these were taken.
    kept = {found.header.use for found in ours}
    for (use,) in database.execute("SELECT use FROM journals").fetchall():
        if use not in kept:
            database.execute("DELETE FROM journals WHERE use = ?", (use,))
    for found in ours:
        query = "SELECT position FROM journals WHERE use = ?"
        row = database.execute(query, (found.header.use,)).fetchone()
        source = Source(found, None if row is None else row[0])
        while True:
            taken = source.take()
            step()
            database.execute("BEGIN IMMEDIATE")
            database.executemany("INSERT INTO rows VALUES (?)", [(int(one[:8]),) for one in taken.records])
            database.execute("INSERT OR REPLACE INTO journals VALUES (?, ?)", (found.header.use, taken.position))
            step()
            database.execute("COMMIT")
            step()
            if taken.ended:
                source.free()
                step()
            if taken.ended or not taken.records:
                break
        source.close()
    step()
    remove_free(folder, durable=False)
    prepare(folder, 1, durable=False)
    os.close(folder)


def ledger(path: Path) -> sqlite3.Connection:
    database = sqlite3.connect(path / "ledger", isolation_level=None)
    database.execute("PRAGMA synchronous = OFF")
    database.execute("CREATE TABLE IF NOT EXISTS rows (number INTEGER)")
    database.execute("CREATE TABLE IF NOT EXISTS journals (use INTEGER PRIMARY KEY, position INTEGER NOT NULL)")
    return database


def rows(database: sqlite3.Connection) -> list[int]:
    return [number for (number,) in database.execute("SELECT number FROM rows ORDER BY number")]


def record(number: int) -> bytes:
    return b"%08d" % number + bytes(LENGTH)


def test_a_worker_dies_anywhere(tmp_path):
    confirmed = os.open(tmp_path / "confirmed", os.O_RDWR | os.O_CREAT | os.O_APPEND)
    ended = 0
    database = ledger(tmp_path)
    total: list[int] = []
    for when in points():

        def work(_: Killer, first: int = when * 1000) -> None:
            folder = open_folder(str(tmp_path / "journals"))
            journal = Journal(folder, new_owner(LEDGER, durable=False))
            for number in range(first, first + RECORDS):
                journal.append(record(number))
                os.write(confirmed, b"%08d" % number)
            journal.close()

        ended += in_child(work, when)
        told = os.pread(confirmed, 1 << 20, 0)
        os.ftruncate(confirmed, 0)
        enter(tmp_path, database)
        found = [number for number in rows(database) if number // 1000 == when]
        numbers = [int(told[at : at + 8]) for at in range(0, len(told), 8)]
        # The last one may be there although nobody was told.
        assert found in (numbers, [*numbers, when * 1000 + len(numbers)])
        total += found
        if ended == 3:
            break
    assert ended == 3
    assert rows(database) == sorted(total)


def test_a_keeper_dies_anywhere(tmp_path):
    folder = open_folder(str(tmp_path / "journals"))
    ended = 0
    database = ledger(tmp_path)
    total = 0
    for when in points():
        journal = Journal(folder, new_owner(LEDGER, durable=False))
        for number in range(total, total + RECORDS):
            journal.append(record(number))
        journal.close()
        total += RECORDS

        def work(killer: Killer) -> None:
            enter(tmp_path, ledger(tmp_path), killer)

        ended += in_child(work, when)
        enter(tmp_path, database)
        assert rows(database) == list(range(total))
        if ended == 3:
            break
    assert ended == 3
    enter(tmp_path, database)
    assert database.execute("SELECT count(*) FROM journals").fetchone() == (0,)


@pytest.mark.parametrize("order", ["freed first", "position left out"])
def test_the_order_matters(tmp_path, order):
    """What the tests above would find: a keeper that frees before it commits, or forgets how far it has read."""
    folder = open_folder(str(tmp_path / "journals"))
    journal = Journal(folder, new_owner(LEDGER, durable=False))
    journal.append(record(0))
    journal.close()
    database = ledger(tmp_path)
    for attempt in range(2):
        for found in used(folder, durable=False).found:
            source = Source(found, None)
            taken = source.take()
            source.take()
            if order == "freed first":
                source.free()
                if not attempt:
                    break  # it dies
            database.executemany("INSERT INTO rows VALUES (?)", [(int(one[:8]),) for one in taken.records])
            source.close()
    assert rows(database) == ([] if order == "freed first" else [0, 0])
