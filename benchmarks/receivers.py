"""Who is measured: how each receiver is started, and what its processes have used."""

import dataclasses
import os
import ssl
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from tests.support.certificates import Pair, client_context, issue
from tests.support.compare import clear, dissect
from tests.support.daemon import ROOT, storescpd
from tests.support.processes import LISTEN, alive, connections, eventually, free_port, group, memory, stat
from tests.support.reference import stop, storescp

TICK = 1 / os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Running:
    """A started receiver: a process group of its own."""

    port: int
    pid: int
    directory: Path
    client: ssl.SSLContext | None = None
    """For its senders, where it serves TLS."""

    def cpu(self) -> float:
        """Seconds of processor time so far, ended children included."""
        return sum(sum(map(int, fields[11:15])) * TICK for pid in group(self.pid) if (fields := stat(pid)))

    def peak(self) -> int:
        """The largest resident memory of any one process, in bytes."""
        return max(memory(pid, "VmHWM") for pid in group(self.pid) if alive(pid))

    def files(self) -> Iterator[tuple[int, bytes]]:
        """Number and data set of each stored object."""
        own = self.directory / ".storescpd"
        for path in self.directory.rglob("*"):
            if path.is_file() and own not in path.parents:
                yield int(path.name.rpartition(".")[2]) % 10**11, dissect(path).data

    def clear(self) -> None:
        """Remove what was stored."""
        clear(self.directory)


@dataclass(frozen=True, slots=True)
class Receiver:
    """A receiver and how it is run."""

    name: str
    start: Callable[[Path], AbstractContextManager[Running]]
    rival: str = ""
    """The receiver that it is compared with."""
    reencodes: bool = True
    parallel: bool = True
    """It serves several associations at once."""
    share: int = 1
    """It gets this part of the objects, because it is slow."""
    tls: bool = False
    """It serves TLS, and nothing else."""


def ours(
    workers: int, *, bit_preserving: bool, **sections: Mapping[str, Any]
) -> Callable[[Path], AbstractContextManager[Running]]:
    """storescpd, with storescp's durability and, like storescp by default, a log of warnings alone."""
    config: Mapping[str, Any] = {
        "storage": {"bit_preserving": bit_preserving, "durability": "none"},
        "process": {"max_associations": 1000},
        "logging": {"level": "warning"},
        **sections,
    }

    @contextmanager
    def start(directory: Path) -> Iterator[Running]:
        # It says nothing of its port at this level.
        port = free_port()
        listeners = [{"name": "dicom", "address": "127.0.0.1", "port": port, "tls": "tls" in sections}]
        with storescpd(directory, {**config, "listeners": listeners}, workers=workers, wait=False) as daemon:
            eventually(lambda: any(row.state == LISTEN and row.local_port == port for row in connections()))
            yield Running(port, daemon.pid, directory)

    return start


def ours_with_tls(workers: int, *, bit_preserving: bool) -> Callable[[Path], AbstractContextManager[Running]]:
    """storescpd, with a certificate wanted of the senders."""

    @contextmanager
    def start(directory: Path) -> Iterator[Running]:
        authority, server, sender = certificates(directory)
        files = {"key": str(server.key_file), "certificate": str(server.certificate_file)}
        tls = {**files, "ca_files": [str(authority.certificate_file)]}
        with ours(workers, bit_preserving=bit_preserving, tls=tls)(directory) as running:
            yield dataclasses.replace(running, client=tls_1_3(authority, sender))

    return start


def dcmtk_with_tls(*options: str) -> Callable[[Path], AbstractContextManager[Running]]:
    """DCMTK's storescp, with a certificate wanted of the senders."""

    @contextmanager
    def start(directory: Path) -> Iterator[Running]:
        authority, server, sender = certificates(directory)
        files = ("+tls", str(server.key_file), str(server.certificate_file), "+cf", str(authority.certificate_file))
        with dcmtk(*files, *options)(directory) as running:
            yield dataclasses.replace(running, client=tls_1_3(authority, sender))

    return start


def certificates(directory: Path) -> tuple[Pair, Pair, Pair]:
    """Those of the authority, the receiver and the sender; the same for all receivers of a run."""
    folder = directory.parent / "certificates"
    return _issued(folder)


@cache
def _issued(folder: Path) -> tuple[Pair, Pair, Pair]:
    folder.mkdir()
    authority = issue(folder, "authority")
    return authority, issue(folder, "receiver", authority), issue(folder, "sender", authority)


def tls_1_3(authority: Pair, sender: Pair) -> ssl.SSLContext:
    """What a sender speaks."""
    context = client_context(authority, sender)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    return context


def dcmtk(*options: str, nodelay: bool = True) -> Callable[[Path], AbstractContextManager[Running]]:
    """DCMTK's storescp."""

    @contextmanager
    def start(directory: Path) -> Iterator[Running]:
        with storescp(directory, *options, nodelay=nodelay) as receiver:
            yield Running(receiver.port, receiver.pid, directory)

    return start


@contextmanager
def pynetdicom(directory: Path) -> Iterator[Running]:
    """pynetdicom's server, writing what it received as it is."""
    directory.mkdir(parents=True)
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.pynetdicom_server", str(directory)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        process_group=0,
    )
    assert process.stdout is not None
    try:
        yield Running(int(process.stdout.readline()), process.pid, directory)
    finally:
        stop(process)


QUICK = (
    Receiver("storescp", dcmtk(), parallel=False),
    Receiver("storescp +B", dcmtk("+B"), reencodes=False, parallel=False),
    Receiver("storescpd, 1 worker", ours(1, bit_preserving=False), "storescp"),
    Receiver("storescpd, 1 worker, bit-preserving", ours(1, bit_preserving=True), "storescp +B", reencodes=False),
    Receiver("storescpd, 2 workers", ours(2, bit_preserving=False), "storescp"),
    Receiver("storescpd, 2 workers, bit-preserving", ours(2, bit_preserving=True), "storescp +B", reencodes=False),
    Receiver("pynetdicom", pynetdicom, "storescp +B", reencodes=False, share=4),
)
TLS = (
    Receiver("storescp +tls", dcmtk_with_tls(), parallel=False, tls=True),
    Receiver("storescp +tls +B", dcmtk_with_tls("+B"), reencodes=False, parallel=False, tls=True),
    Receiver("storescpd, TLS, 1 worker", ours_with_tls(1, bit_preserving=False), "storescp +tls", tls=True),
    Receiver(
        "storescpd, TLS, 1 worker, bit-preserving",
        ours_with_tls(1, bit_preserving=True), "storescp +tls +B", reencodes=False, tls=True,
    ),
    Receiver("storescpd, TLS, 2 workers", ours_with_tls(2, bit_preserving=False), "storescp +tls", tls=True),
    Receiver(
        "storescpd, TLS, 2 workers, bit-preserving",
        ours_with_tls(2, bit_preserving=True), "storescp +tls +B", reencodes=False, tls=True,
    ),
)  # fmt: skip
FULL = (
    *QUICK,
    *TLS,
    Receiver("storescp, sorted", dcmtk("-su", ""), parallel=False),
    Receiver(
        "storescpd, 1 worker, sorted", ours(1, bit_preserving=False, naming={"sort": "study-uid"}), "storescp, sorted"
    ),
    Receiver(
        "storescpd, 2 workers, sorted", ours(2, bit_preserving=False, naming={"sort": "study-uid"}), "storescp, sorted"
    ),
    Receiver("storescp --fork", dcmtk("--fork"), "storescp"),
    Receiver("storescp as installed", dcmtk(nodelay=False), "storescp", parallel=False, share=16),
)
