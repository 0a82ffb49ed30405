"""How many warnings a minute one peer may cause in the log (contract, logging.lines_per_peer); the rest is counted.

The daemon has one table for all of its processes, in shared memory of a fixed size: who comes from more addresses than
it has rows pushes the oldest out, and their counts are told without an address.
"""

import fcntl
import hashlib
import logging
import mmap
import os
import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, NamedTuple

from storescpd.telemetry.events import ROOT, log_event
from storescpd.telemetry.formats import fields

WINDOW: Final = 60
"""Seconds that the limit is about."""
_WAYS: Final = 8
"""Rows that an address may be in; the oldest of them makes room."""
_SETS: Final = 512
ROWS: Final = _WAYS * _SETS
"""Addresses that are counted at once: more senders than any hospital has, in 128 KiB."""
_ROW: Final = struct.Struct("=16sIII4x")
"""Address, minute, warnings written in it, warnings not written since they were last told of."""
_OTHERS: Final = ROWS * _ROW.size
"""Where the warnings are counted whose row had to make room."""
_COUNT: Final = struct.Struct("=Q")
_ATTEMPTS: Final = 50
"""To get the lock; whoever holds it may have been stopped, and a warning too many is better than to wait."""
_IPV4: Final = bytes(10) + b"\xff\xff"

logger = logging.getLogger(ROOT)


class Row(NamedTuple):
    """What is known of one address."""

    address: bytes
    minute: int
    written: int
    left_out: int


class Allowance:
    """A filter of records; made before the first fork."""

    def __init__(self) -> None:
        self.limit = 0
        """Warnings a minute; 0: all."""
        self._memory = mmap.mmap(-1, _OTHERS + _COUNT.size)
        self._lock_fd = os.memfd_create("storescpd-log-lines", os.MFD_CLOEXEC)
        self._threads = threading.Lock()
        self._salt = os.urandom(16)
        self._told = self._minute()

    @staticmethod
    def _minute() -> int:
        return int(time.monotonic()) // WINDOW

    @property
    def due(self) -> float:
        """Monotonic time of the next ``tell``."""
        return float((self._told + 1) * WINDOW)

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether a record is written."""
        if not self.limit or record.levelno < logging.WARNING:
            return True
        address = _packed(str(fields(record).get("peer", "")))
        return address is None or self._allow(address)

    def _allow(self, address: bytes) -> bool:
        with self._locked() as locked:
            if not locked:
                return True
            minute = self._minute()
            place, row = self._find(address)
            if row.address != address:
                self._forget(row)
                row = Row(address, minute, 0, 0)
            written = row.written if row.minute == minute else 0
            allowed = written < self.limit
            row = Row(address, minute, written + allowed, row.left_out + (not allowed))
            _ROW.pack_into(self._memory, place, *row)
            return allowed

    def _find(self, address: bytes) -> tuple[int, Row]:
        """The row of an address, or the one that makes room for it."""
        digest = hashlib.blake2b(address, digest_size=4, key=self._salt).digest()
        first = int.from_bytes(digest, "little") % _SETS * _WAYS
        rows = [(place * _ROW.size, self._row(place)) for place in range(first, first + _WAYS)]
        for place, row in rows:
            if row.address == address:
                return place, row
        return min(rows, key=lambda found: (found[1].minute, found[1].written))

    def _row(self, place: int) -> Row:
        return Row(*_ROW.unpack_from(self._memory, place * _ROW.size))

    def _forget(self, row: Row) -> None:
        if row.left_out:
            [others] = _COUNT.unpack_from(self._memory, _OTHERS)
            _COUNT.pack_into(self._memory, _OTHERS, others + row.left_out)

    @contextmanager
    def _locked(self) -> Iterator[bool]:
        """Nobody else counts meanwhile, if it can be had at once."""
        if not self._threads.acquire(timeout=1.0):
            yield False
            return
        try:
            got = self._lock()
            try:
                yield got
            finally:
                if got:
                    fcntl.lockf(self._lock_fd, fcntl.LOCK_UN)
        finally:
            self._threads.release()

    def _lock(self) -> bool:
        for _ in range(_ATTEMPTS):
            try:
                fcntl.lockf(self._lock_fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                os.sched_yield()
            else:
                return True
        return False

    def tell(self) -> None:
        """Log what was left out in the minutes that are over; for the supervisor, once a minute."""
        minute = self._minute()
        if minute == self._told:
            return
        self._told = minute
        with self._locked() as locked:
            taken = self._take() if locked else []
        for peer, count in taken:
            who = {"address": peer} if peer else {}
            log_event(logger, logging.WARNING, "warnings of a peer left out", **who, count=count, limit=self.limit)

    def _take(self) -> list[tuple[str, int]]:
        taken: list[tuple[str, int]] = []
        for place in range(ROWS):
            row = self._row(place)
            if row.left_out:
                taken.append((_shown(row.address), row.left_out))
                _ROW.pack_into(self._memory, place * _ROW.size, row.address, row.minute, row.written, 0)
        [others] = _COUNT.unpack_from(self._memory, _OTHERS)
        _COUNT.pack_into(self._memory, _OTHERS, 0)
        return [*_most(taken), *([("", others)] if others else [])]


_MOST_TOLD: Final = 20
"""Addresses that are named a minute; the rest is told in one line."""


def _most(taken: list[tuple[str, int]]) -> list[tuple[str, int]]:
    ranked = sorted(taken, key=lambda one: -one[1])
    rest = sum(count for _, count in ranked[_MOST_TOLD:])
    return [*ranked[:_MOST_TOLD], *([("", rest)] if rest else [])]


def _packed(peer: str) -> bytes | None:
    """The address of ``10.0.0.5:4711``, ``[::1]:4711`` or either without a port, in 16 bytes; ``None``: it is none."""
    address = peer[1:].partition("]")[0] if peer.startswith("[") else peer
    if address.count(":") == 1:
        address = address.partition(":")[0]
    try:
        if ":" in address:
            return socket.inet_pton(socket.AF_INET6, address.partition("%")[0])
        return _IPV4 + socket.inet_pton(socket.AF_INET, address)
    except OSError:
        return None


def _shown(address: bytes) -> str:
    if address.startswith(_IPV4):
        return socket.inet_ntop(socket.AF_INET, address[len(_IPV4) :])
    return socket.inet_ntop(socket.AF_INET6, address)
