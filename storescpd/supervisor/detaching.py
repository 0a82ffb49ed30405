"""Into the background, with the parent waiting until the daemon serves.

python-daemon has the steps. Its parent goes at once, so another child comes first: the parent of that one stays and
hears through a pipe how it went.
"""

import contextlib
import os
import select
import signal
import sys
import time
from collections.abc import Sequence

from daemon import DaemonContext

PATIENCE = 120.0
"""Seconds in which a daemon has to serve: longer than any step of its start takes on a disk that answers."""
_DONE = b"\0"
"""Ends what is said; the exit status follows."""
_PIECE = 4096


class Told:
    """The daemon's end of the pipe: its standard error until it serves."""

    def __init__(self, writer: int) -> None:
        self._writer: int | None = writer

    def say(self, text: str) -> None:
        """A line for the parent's standard error."""
        self._send(text.encode("utf-8", "backslashreplace") + b"\n")

    def done(self, status: int) -> None:
        """It serves (0), or has given up; the parent ends with this status."""
        self._send(_DONE + bytes([status]))
        self.leave()

    def leave(self) -> None:
        """In a child: not its business."""
        if self._writer is not None:
            os.close(self._writer)
            self._writer = None

    def _send(self, data: bytes) -> None:
        # A parent that was killed wants to know nothing any more.
        if self._writer is not None:
            with contextlib.suppress(BrokenPipeError):
                os.write(self._writer, data)


def detach(umask: int, preserved: Sequence[int]) -> Told | int:
    """Return ``Told`` in the daemon, and in the parent its exit status, once there is one.

    All descriptors but ``preserved`` are closed in the daemon. It keeps its working directory: relative paths in its
    configuration count from there.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    reader, writer = os.pipe()
    child = os.fork()
    if child:
        os.close(writer)
        for fd in preserved:
            os.close(fd)
        return _parent(reader, child)
    os.close(reader)
    signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGHUP, signal.SIGTERM))
    DaemonContext(
        working_directory=os.getcwd(),
        umask=umask,
        detach_process=True,
        files_preserve=[*preserved, writer],
        signal_map={},
    ).open()
    os.write(writer, f"{os.getpid()}\n".encode("ascii"))
    return Told(writer)


def _parent(reader: int, child: int) -> int:
    """Relay what the daemon says, and end as it says."""
    said = b""
    deadline = time.monotonic() + PATIENCE
    try:
        os.waitpid(child, 0)
        while _DONE not in said[:-1]:
            if not select.select([reader], [], [], max(deadline - time.monotonic(), 0.0))[0]:
                return _given_up(said, f"it does not serve within {PATIENCE:g} s")
            piece = os.read(reader, _PIECE)
            if not piece:
                return _given_up(said, "it ended without a word")
            said += piece
    except KeyboardInterrupt:
        return _given_up(said, "interrupted")
    text, _, status = said.partition(_DONE)
    _relay(text)
    return status[0]


def _given_up(said: bytes, reason: str) -> int:
    pid = said.partition(b"\n")[0]
    if pid.isdigit():
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(int(pid), signal.SIGINT)
    _relay(said)
    sys.stderr.write(f"storescpd: the daemon was not started: {reason}\n")
    return 1


def _relay(text: bytes) -> None:
    sys.stderr.write(text.partition(b"\n")[2].decode("utf-8", "replace"))
    sys.stderr.flush()
