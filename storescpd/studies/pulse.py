"""Signs of life of an association, in memory that its worker and the keeper share.

A command that comes is no message to the keeper: it looks when it has to know, before it ends a study. The memory is a
file without a name (memfd_create(2)); whichever of the two dies, the other is not harmed.
"""

import math
import mmap
import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, NamedTuple

_SERIAL: Final = 0
_BUSY: Final = 1
_LATEST: Final = 2
_FIELDS: Final = struct.Struct("3d")
"""Which association of its connection, whether a command is under way, when the network last moved. Each is written at
once, and no two need to be of one moment."""


class Signs(NamedTuple):
    """What the keeper sees."""

    serial: int
    """The number of the association among those that its connection has served."""
    busy: bool
    """A command has come and is not over."""
    latest: float
    """When the network last moved, by the monotonic clock in seconds; before the first time longer ago than anything:
    soon after a boot the clock's zero is not."""


NO_SIGNS: Final = Signs(0, busy=False, latest=-math.inf)


class Pulse:
    """The worker's side, for one association after another."""

    def __init__(self, fd: int) -> None:
        """``fd``: the file, which may be closed after that."""
        self._fields = memoryview(mmap.mmap(fd, _FIELDS.size)).cast("d")

    def begin(self, now: float) -> None:
        """A command has come, by the monotonic clock in seconds."""
        self._fields[_LATEST] = now
        self._fields[_BUSY] = 1.0

    def end(self, now: float) -> None:
        """It is over, or something came that is none."""
        self._fields[_LATEST] = now
        self._fields[_BUSY] = 0.0

    def next(self, now: float) -> None:
        """The association is over, and with it what the keeper was told of it."""
        self.end(now)
        self._fields[_SERIAL] += 1.0


@contextmanager
def new_memory() -> Iterator[int]:
    """A file for a pulse; who is to see it gets its descriptor meanwhile.

    Raises:
        OSError: there is no room for one.
    """
    fd = os.memfd_create("storescpd-pulse", os.MFD_CLOEXEC)
    try:
        os.ftruncate(fd, _FIELDS.size)
        yield fd
    finally:
        os.close(fd)


def look(fd: int | None) -> Signs:
    """What a pulse says now; without one, nothing."""
    if fd is None:
        return NO_SIGNS
    data = os.pread(fd, _FIELDS.size, 0)
    if len(data) != _FIELDS.size:
        return NO_SIGNS
    serial, busy, latest = _FIELDS.unpack(data)
    return Signs(int(serial), busy=bool(busy), latest=latest or -math.inf)
