"""Taking connections: fairly among the workers, within the limits of the daemon."""

import logging
import math
import os
import select
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from storescpd.telemetry.events import log_event
from storescpd.worker.addresses import plain_address
from storescpd.worker.admission import Admission, Control
from storescpd.worker.buffers import BufferPool
from storescpd.worker.connection import Connection, session_of
from storescpd.worker.options import set_buffers
from storescpd.worker.refusals import Refusals
from storescpd.worker.retirement import Retirement
from storescpd.worker.scoreboard import Accepting, Slot
from storescpd.worker.session import Session
from storescpd.worker.settings import Settings
from storescpd.worker.threads import Threads

FAIR_PAUSE = 0.0015
"""Seconds that a worker with more connections than another waits for the other to take the next one."""
FAIR_PATIENCE = 100
"""Pauses after which it takes the connection all the same: the other one is busy or stuck."""
FULL_PAUSE = 0.02
"""Seconds between two looks whether a place is free, where others wait in the backlog."""
HEARTBEAT = 1.0
"""Seconds between two signs of life."""
TELL_AGAIN = 60.0
"""Seconds until the log says again that connections cannot be accepted."""
SILENCE = 3 * HEARTBEAT
"""Seconds without one after which nobody waits for a worker's turn."""


logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Listener:
    """A listening socket and its name."""

    socket: socket.socket
    name: str
    retirement: Retirement = field(default_factory=Retirement, compare=False)


class AcceptLoop:
    """Accepts and serves in threads of its own, until ``stop`` is called."""

    def __init__(self, listeners: Sequence[Listener], settings: Settings, slot: Slot, control: Control) -> None:
        self._listeners = {listener.socket.fileno(): listener for listener in listeners}
        self._settings = settings
        self._slot = slot
        self._control = control
        self._pool = BufferPool()
        self._refusals = Refusals(slot.scoreboard, slot.generation)
        self._threads = Threads(self._wait, self._serve)
        self._poll = select.poll()
        self._stop = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self._deferred = 0
        self._told = -math.inf
        self.sessions: dict[Session, socket.socket] = {}

    def start(self, accepting: Accepting = Accepting.ALL) -> None:
        """Begin to take connections."""
        settings = self._settings
        for listener in self._listeners.values():
            listener.socket.settimeout(0)
            set_buffers(listener.socket, settings.socket_options)
            self._poll.register(listener.socket, select.POLLIN)
        self._poll.register(self._stop, select.POLLIN)
        self._slot.set_accepting(accepting)
        self._threads.start()

    def stand_in(self) -> None:
        """Give the sign of life where nobody can wait for connections: all threads serve, and there is no other."""
        if not self._threads.has_waiting():
            self._slot.beat(time.monotonic())

    def stop(self, keep: Sequence[Listener] = ()) -> None:
        """Take no more connections: the listening sockets are closed in this worker, but for those to be kept."""
        os.eventfd_write(self._stop, 1)
        self._threads.join()
        self._slot.set_accepting(Accepting.NONE)
        for listener in self._listeners.values():
            if listener not in keep:
                listener.socket.close()
        self._listeners.clear()

    def waited_for(self) -> bool:
        """Whether a connection waits to be taken."""
        poll = select.poll()
        for listener in self._listeners.values():
            poll.register(listener.socket, select.POLLIN)
        return bool(poll.poll(0))

    def _wait(self) -> Connection | None:
        """The next connection; ``None`` when there will be none."""
        while True:
            self._slot.beat(time.monotonic())
            ready = [fd for fd, _ in self._poll.poll(HEARTBEAT * 1000)]
            if self._stop in ready:
                # Before any listener: those that wait are other workers' now, and the sockets may be closed already.
                return None
            for fd in ready:
                connection = self._accept(self._listeners[fd])
                if connection is not None:
                    return connection

    def _accept(self, listener: Listener) -> Connection | None:
        """Take one connection, unless it is another worker's turn or others have to wait."""
        scoreboard = self._slot.scoreboard
        connection: Connection | None = None
        failure: OSError | None = None
        self._control.freed.clear()
        alone = scoreboard.accepting(self._slot.generation) <= 1 and not self._settings.places.wait_when_full
        with scoreboard.among_threads if alone else scoreboard.locked():
            pause = self._pause()
            if not pause:
                try:
                    connection = self._take(listener)
                except OSError as error:
                    failure = error
            total = scoreboard.connections()
        if failure is not None:
            self._refused(failure)
        elif pause:
            # Never with the lock: all workers would wait. A place that this worker frees is taken at once.
            self._control.freed.wait(pause)
        if connection is None:
            return None
        limit = self._settings.places.connections
        if not limit or total <= limit:
            return connection
        self._turn_away(connection, f"{total} connections, process.max_connections is {limit}")
        return None

    def _pause(self) -> float:
        """Seconds to wait for another worker, or for a place where others wait in the backlog; 0 for none."""
        scoreboard, places = self._slot.scoreboard, self._settings.places
        if places.wait_when_full and scoreboard.connections() >= places.associations:
            return FULL_PAUSE
        alive_since = time.monotonic() - SILENCE
        ahead = self._slot.connections > scoreboard.least_connections(self._slot.generation, alive_since)
        if ahead and self._deferred < FAIR_PATIENCE:
            self._deferred += 1
            return FAIR_PAUSE
        self._deferred = 0
        return 0.0

    def _take(self, listener: Listener) -> Connection | None:
        try:
            connection, address = listener.socket.accept()
        except (BlockingIOError, ConnectionError):
            # Another worker was faster, or the peer has gone already.
            return None
        self._slot.add_connections(1)
        return Connection(connection, plain_address(address[0]), address[1], listener.name)

    def _refused(self, error: OSError) -> None:
        """Out of descriptors or memory: those that wait must not spin us, nor fill the log."""
        now = time.monotonic()
        if now - self._told >= TELL_AGAIN:
            log_event(logger, logging.ERROR, "cannot accept connections", cause=error.strerror or str(error))
            self._told = now
        time.sleep(FULL_PAUSE)

    def _turn_away(self, connection: Connection, cause: str) -> None:
        connection.socket.close()
        self._admission(connection).disconnect()
        log_event(logger, logging.WARNING, "connection closed at once", peer=connection.address, cause=cause)

    def _admission(self, connection: Connection) -> Admission:
        return Admission(
            self._slot,
            self._settings.places,
            self._control,
            address=connection.address,
            listener=connection.listener,
        )

    def _serve(self, connection: Connection) -> None:
        try:
            session = session_of(connection, self._settings, self._admission(connection), self._pool, self._refusals)
            self.sessions[session] = connection.socket
        except (OSError, MemoryError) as error:
            self._turn_away(connection, str(error))
            return
        try:
            session.serve()
        finally:
            del self.sessions[session]
