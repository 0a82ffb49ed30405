"""The accept loop of a worker: takes connections fairly, within the limits, and hands each to a thread."""

import logging
import select
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass

from storescpd.telemetry.events import log_event
from storescpd.worker.admission import Admission, Control
from storescpd.worker.buffers import BufferPool
from storescpd.worker.journal import Journal
from storescpd.worker.scoreboard import Slot
from storescpd.worker.session import Session
from storescpd.worker.settings import Settings
from storescpd.worker.threads import Threads
from storescpd.worker.transport import Transport

FAIR_PAUSE = 0.0015
"""Seconds that a worker with more connections than another waits for the other to take the next one."""
FAIR_PATIENCE = 20
"""Pauses after which it takes the connection all the same: the other one is busy or stuck."""
FULL_PAUSE = 0.02
"""Seconds between two looks whether a place is free, where others wait in the backlog."""
HEARTBEAT = 1.0
"""Seconds between two signs of life."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Listener:
    """A listening socket and its name."""

    socket: socket.socket
    name: str


class AcceptLoop:
    """Runs in the worker's main thread until ``stop`` is called."""

    def __init__(self, listeners: Sequence[Listener], settings: Settings, slot: Slot, control: Control) -> None:
        self._listeners = {listener.socket.fileno(): listener for listener in listeners}
        self._settings = settings
        self._slot = slot
        self._control = control
        self._pool = BufferPool()
        self._threads = Threads()
        self._deferred = 0
        self.sessions: dict[Session, socket.socket] = {}

    def listen(self, epoll: select.epoll) -> None:
        """Wait for connections with this epoll."""
        for listener in self._listeners.values():
            listener.socket.settimeout(0)
            epoll.register(listener.socket, select.EPOLLIN)
        self._slot.set_accepting(accepting=True)

    def stop(self, epoll: select.epoll) -> None:
        """Take no more connections: the listening sockets are closed in this worker."""
        self._slot.set_accepting(accepting=False)
        for listener in self._listeners.values():
            epoll.unregister(listener.socket)
            listener.socket.close()
        self._listeners.clear()

    def ready(self, fd: int) -> bool:
        """A descriptor has become readable; ``False`` when it is none of ours."""
        listener = self._listeners.get(fd)
        if listener is None:
            return False
        self._accept(listener)
        return True

    def _accept(self, listener: Listener) -> None:
        """Take one connection, unless it is another worker's turn or others have to wait."""
        scoreboard = self._slot.scoreboard
        pause = 0.0
        with scoreboard.locked():
            pause = self._pause()
            accepted = None if pause else self._take(listener)
            total = scoreboard.connections()
        if accepted is not None:
            self._admit(listener, *accepted, total)
        elif pause:
            time.sleep(pause)

    def _pause(self) -> float:
        """Seconds to wait for another worker, or for a place where others wait in the backlog; 0 for none."""
        scoreboard, places = self._slot.scoreboard, self._settings.places
        if places.wait_when_full and scoreboard.connections() >= places.associations:
            return FULL_PAUSE
        ahead = self._slot.connections > scoreboard.least_connections(self._slot.generation)
        if ahead and self._deferred < FAIR_PATIENCE:
            self._deferred += 1
            return FAIR_PAUSE
        self._deferred = 0
        return 0.0

    def _take(self, listener: Listener) -> tuple[socket.socket, tuple[str, int]] | None:
        try:
            connection, address = listener.socket.accept()
        except BlockingIOError:
            return None
        except OSError as error:
            # The peer has gone, or we are out of descriptors: those that wait must not spin us.
            log_event(logger, logging.ERROR, "cannot accept a connection", cause=error.strerror or str(error))
            time.sleep(FULL_PAUSE)
            return None
        self._slot.add_connections(1)
        return connection, address

    def _admit(self, listener: Listener, connection: socket.socket, address: tuple[str, int], total: int) -> None:
        admission = Admission(self._slot, self._settings.places, address[0], self._control)
        limit = self._settings.places.connections
        try:
            if limit and total > limit:
                raise ConnectionRefusedError(f"{total} connections, process.max_connections is {limit}")
            self._start(listener, connection, address, admission)
        except (OSError, RuntimeError) as error:
            connection.close()
            admission.disconnect()
            log_event(logger, logging.WARNING, "connection closed at once", peer=address[0], cause=str(error))

    def _start(
        self, listener: Listener, connection: socket.socket, address: tuple[str, int], admission: Admission
    ) -> None:
        connection.settimeout(None)
        set_options(connection, self._settings.deadlines.keepalive)
        transport = Transport(connection, self._pool, self._settings.deadlines.socket)
        dump = self._settings.dump_presentation_contexts
        journal = Journal(f"{address[0]}:{address[1]}", listener.name, dump_contexts=dump)
        session = Session(transport, self._settings, admission, journal)
        self.sessions[session] = connection

        def serve() -> None:
            try:
                session.serve()
            finally:
                del self.sessions[session]

        self._threads.run(serve)


def set_options(connection: socket.socket, keepalive: float) -> None:
    """What every connection gets: answers at once, and dead peers noticed within twice ``keepalive`` seconds."""
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if keepalive:
        seconds = max(int(keepalive), 1)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, seconds)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, max(seconds // 4, 1))
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 4)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, seconds * 1000)
