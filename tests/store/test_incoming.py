"""Temporary files: locked while their owner lives, swept as soon as it is gone, whatever ended it."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from storescpd.store import Place, StorageError
from tests.store.sink import INCOMING, committed, contents, directory, no_leak, put, temporaries
from tests.support.build import PATH
from tests.support.processes import end, suspend

OWNER = """
import sys
from pathlib import Path
from tests.store.sink import directory
writer = directory(Path(sys.argv[1])).begin(b"half of an object")
writer.write([b"..."])
print("begun", flush=True)
sys.stdin.read()
"""


@contextmanager
def owner(path: Path) -> Iterator[subprocess.Popen]:
    """Another process that has begun an object."""
    process = subprocess.Popen(
        [sys.executable, "-c", OWNER, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": PATH},
    )  # fmt: skip
    try:
        assert process.stdout.readline() == b"begun\n"
        yield process
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV, signal.SIGTERM])
def test_a_dead_owners_file_is_swept_and_a_living_ones_is_not(number, tmp_path):
    with owner(tmp_path) as doomed, owner(tmp_path) as living, no_leak():
        assert len(temporaries(tmp_path)) == 2
        assert directory(tmp_path).prepare() == []
        end(doomed.pid, number)
        assert doomed.wait() == -number
        [swept] = directory(tmp_path).prepare()
        assert f".{doomed.pid}." in swept
        [left] = temporaries(tmp_path)
        assert f".{living.pid}." in left


def test_a_stopped_owner_lives(tmp_path):
    with owner(tmp_path) as stopped:
        suspend(stopped.pid)
        assert directory(tmp_path).prepare() == []
        assert len(temporaries(tmp_path)) == 1


def test_nothing_but_our_own_folder_is_swept(tmp_path):
    sink = directory(tmp_path)
    put(sink, "CT.1", b"stored")
    (tmp_path / "123.456.1").touch()
    (tmp_path / ".storescpd" / "other").touch()
    (tmp_path / INCOMING / "folder").mkdir()
    (tmp_path / INCOMING / "link").symlink_to(tmp_path / "CT.1")
    (tmp_path / INCOMING / "abandoned.1.1").touch()
    assert sink.prepare() == ["abandoned.1.1"]
    assert set(contents(tmp_path)) == {"CT.1", "123.456.1"}
    assert (tmp_path / ".storescpd" / "other").exists()


def test_a_name_that_an_earlier_process_left_is_passed_over(tmp_path):
    """Process ids come again."""
    sink = directory(tmp_path)
    writer = sink.begin(b"")
    [name] = temporaries(tmp_path)
    stem, _, number = name.rpartition(".")
    writer.abandon()
    (tmp_path / INCOMING / f"{stem}.{int(number) + 1}").touch()
    assert put(sink, "CT.1", b"data").name == "CT.1"


def test_sweeps_that_never_end_cost_no_object(tmp_path):
    """Between the creation of a file and its lock, and between the two files of a rewrite, a sweep may come."""
    sinks = [directory(tmp_path) for _ in range(3)]
    stop = threading.Event()
    sweeper = threading.Thread(target=lambda: [sinks[0].prepare() for _ in iter(stop.is_set, True)])
    errors: list[Exception] = []

    def store(sink, first: int) -> None:
        try:
            for number in range(first, first + 300):
                writer = sink.begin(b"short")
                writer.write([b"data"])
                writer.finish(b"longer header", None)
                committed(writer, Place(f"CT.{number}"))
        except (StorageError, OSError) as error:
            errors.append(error)

    senders = [threading.Thread(target=store, args=(sink, 1000 * number)) for number, sink in enumerate(sinks)]
    sweeper.start()
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
    stop.set()
    sweeper.join()
    assert errors == []
    assert set(contents(tmp_path).values()) == {b"longer headerdata"}
    assert len(contents(tmp_path)) == 900
    assert temporaries(tmp_path) == []


def test_a_directory_that_is_not_there(tmp_path):
    sink = directory(tmp_path / "out")
    (tmp_path / "out").rmdir()
    with no_leak():
        for attempt in (sink.prepare, lambda: sink.begin(b"")):
            with pytest.raises(StorageError, match="out"):
                attempt()
