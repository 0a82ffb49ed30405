"""What the kernel says about processes and their connections, and waiting for something to become true."""

import contextlib
import os
import secrets
import signal
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")

LISTEN, ESTABLISHED = "0A", "01"


@dataclass(frozen=True, slots=True)
class Connection:
    """A row of /proc/net/tcp or /proc/net/tcp6."""

    local_port: int
    remote_port: int
    state: str
    inode: int


def connections() -> Iterator[Connection]:
    """Every TCP socket of this network namespace."""
    for family in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{family}").read_text().splitlines()[1:]:
            words = line.split()
            local, remote = (int(words[column].rpartition(":")[2], 16) for column in (1, 2))
            yield Connection(local, remote, words[3], int(words[9]))


def socket_inodes(pid: int) -> set[int]:
    """The inodes of the sockets that a process holds; none when it is gone."""
    found = set()
    try:
        for name in os.listdir(f"/proc/{pid}/fd"):
            target = os.readlink(f"/proc/{pid}/fd/{name}")
            if target.startswith("socket:["):
                found.add(int(target[8:-1]))
    except OSError:
        pass
    return found


def established(pid: int, port: int) -> int:
    """How many connections to its listening port a process holds.

    The kernel's table is not read in one go: while others connect a row may come twice, or not at all.
    """
    rows = {row.inode for row in connections() if row.local_port == port and row.state == ESTABLISHED}
    return len(rows & socket_inodes(pid))


def stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat after the name: state, parent, process group, ...; empty when it is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def alive(pid: int) -> bool:
    """Whether a process runs: it exists and is not merely waiting to be reaped."""
    fields = stat(pid)
    return bool(fields) and fields[0] not in "ZX"


def children(pid: int) -> list[int]:
    """The living children of a process."""
    try:
        names = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return []
    return [child for child in map(int, names) if alive(child)]


def group(pgid: int) -> list[int]:
    """The members of a process group, those that only wait to be reaped included."""
    numbers = [int(name) for name in os.listdir("/proc") if name.isdigit()]
    return [pid for pid in numbers if (fields := stat(pid)) and int(fields[2]) == pgid]


def end(pid: int, number: int = signal.SIGKILL) -> None:
    """Signal one process by its id; one that is gone already is no error."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def memory(pid: int, field: str) -> int:
    """A field of /proc/PID/status in bytes, such as VmHWM, VmRSS or RssAnon."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1]) * 1024
    raise KeyError(field)


PATIENCE = 60.0
"""Seconds until a test gives something up: what takes one may take thirty where eight others want the processor."""


def eventually(probe: Callable[[], T], timeout: float = PATIENCE) -> T:
    """The first true result of a probe; what has no event of its own is asked for again and again."""
    deadline = time.monotonic() + timeout
    while not (found := probe()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"never became true within {timeout} s")
        time.sleep(0.005)
    return found


def suspend(pid: int) -> None:
    """SIGSTOP, and wait until every thread has obeyed: until then one may take a connection or finish a write."""
    end(pid, signal.SIGSTOP)
    tasks = Path(f"/proc/{pid}/task")
    eventually(
        lambda: all((task / "stat").read_text().rpartition(")")[2].split()[0] == "T" for task in tasks.iterdir())
    )


LEAST_PORT = 12000
"""Above 11112 and 10400, which tests and people name."""


def free_port() -> int:
    """A port that nobody listens on now.

    If there is any, one that nobody gets unasked: those have a range of their own (ip(7)).
    """
    first, last = map(int, Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split())
    ports = range(LEAST_PORT, first) or range(last + 1, 1 << 16) or range(LEAST_PORT, 1 << 16)
    while True:
        port = secrets.choice(ports)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("", port))
            return port
