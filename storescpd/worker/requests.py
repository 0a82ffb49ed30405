"""What is held for peers that have not asked for an association yet: one budget for all connections of a worker.

A request may have a MiB, and its last byte may stay away for as long as ``acse_timeout``. Beyond the budget the address
that holds the most loses its largest request, of several the oldest: whoever sends as senders do holds a few KiB for
some milliseconds, and is never the one, however many connections somebody else has.
"""

import contextlib
import logging
import math
import socket
import threading
import time
from collections import Counter
from typing import Final

from storescpd.telemetry.events import log_event

BUDGET: Final = 16 << 20
"""Bytes. Large requests of real senders have 25 KiB (128 contexts with five transfer syntaxes each): this is room for
600 of them at the same moment, or for 16 of the largest that are taken."""
LARGE: Final = 1 << 16
"""Bytes. Requests of more are read one at a time: what takes long must not take long for many at once."""
TELL_AGAIN: Final = 60.0
"""Seconds until the log says again that a request was given up."""

logger = logging.getLogger(__name__)


class CrowdedError(OSError):
    """The connection is given up: too much is held for requests that are not complete."""


class RequestMemory:
    """The budget of one worker."""

    def __init__(self, budget: int = BUDGET) -> None:
        self.turn = threading.Lock()
        """Of the thread that reads a large request."""
        self._budget = budget
        self._lock = threading.Lock()
        self._holdings: dict[Holding, int] = {}
        """Bytes; the oldest first."""
        self._total = 0
        self._told = -math.inf
        self._untold = 0

    def claim(self, connection: socket.socket, address: str) -> "Holding":
        """For a connection from this address."""
        return Holding(self, connection, address)

    def hold(self, holding: "Holding", size: int) -> None:
        """So many bytes are held for a connection now.

        Raises:
            CrowdedError: it is the one that is given up, now or before.
        """
        with self._lock:
            if not holding.lost:
                self._total += size - self._holdings.get(holding, 0)
                self._holdings[holding] = size
                while self._total > self._budget:
                    self._give_up(self._greediest())
        if holding.lost:
            raise CrowdedError("too much is held for incomplete association requests, and for this peer the most")

    def release(self, holding: "Holding") -> bool:
        """Nothing is held for it any more, or it does not count; returns whether it was not given up before."""
        with self._lock:
            self._total -= self._holdings.pop(holding, 0)
            return not holding.lost

    def _greediest(self) -> "Holding":
        by_address = Counter[str]()
        for holding, size in self._holdings.items():
            by_address[holding.address] += size
        address = max(by_address, key=by_address.__getitem__)
        return max((one for one in self._holdings if one.address == address), key=self._holdings.__getitem__)

    def _give_up(self, loser: "Holding") -> None:
        """With the lock: so its connection is not closed yet, and its descriptor is not another's."""
        size = self._holdings.pop(loser)
        self._tell(loser.address, size)
        self._total -= size
        loser.lost = True
        loser.wake()

    def _tell(self, address: str, size: int) -> None:
        now = time.monotonic()
        if now - self._told < TELL_AGAIN:
            self._untold += 1
            return
        log_event(
            logger,
            logging.WARNING,
            "association request given up: too many are incomplete",
            peer=address,
            bytes=size,
            together=self._total,
            limit=self._budget,
            not_told=self._untold,
            remedy="of all addresses this one held the most; if it is no sender, put it into access.deny",
        )
        self._told, self._untold = now, 0


class Holding:
    """What is held for one connection until it has an answer to its request."""

    def __init__(self, memory: RequestMemory, connection: socket.socket, address: str) -> None:
        self._memory = memory
        self._socket = connection
        self.address = address
        self.lost = False
        """It was given up."""

    @property
    def turn(self) -> threading.Lock:
        """Of the thread that reads a large request."""
        return self._memory.turn

    def hold(self, size: int) -> None:
        """So many bytes now.

        Raises:
            CrowdedError: the connection is given up.
        """
        self._memory.hold(self, size)

    def release(self) -> bool:
        """Nothing any more; returns whether the connection was not given up before."""
        return self._memory.release(self)

    def wake(self) -> None:
        """To the thread that waits for the rest it looks as if the peer had sent its last byte."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RD)
