"""Whether what a daemon has said so far is in its log: a separate process writes it, a moment later."""

import contextlib
import fcntl
import functools
import os
import struct
import termios

from tests.support.processes import group, stat

_QUEUE = 1 << 20
"""Bytes of the pipe that the records go through; no other pipe of a daemon is so large."""


def written(supervisor: int) -> bool:
    """Whether the pipe is empty and its reader sleeps; also where there is none."""
    try:
        pipe = _queue(supervisor)
        if pipe is None:
            return True
        link, waiting = pipe
        # In this order: a reader that has taken the last record is awake until that is written.
        return not waiting and stat(_reader(supervisor, link))[:1] in (["S"], [])
    except (OSError, LookupError):
        return True


def _queue(supervisor: int) -> tuple[str, int] | None:
    """The pipe by its name in /proc, and the bytes in it."""
    folder = f"/proc/{supervisor}/fd"
    for number in os.listdir(folder):
        path = f"{folder}/{number}"
        with contextlib.suppress(OSError):
            link = os.readlink(path)
            if link.startswith("pipe:") and (waiting := _waiting(path)) is not None:
                return link, waiting
    return None


def _waiting(path: str) -> int | None:
    fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        if fcntl.fcntl(fd, fcntl.F_GETPIPE_SZ) != _QUEUE:
            return None
        found: tuple[int] = struct.unpack("i", fcntl.ioctl(fd, termios.FIONREAD, bytes(4)))
        return found[0]
    finally:
        os.close(fd)


@functools.lru_cache(maxsize=64)
def _reader(supervisor: int, link: str) -> int:
    """The process that writes the log: no child of the supervisor. Raises LookupError where there is none."""
    for pid in group(supervisor):
        with contextlib.suppress(OSError):
            fields = stat(pid)
            if pid != supervisor and fields and int(fields[1]) != supervisor and _holds(pid, link):
                return pid
    raise LookupError(link)


def _holds(pid: int, link: str) -> bool:
    folder = f"/proc/{pid}/fd"
    for number in os.listdir(folder):
        with contextlib.suppress(OSError):
            if os.readlink(f"{folder}/{number}") == link:
                return True
    return False
