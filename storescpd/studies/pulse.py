"""Signs of life of an association, in memory that its worker and the keeper share.

A command that comes is no message to the keeper, nor is the study of its object: it looks when it has to know, before
it ends a study. The memory is a file without a name (memfd_create(2)); whichever of the two dies, the other is not
harmed.
"""

import math
import mmap
import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum
from hashlib import blake2b
from typing import Final, NamedTuple

from storescpd.studies.messages import StudyKey

_SERIAL: Final = 0
_PHASE: Final = 1
_LATEST: Final = 2
_MARK: Final = 3
_FIELDS: Final = struct.Struct("3d3Q")
"""Which association of its connection, how far it is, when the network last moved, and the mark of its study. Each of
the first three is written at once, and no two need to be of one moment. The mark has three words, the last made of the
two before it: no mixture of an old mark and a new one passes, in whatever order another processor sees them come."""
_LOOKS: Final = 1000
"""So often a mark is read that is being written: a worker that takes longer was stopped or killed in between."""

NOTHING: Final = b""
"""The mark of no study."""


class Phase(IntEnum):
    """How far an association is."""

    IDLE = 0
    BUSY = 1  # a command has come and is not over
    OVER = 2  # the next association of the connection has not said anything


class Signs(NamedTuple):
    """What the keeper sees."""

    serial: int
    """The number of the association among those that its connection has served."""
    phase: Phase
    latest: float
    """When the network last moved, by the monotonic clock in seconds; before the first time longer ago than anything:
    soon after a boot the clock's zero is not."""
    mark: bytes | None = NOTHING
    """Of the study of its object, as soon as that has been read, and from then on until the next has been; ``None``: a
    worker has died while it was writing one, and this may be any study."""

    @property
    def busy(self) -> bool:
        """A command has come and is not over."""
        return self.phase is Phase.BUSY


NO_SIGNS: Final = Signs(0, Phase.IDLE, -math.inf)


def mark(key: StudyKey) -> bytes:
    """16 bytes that stand for a study: nobody can find two studies that share them."""
    text = "\0".join(key).encode("utf-8", "surrogateescape")
    return blake2b(text, digest_size=16).digest()


class Pulse:
    """The worker's side, for one association after another."""

    def __init__(self, fd: int) -> None:
        """``fd``: the file, which may be closed after that."""
        memory = memoryview(mmap.mmap(fd, _FIELDS.size))
        self._fields = memory.cast("d")
        self._words = memory.cast("Q")

    def begin(self, now: float) -> None:
        """A command has come, by the monotonic clock in seconds."""
        self._go_to(Phase.BUSY, now)

    def end(self, now: float) -> None:
        """It is over, or something came that is none."""
        self._go_to(Phase.IDLE, now)

    def _go_to(self, phase: Phase, now: float) -> None:
        if self._fields[_PHASE] == Phase.OVER:
            self.show(NOTHING)
        self._fields[_LATEST] = now
        self._fields[_PHASE] = phase

    def show(self, study: bytes) -> None:
        """The mark of the study of the object under way."""
        first, second = struct.unpack("2Q", study or bytes(16))
        self._words[_MARK], self._words[_MARK + 1], self._words[_MARK + 2] = first, second, first ^ second

    def next(self, now: float) -> None:
        """The association is over, and with it what the keeper was told of it; its study has moved until now."""
        self._fields[_LATEST] = now
        self._fields[_PHASE] = Phase.OVER
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
    signs = _seen(fd)
    looks = 1
    while signs.mark is None and looks < _LOOKS:
        signs = _seen(fd)
        looks += 1
    return signs


def _seen(fd: int) -> Signs:
    data = os.pread(fd, _FIELDS.size, 0)
    if len(data) != _FIELDS.size:
        return NO_SIGNS
    serial, phase, latest, first, second, both = _FIELDS.unpack(data)
    study: bytes | None = None
    if first ^ second == both:
        study = struct.pack("2Q", first, second) if both or first else NOTHING
    return Signs(int(serial), Phase(int(phase)), latest or -math.inf, study)
