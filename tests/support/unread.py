"""Those who should read a log and do not: a pipe, the journal and syslog, each in a place of a test's own."""

import os
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.support.processes import eventually
from tests.support.tools import need

_PIECE = 1 << 16
_PATIENCE = 60

# The host's own /dev stays as it is; what a program needs of it is there too.
_INSIDE = """
mount -t tmpfs tmpfs /run
mkdir -p /run/systemd/journal
mount --bind "$0" /run/systemd/journal
mkdir "$0/dev"
mount -t tmpfs tmpfs "$0/dev"
cp -a /dev/null /dev/zero /dev/full /dev/random /dev/urandom "$0/dev"
mkdir "$0/dev/shm"
ln -s /proc/self/fd "$0/dev/fd"
ln -s "$0/log" "$0/dev/log"
mount --bind "$0/dev" /dev
exec "$@"
"""

_JOURNALD = "/lib/systemd/systemd-journald"
_JOURNAL_ALONE = """
mount -t tmpfs tmpfs /run
mkdir -p /run/systemd/journal /run/log/journal
exec "$0"
"""


class Unread(NamedTuple):
    """Nothing is read but by ``read``."""

    destination: str
    """``logging.destination``."""
    prefix: tuple[str, ...]
    """A command to run the program under."""
    read: Callable[[], bytes]
    """Reads some of it, and waits for it."""
    stderr: int | None = None
    """Standard error of the program."""
    reader: int = -1
    """The other end of that."""


@contextmanager
def pipe(_: Path) -> Iterator[Unread]:
    """Standard error."""
    reader, writer = os.pipe()
    try:
        yield Unread("stderr", (), lambda: os.read(reader, _PIECE), writer, reader)
    finally:
        os.close(reader)
        os.close(writer)


@contextmanager
def journal(folder: Path) -> Iterator[Unread]:
    """The journal's socket."""
    prefix = _namespace(folder)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ours:
        ours.bind(str(folder / "socket"))
        ours.settimeout(_PATIENCE)
        yield Unread("journald", prefix, lambda: ours.recv(_PIECE))


@contextmanager
def journald(folder: Path) -> Iterator[Unread]:
    """systemd-journald itself, stopped until somebody reads."""
    need("unshare", "nsenter", "journalctl", _JOURNALD)
    folder.mkdir()
    with folder.joinpath("errors").open("wb") as errors:
        process = subprocess.Popen(
            ["unshare", "--mount", "/bin/sh", "-ec", _JOURNAL_ALONE, _JOURNALD],
            stdin=subprocess.DEVNULL, stdout=errors, stderr=errors, start_new_session=True,
        )  # fmt: skip
    inside = ("nsenter", f"--target={process.pid}", "--mount", "--wd=/")
    query = [*inside, "journalctl", "--quiet", "--no-pager", "--output=cat", "--directory=/run/log/journal"]

    def listens() -> bool:
        return process.poll() is not None or Path(f"/proc/{process.pid}/root/run/systemd/journal/socket").exists()

    def read() -> bytes:
        process.send_signal(signal.SIGCONT)
        return subprocess.run(query, capture_output=True, check=False, timeout=_PATIENCE).stdout

    try:
        eventually(listens)
        if process.poll() is not None:
            pytest.skip("systemd-journald does not run here")
        process.send_signal(signal.SIGSTOP)
        yield Unread("journald", inside, read)
    finally:
        process.kill()
        process.wait()


@contextmanager
def syslog(folder: Path) -> Iterator[Unread]:
    """/dev/log, a line a datagram."""
    prefix = _namespace(folder)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ours:
        ours.bind(str(folder / "log"))
        ours.settimeout(_PATIENCE)
        yield Unread("syslog", prefix, lambda: ours.recv(_PIECE))


@contextmanager
def syslog_stream(folder: Path) -> Iterator[Unread]:
    """/dev/log that streams, and accepts nobody before it reads."""
    prefix = _namespace(folder)
    with ExitStack() as stack:
        ours = stack.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM))
        ours.bind(str(folder / "log"))
        ours.listen()
        ours.settimeout(_PATIENCE)
        accepted: list[socket.socket] = []

        def read() -> bytes:
            if not accepted:
                accepted.append(stack.enter_context(ours.accept()[0]))
                accepted[0].settimeout(_PATIENCE)
            return accepted[0].recv(_PIECE)

        yield Unread("syslog", prefix, read)


def _namespace(folder: Path) -> tuple[str, ...]:
    need("unshare", "mount")
    prefix = ("unshare", "--mount", "/bin/sh", "-ec", _INSIDE, str(folder))
    folder.mkdir()
    if os.geteuid() != 0 or subprocess.run([*prefix, "true"], capture_output=True, check=False).returncode:
        pytest.skip("no mounting here")
    folder.joinpath("dev").rmdir()
    return prefix
