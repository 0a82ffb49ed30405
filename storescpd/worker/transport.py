"""A connected socket with deadlines.

Waiting is the kernel's: a blocking receive with a short time-out of its own while data flow, poll(2) up to the
deadline when they do not. Nothing polls on a timer.
"""

import contextlib
import select
import socket
import time
from typing import Final

from storescpd.worker.buffers import Buffer, BufferPool
from storescpd.worker.gate import Arrival, Gate, arrive
from storescpd.worker.requests import LARGE, CrowdedError, Holding

_LONGEST_POLL: Final = 86400.0
"""Seconds; poll(2) counts milliseconds in 31 bits, 24 days, and deadlines may be longer."""
_LINGER_DISCARD: Final = 1 << 20
"""Bytes of a peer that is being left which are read and thrown away; then the connection is reset."""


class DeadlineError(Exception):
    """The deadline has passed before the peer sent or took anything."""


class HandshakeError(Exception):
    """There is no TLS with this peer."""


def is_past(deadline: float | None) -> bool:
    """Whether a monotonic time is over; ``None`` never is."""
    return deadline is not None and time.monotonic() >= deadline


def patience(deadline: float | None) -> int:
    """Flags of a receive: past the deadline it does not wait, or a byte now and then would put the end off for ever."""
    return socket.MSG_DONTWAIT if is_past(deadline) else 0


class Transport:
    """Receives into a lent buffer, sends with one call; the socket has its ``options``."""

    def __init__(self, sock: socket.socket, pool: BufferPool, address: str) -> None:
        self._socket = sock
        self._holding: Holding | None = pool.requests.claim(sock, address)
        """Until the peer has asked for an association."""
        self._pool = pool
        self._buffer: Buffer | None = None
        self._view = memoryview(b"")
        self._start = 0
        self._end = 0
        self._poll = select.poll()
        self._poll.register(sock, select.POLLIN | select.POLLRDHUP)

    def arrive(self, gate: Gate, address: str) -> Arrival:
        """Ask the gate about this connection."""
        return arrive(gate, address, self._socket)

    @property
    def unread(self) -> memoryview:
        """What was received and not consumed; valid until the next ``fill``."""
        return self._view[self._start : self._end]

    @property
    def pending(self) -> int:
        """Bytes of ``unread``."""
        return self._end - self._start

    def consume(self, count: int) -> None:
        """The first bytes of ``unread`` are done with."""
        self._start += count

    def fill(self, deadline: float | None, wanted: int) -> bool:
        """Receive at least a byte; ``False`` at the end of the stream.

        ``deadline`` is a monotonic time in seconds; ``wanted`` is the length of the PDU that ``unread`` begins with.

        Raises:
            DeadlineError: nothing came in time.
            OSError: the connection is broken, or given up because too much is held for others (CrowdedError).
        """
        self._make_room(wanted)
        while True:
            try:
                count = self._read(self._view[self._end :], deadline)
            except BlockingIOError:
                if not self.pending:
                    self._let_go()
                self._wait(deadline)
                self._make_room(wanted)
                continue
            self._end += count
            self._hold()
            return count > 0

    def _hold(self) -> None:
        if self._holding is not None:
            self._holding.hold(self._held())

    def _held(self) -> int:
        """Bytes of memory that the peer has made us use."""
        return self.pending

    def turn(self) -> contextlib.AbstractContextManager[object]:
        """To be held while a request is read: large ones are read one at a time."""
        if self._holding is None or self.pending <= LARGE:
            return contextlib.nullcontext()
        return self._holding.turn

    def requested(self) -> None:
        """An association is asked for: what is received from now on is bounded by the number of associations.

        Raises:
            CrowdedError: the connection was given up before.
        """
        holding, self._holding = self._holding, None
        if holding is not None and not holding.release():
            raise CrowdedError("given up")

    def acknowledge(self) -> None:
        """Acknowledge at once what has come of a message, and what comes next of it.

        A sender that uses Nagle's algorithm waits for that, and the kernel would delay it: nothing is sent back that
        could carry it. It forgets the option after a while.
        """
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)

    def _read(self, view: memoryview, deadline: float | None) -> int:
        """What has come; 0 at the end of the stream; raises BlockingIOError when nothing comes soon."""
        return self._socket.recv_into(view, 0, patience(deadline))

    def _wait(self, deadline: float | None, events: int = select.POLLIN | select.POLLRDHUP) -> None:
        self._poll.modify(self._socket, events)
        while True:
            left = None if deadline is None else deadline - time.monotonic()
            timeout = None if left is None else min(max(left, 0), _LONGEST_POLL) * 1000
            if self._poll.poll(timeout):
                return
            if left is not None and left <= _LONGEST_POLL:
                raise DeadlineError

    def _make_room(self, wanted: int) -> None:
        buffer = self._buffer
        if buffer is None:
            self._buffer = self._pool.take()
            self._view = memoryview(self._buffer)
            self._start = self._end = 0
        elif self._start == self._end:
            self._start = self._end = 0
        elif self._start or self._end == len(buffer):
            self._move(buffer, wanted)

    def _move(self, buffer: Buffer, wanted: int) -> None:
        """Bring what is left to the start, into a larger buffer when its PDU needs one (checked before: 1 MiB)."""
        unread, left = self.unread, self.pending
        if left == len(buffer) < wanted:
            # Doubling: a peer gets memory as it sends, not as it announces.
            self._buffer = self._pool.take_larger(min(2 * len(buffer), wanted))
            self._view = memoryview(self._buffer)
        # Where both overlap, the bytes are moved as memmove(3) does.
        self._view[:left] = unread
        self._start, self._end = 0, left

    def _let_go(self) -> None:
        if self._buffer is not None:
            self._view.release()
            self._view = memoryview(b"")
            self._pool.give_back(self._buffer)
            self._buffer = None
            self._start = self._end = 0

    def send(self, data: bytes) -> None:
        """Send all, in one call.

        Raises:
            DeadlineError: the peer takes nothing.
            OSError: the connection is broken.
        """
        try:
            self._socket.sendall(data)
        except BlockingIOError:
            raise DeadlineError from None

    def linger(self, seconds: float) -> None:
        """Let the peer close first, for so long at the most: what we sent last is not lost in a reset."""
        deadline = time.monotonic() + seconds
        discarded = 0
        # A large request was there.
        self._let_go()
        with contextlib.suppress(OSError, DeadlineError):
            while discarded < _LINGER_DISCARD:
                self._start = self._end = 0
                if not self.fill(deadline, 0) or time.monotonic() > deadline:
                    return
                discarded += self._end

    def half_close(self) -> None:
        """Send nothing more."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        """Close at once."""
        self._let_go()
        if self._holding is not None:
            # Before the socket: until then it may be shut down by others.
            self._holding.release()
        with contextlib.suppress(OSError):
            self._socket.close()
