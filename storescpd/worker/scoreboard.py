"""The scoreboard: memory that supervisor and workers share, so that limits hold for the whole daemon.

One slot a worker. A worker writes into its own slot only; the supervisor clears the slot of a dead one, which frees
all places that it held. Decisions are made under one lock, which the kernel frees when its holder dies.
"""

import fcntl
import mmap
import os
import struct
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from enum import IntEnum
from functools import lru_cache
from ipaddress import ip_address
from typing import Final

from storescpd.worker.tally import Tally
from storescpd.worker.told import Told

MAX_SLOTS: Final = 256
"""Workers of all generations together: 8 at most each by default, and a generation lives as long as its last peer."""
MAX_PEERS: Final = 20000
"""Associations that one worker counts by address; the usual limit of open files is no higher."""
PEER_SIZE: Final = 16
"""Bytes of a peer's key."""

_WORD: Final = 4
_PIDS, _GENERATIONS, _ACCEPTING, _CONNECTIONS, _ASSOCIATIONS = [column * MAX_SLOTS for column in range(1, 6)]
"""Columns of one 32-bit word a slot; word 0 is the number of slots ever used."""
_WORDS: Final = 6 * MAX_SLOTS
_BEATS: Final = _WORDS * _WORD
KEEPER: Final = MAX_SLOTS
"""The place of the keeper's heartbeat, after those of the workers."""
_TABLES: Final = _BEATS + (MAX_SLOTS + 1) * 8
_TABLE_SIZE: Final = MAX_PEERS * PEER_SIZE
_FLOCK: Final = struct.Struct("hhqqi0q")
"""struct flock of fcntl(2) where off_t has 64 bits: kind, whence, start, length, process."""


class Accepting(IntEnum):
    """Where a worker takes connections."""

    NONE = 0
    ALL = 1
    """At all its ports."""
    REST = 2
    """Only what waits at ports that are to be closed."""


@lru_cache(maxsize=1024)
def peer_key(address: str) -> bytes:
    """An IP address in 16 bytes; IPv4 as the IPv6 address that it is mapped to."""
    packed = ip_address(address.partition("%")[0]).packed
    return packed if len(packed) == PEER_SIZE else bytes(10) + b"\xff\xff" + packed


