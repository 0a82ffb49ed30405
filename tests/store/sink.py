"""A storage directory as the tests use it, in this process or in several."""

import multiprocessing
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from storescpd.store import Directory, DuplicateError, OnDuplicate, Place, StorageSettings, Stored, Writer
from storescpd.store.incoming import TemporaryNames
from storescpd.store.meta import FileMeta

SOP_CLASS, INSTANCE, EXPLICIT_LITTLE = "1.2.840.10008.5.1.4.1.1.2", "1.2.3.4", "1.2.840.10008.1.2.1"
INCOMING = Path(".storescpd") / "incoming"


def header(source: str = "MODALITY", syntax: str = EXPLICIT_LITTLE) -> bytes:
    """Preamble and meta header of an object that this AE title sent."""
    return FileMeta(SOP_CLASS, INSTANCE, syntax, "1.2.3", "TEST", source).encode()


def directory(path: Path, **settings: Any) -> Directory:
    """A sink below a directory, which is made if it is missing."""
    path.mkdir(exist_ok=True)
    return Directory(StorageSettings(directory=str(path), **settings), TemporaryNames())


def put(sink: Directory, name: str, data: bytes, head: bytes = b"", *, exclusive: bool = False) -> Stored:
    """Store one object."""
    writer = sink.begin(head)
    writer.write([data])
    return committed(writer, Place(name, exclusive))


def committed(writer: Writer, place: Place) -> Stored:
    """Give an object its place, and have nothing open any more."""
    stored = writer.commit(place)
    writer.close()
    return stored


def contents(path: Path) -> dict[str, bytes]:
    """The stored files, the daemon's own folder apart."""
    return {entry.name: entry.read_bytes() for entry in path.iterdir() if entry.is_file()}


def temporaries(path: Path) -> list[str]:
    """The temporary files that there are."""
    return os.listdir(path / INCOMING) if (path / INCOMING).is_dir() else []


@contextmanager
def no_leak() -> Iterator[None]:
    """As many descriptors afterwards as before."""
    before = set(os.listdir("/proc/self/fd"))
    yield
    assert set(os.listdir("/proc/self/fd")) == before


def race(task: Callable[..., list[str]], processes: int, *arguments: Any) -> list[list[str]]:
    """Run a task in several processes at once; each gets its number after the arguments."""
    context = multiprocessing.get_context("spawn")
    with context.Pool(processes, initializer=_meet, initargs=(context.Barrier(processes),)) as pool:
        results = [pool.apply_async(_together, (task, *arguments, number)) for number in range(processes)]
        return [result.get(60) for result in results]


_barrier: list[Any] = []


def _meet(barrier: Any) -> None:
    _barrier.append(barrier)


def _together(task: Callable[..., list[str]], *arguments: Any) -> list[str]:
    _barrier[0].wait(60)
    return task(*arguments)


def put_many(path: Path, rule: OnDuplicate, payloads: Sequence[Sequence[bytes]], number: int) -> list[str]:
    """Store this process's payloads under one and the same name; the outcome of each."""
    sink = directory(path, on_duplicate=rule, extension=".dcm")
    outcomes = []
    for data in payloads[number]:
        try:
            outcomes.append(put(sink, "CT.1.dcm", data).outcome.name)
        except DuplicateError:
            outcomes.append("DUPLICATE")
    return outcomes
