"""A receiver while it runs: what its processes have used, and what it has stored."""

import contextlib
import os
import ssl
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from tests.support.compare import INSTANCE as META_INSTANCE
from tests.support.compare import dissect
from tests.support.objects import elements
from tests.support.processes import group, memory, stat

TICK = 1 / os.sysconf("SC_CLK_TCK")
SOP_INSTANCE = 0x0008_0018
UNREADABLE = -1
"""The number of a file in which no number was found."""
OWN_FOLDER = ".storescpd"


def _number(uid: bytes) -> int:
    """The number of an object; all generated instance UIDs have it in their last eleven digits."""
    digits = uid.rstrip(b"\0 ").rpartition(b".")[2]
    return int(digits) % 10**11 if digits.isdigit() else UNREADABLE


def dicom_file(path: Path) -> tuple[int, bytes]:
    """Number and data set of a file with a meta header, whatever the file is called."""
    try:
        file = dissect(path)
    except AssertionError:
        return UNREADABLE, b""
    return _number(dict(file.header).get(META_INSTANCE, b"")), file.data


def bare_file(path: Path) -> tuple[int, bytes]:
    """Number and data set of a file without a meta header."""
    data = path.read_bytes()
    head = ((tag, value) for tag, value, _ in elements(data[:4096], 0))
    return _number(next((value for tag, value in head if tag == SOP_INSTANCE), b"")), data


@dataclass(frozen=True, slots=True)
class Running:
    """A started receiver: a process group of its own."""

    port: int
    pid: int
    directory: Path
    client: ssl.SSLContext | None = None
    """For its senders, where it serves TLS."""
    read: Callable[[Path], tuple[int, bytes]] = dicom_file
    """Number and data set of a stored file."""
    settle: Callable[[], None] | None = None
    """Waits for what goes on after the last answer, such as hooks."""
    kept: set[Path] | None = None
    """Files of earlier runs, where they are left alone because deleting them would slow the next run."""

    def cpu(self) -> float:
        """Seconds of processor time so far, ended children included."""
        return sum(sum(map(int, fields[11:15])) * TICK for pid in group(self.pid) if (fields := stat(pid)))

    def peak(self) -> int:
        """The largest resident memory of any one process since `reset_peak`, in bytes."""
        return max(self.peaks().values())

    def peaks(self) -> dict[int, int]:
        """The largest resident memory of each process since `reset_peak`, in bytes."""
        found = {}
        for pid in group(self.pid):
            # One that ends just now has no memory any more.
            with contextlib.suppress(OSError, KeyError):
                found[pid] = memory(pid, "VmHWM")
        return found

    def reset_peak(self) -> None:
        """Begin anew with `peak`."""
        for pid in group(self.pid):
            with contextlib.suppress(OSError):
                Path(f"/proc/{pid}/clear_refs").write_text("5")

    def proportional(self) -> int:
        """Memory of all its processes in bytes, what they share counted once (PSS)."""
        return sum(_proportional(pid) for pid in group(self.pid))

    def paths(self) -> Iterator[Path]:
        """Each stored file that no earlier run has left."""
        own, kept = self.directory / OWN_FOLDER, self.kept or ()
        for path in self.directory.rglob("*"):
            if path.is_file() and own not in path.parents and path not in kept:
                yield path

    def files(self) -> Iterator[tuple[int, bytes]]:
        """Number and data set of each stored object."""
        return map(self.read, self.paths())

    def clear(self) -> None:
        """Remove what was stored, or leave it to the past."""
        for path in list(self.paths()):
            if self.kept is None:
                path.unlink()
            else:
                self.kept.add(path)


def _proportional(pid: int) -> int:
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    return 0


Start = Callable[[Path], AbstractContextManager[Running]]
"""Runs a receiver that stores below a directory."""


class Setting(StrEnum):
    """What a workload asks of the receivers; each is measured in its own setting alone."""

    MEMORY = "output in memory, nothing synced"
    TLS = "TLS 1.3"
    DISK = "output on a disk, every object synced"
    SLOW_DISK = "output on a disk whose syncs take 20 ms"
    HOOKS = "one directory a study and a hook for each object"
    ENDS = "one directory a study and a hook at its end"
    RECEPTION = "a hook for each object"
    JOURNALED = "output on a separate ext4"

    @property
    def on_disk(self) -> bool:
        """Whether the output must not be in memory."""
        return self in {Setting.DISK, Setting.SLOW_DISK, Setting.JOURNALED}


@dataclass(frozen=True, slots=True)
class Receiver:
    """A receiver and how it is run."""

    name: str
    start: Start
    rival: str = ""
    """The receiver that it is compared with."""
    reencodes: bool = True
    parallel: bool = True
    """It serves several associations at once, hundreds if need be."""
    share: int = 1
    """It gets this part of the objects, because it is slow."""
    setting: Setting = Setting.MEMORY
    missing: str = ""
    """The program that it needs and that is not installed, and where it comes from."""