class Scoreboard:
    """Anonymous shared memory for so many workers; made by the supervisor before it forks."""

    def __init__(self, slots: int = MAX_SLOTS) -> None:
        self._slots = slots
        self.memory = mmap.mmap(-1, _TABLES + slots * _TABLE_SIZE)
        view = memoryview(self.memory)
        self.words = view[:_BEATS].cast("I")
        self.beats = view[_BEATS:_TABLES].cast("d")
        self._lock_fd = os.memfd_create("storescpd-scoreboard", os.MFD_CLOEXEC)
        self.among_threads = threading.Lock()
        """Nobody else in this process writes into its slot meanwhile."""
        self.tally = Tally(MAX_SLOTS)
        """Objects that were answered with success."""
        self.told = Told()
        """What senders were refused and the log has said."""

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Nobody else decides meanwhile, in no process and no thread."""
        with self.among_threads:
            fcntl.lockf(self._lock_fd, fcntl.LOCK_EX)
            try:
                yield
            finally:
                fcntl.lockf(self._lock_fd, fcntl.LOCK_UN)

    def holder(self) -> int | None:
        """The process that holds the lock, if it is another one than this."""
        asked = fcntl.fcntl(self._lock_fd, fcntl.F_GETLK, _FLOCK.pack(fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0))
        kind, *_, pid = _FLOCK.unpack(asked)
        return None if kind == fcntl.F_UNLCK else int(pid)

    def claim(self, generation: int) -> int | None:
        """The index of a slot for a worker that is to be forked; ``None`` when all are taken."""
        for index in range(self._slots):
            if not self.words[_PIDS + index]:
                self.words[0] = max(self.words[0], index + 1)
                self.words[_PIDS + index] = os.getpid()
                self.words[_GENERATIONS + index] = generation
                return index
        return None

    def clear(self, index: int) -> None:
        """Free all places of a dead worker."""
        for column in (_ACCEPTING, _CONNECTIONS, _ASSOCIATIONS, _GENERATIONS, _PIDS):
            self.words[column + index] = 0
        self.beats[index] = 0.0

    @property
    def slots(self) -> int:
        """How many slots were ever in use: no more processes can change something at once."""
        return self.words[0]

    def connections(self) -> int:
        """Open connections of the whole daemon."""
        return sum(self.words[_CONNECTIONS : _CONNECTIONS + self.words[0]])

    def associations(self) -> int:
        """Associations of the whole daemon."""
        return sum(self.words[_ASSOCIATIONS : _ASSOCIATIONS + self.words[0]])

    def associations_of(self, peer: bytes) -> int:
        """Associations of one peer, see ``peer_key``."""
        return sum(self._count_peer(index, peer) for index in range(self.words[0]))

    def _count_peer(self, index: int, peer: bytes) -> int:
        start = _TABLES + index * _TABLE_SIZE
        count = self.words[_ASSOCIATIONS + index]
        places = range(start, start + count * PEER_SIZE, PEER_SIZE)
        return sum(1 for place in places if self.memory[place : place + PEER_SIZE] == peer)

    def _accepting(self, generation: int) -> list[int]:
        words = self.words
        return [
            index
            for index in range(words[0])
            if words[_GENERATIONS + index] == generation and words[_ACCEPTING + index]
        ]

    def accepting(self, generation: int) -> int:
        """Workers of a generation that take connections."""
        return len(self._accepting(generation))

    def accepting_before(self, generation: int, least: Accepting = Accepting.ALL) -> bool:
        """Whether a worker of another generation takes connections; ``REST``: or only what waits."""
        words = self.words
        kinds = {Accepting.ALL, least}
        return any(
            words[_ACCEPTING + index] in kinds and words[_GENERATIONS + index] != generation
            for index in range(words[0])
        )

    def associations_in(self, indices: Iterable[int]) -> int:
        """Associations in some slots."""
        return sum(self.words[_ASSOCIATIONS + index] for index in indices)

    def free(self) -> int:
        """Slots that nobody has."""
        return sum(1 for index in range(MAX_SLOTS) if not self.words[_PIDS + index])

    def least_connections(self, generation: int, alive_since: float) -> int:
        """Open connections of the accepting worker of a generation that has the fewest.

        A worker that was not alive since then, by the monotonic clock in seconds, is no measure: it is stopped or
        starved, and takes nothing.
        """
        alive = [index for index in self._accepting(generation) if self.beats[index] >= alive_since]
        return min([self.words[_CONNECTIONS + index] for index in alive], default=0)

    def heartbeat(self, index: int) -> float:
        """When the accept loop of a worker, or the ``KEEPER``, was alive, by the monotonic clock in seconds.

        0 before the first time.
        """
        return self.beats[index]

    def beat(self, index: int, now: float) -> None:
        """A sign of life; 0 for a process that begins."""
        self.beats[index] = now


class Slot:
    """One worker's own entries. The caller holds the scoreboard's lock where a decision depends on them."""

    def __init__(self, scoreboard: Scoreboard, index: int) -> None:
        self.scoreboard = scoreboard
        self.index = index
        self._words = scoreboard.words
        self._table = _TABLES + index * _TABLE_SIZE
        self._peers: list[bytes] = []
        self._words[_PIDS + index] = os.getpid()

    @property
    def connections(self) -> int:
        """Open connections of this worker."""
        return self._words[_CONNECTIONS + self.index]

    @property
    def generation(self) -> int:
        """The generation that this worker belongs to."""
        return self._words[_GENERATIONS + self.index]

    def set_accepting(self, accepting: Accepting) -> None:
        """Say where this worker takes connections; one that does not is no measure for the others."""
        self._words[_ACCEPTING + self.index] = accepting

    def beat(self, now: float) -> None:
        """The accept loop is alive, by the monotonic clock in seconds."""
        self.scoreboard.beat(self.index, now)

    def add_connections(self, change: int) -> None:
        """Count connections that were opened (1) or closed (-1)."""
        self._words[_CONNECTIONS + self.index] += change

    def count_object(self) -> None:
        """An object was answered with success."""
        self.scoreboard.tally.count(self.index)

    def add_association(self, peer: bytes) -> None:
        """Count an association."""
        self._peers.append(peer)
        self._publish(len(self._peers) - 1)

    def remove_association(self, peer: bytes) -> None:
        """The end of an association; the last entry takes its place in the table."""
        index = self._peers.index(peer)
        self._peers[index] = self._peers[-1]
        self._peers.pop()
        self._publish(index)

    def _publish(self, index: int) -> None:
        if index < min(len(self._peers), MAX_PEERS):
            place = self._table + index * PEER_SIZE
            self.scoreboard.memory[place : place + PEER_SIZE] = self._peers[index]
        self._words[_ASSOCIATIONS + self.index] = min(len(self._peers), MAX_PEERS)
