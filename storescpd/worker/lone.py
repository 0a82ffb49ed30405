"""One connection in this process and this thread, and then the end: what inetd starts (storescp facts 9.3).

The session is the same as in a worker; there is no supervisor to hear of signals, and nobody else to count.
"""

import contextlib
import signal
import socket

from storescpd.worker.addresses import plain_address
from storescpd.worker.admission import Admission, Control
from storescpd.worker.buffers import BufferPool
from storescpd.worker.connection import Connection, session_of
from storescpd.worker.refusals import Refusals
from storescpd.worker.scoreboard import Scoreboard, Slot
from storescpd.worker.session import Session
from storescpd.worker.settings import Settings
from storescpd.worker.sweeping import sweep

LAST_GRACE = 5.0
"""Seconds that an object under way gets after the time to drain is over; then its association is cut."""
_LEAST = 1e-6
"""Seconds; setitimer(2) takes 0 for never."""


class Lone:
    """The process of one association."""

    def __init__(self, connection: socket.socket, listener: str, settings: Settings, drain_timeout: float) -> None:
        address, port = connection.getpeername()[:2]
        self._socket = connection
        self._settings = settings
        self._drain_timeout = drain_timeout
        self._control = Control()
        slot = _slot()
        known = Connection(connection, plain_address(address), port, listener)
        admission = Admission(slot, settings.places, self._control, address=known.address, listener=listener)
        self._session: Session = session_of(known, settings, admission, BufferPool(), Refusals(slot.scoreboard, 1))

    def serve(self) -> None:
        """Serve until the association is over."""
        signal.signal(signal.SIGTERM, self._stop)
        signal.signal(signal.SIGALRM, self._press)
        signal.signal(signal.SIGINT, self._cut)
        signal.signal(signal.SIGPIPE, signal.SIG_IGN)
        try:
            self._session.serve()
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
        sweep(self._settings.used_directories)

    def _stop(self, _number: int, _frame: object) -> None:
        """The association gets its time to end; a second SIGTERM ends it at once."""
        signal.signal(signal.SIGTERM, self._cut)
        signal.setitimer(signal.ITIMER_REAL, max(self._drain_timeout, _LEAST))

    def _press(self, _number: int, _frame: object) -> None:
        """The time is over: abort between objects, and at the very end inside one."""
        self._control.stopping.set()
        if self._session.between_objects:
            self._wake()
        signal.signal(signal.SIGALRM, self._cut)
        signal.setitimer(signal.ITIMER_REAL, LAST_GRACE)

    def _cut(self, _number: int, _frame: object) -> None:
        self._control.stopping.set()
        self._wake()

    def _wake(self) -> None:
        """To the session it looks as if the peer had sent its last byte."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RD)


def _slot() -> Slot:
    board = Scoreboard(slots=1)
    board.claim(generation=1)
    slot = Slot(board, 0)
    slot.add_connections(1)
    return slot
