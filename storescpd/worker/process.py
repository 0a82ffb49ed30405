"""The main thread of a worker process: obey the supervisor, drain, end.

Orders come as signals (SIGTERM: drain; SIGUSR1: drain after a reload; SIGINT: end at once) and as
the end of the lifeline, a pipe that the supervisor alone can write to: when it dies, whatever killed it, its workers
drain and leave.
"""

import contextlib
import gc
import logging
import math
import os
import select
import signal
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass

from storescpd.telemetry.events import log_event
from storescpd.worker import preload
from storescpd.worker.accept import HEARTBEAT, AcceptLoop, Listener
from storescpd.worker.admission import Control
from storescpd.worker.retirement import LINGER
from storescpd.worker.scoreboard import Accepting, Slot
from storescpd.worker.settings import Settings
from storescpd.worker.sweeping import sweep

LAST_GRACE = 5.0
"""Seconds that an object under way gets after the time to drain is over; then its association is cut."""
LEAVE_GRACE = 3.0
"""Seconds that the threads get then; one that hangs in a disk does not hold the worker."""
YOUNG = 20000
"""Containers made before the collector looks for cycles among them: an object makes some hundreds, and no cycle.
At Python's own 700 looking takes 4 % of the time."""
DRAIN_PAUSE = 0.05
"""Seconds between two looks whether the last association has ended."""
READY = b"R"
"""What a worker writes to the supervisor once it serves."""
LEFT = b"L"
"""What it writes when it takes no more connections, and before that when it does so at ports to be closed only."""

PRELOADED = preload.LOADED
"""A worker loads nothing by itself."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Orders:
    """What the supervisor gives to a worker."""

    listeners: Sequence[Listener]
    settings: Settings
    slot: Slot
    lifeline: int
    """Reading end of a pipe; its end of file is the supervisor's death."""
    ready: int
    """Writing end of a pipe; ``READY`` goes into it."""
    drain_timeout: float
    """Seconds for open associations after the order to stop; 0 cuts them at once."""
    reload_drain_timeout: float
    """Seconds for them after a reload; 0 is no limit."""


def run(orders: Orders) -> None:
    """Serve until told to stop; returns when nothing is left to do."""
    Process(orders).run()


class Process:
    """One worker."""

    def __init__(self, orders: Orders) -> None:
        self._orders = orders
        self._control = Control()
        self._accept = AcceptLoop(orders.listeners, orders.settings, orders.slot, self._control)
        self._poll = select.poll()
        self._wakeup, self._wakeup_writer = socket.socketpair()
        self._draining = False
        self._rest: AcceptLoop | None = None
        """Takes what waits at ports that are to be closed."""
        self._rest_until: float | None = None
        """Monotonic time from which on it may stop; ``None`` when it does not run."""
        self._press_at = self._cut_at = self._leave_at = math.inf

    def run(self) -> None:
        """Serve, drain, end."""
        self._prepare()
        self._orders.slot.beat(time.monotonic())
        self._accept.start()
        self._tell(READY)
        while not self._done():
            for fd, _ in self._poll.poll(self._pause()):
                self._handle(fd)
            self._press(time.monotonic())
            self._live()
            self._finish_rest(time.monotonic())

    def _done(self) -> bool:
        # The board counts from the accept on, before there is a session.
        if not self._draining or self._rest_until is not None:
            return False
        return not self._orders.slot.connections or time.monotonic() >= self._leave_at

    def _prepare(self) -> None:
        self._wakeup.settimeout(0)
        self._wakeup_writer.settimeout(0)
        signal.set_wakeup_fd(self._wakeup_writer.fileno(), warn_on_full_buffer=False)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1):
            signal.signal(number, _noted)
        # A closed terminal and a reload are the supervisor's to hear.
        for number in (signal.SIGHUP, signal.SIGPIPE):
            signal.signal(number, signal.SIG_IGN)
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        self._poll.register(self._wakeup, select.POLLIN)
        self._poll.register(self._orders.lifeline, select.POLLIN)
        gc.collect()
        gc.freeze()
        gc.set_threshold(YOUNG, *gc.get_threshold()[1:])
        sweep(self._orders.settings.directories)

    def _pause(self) -> float:
        """Milliseconds until there is something to do unasked."""
        # Sessions end in their own threads: while draining, look often enough to leave soon.
        return (DRAIN_PAUSE if self._draining else HEARTBEAT) * 1000

    def _live(self) -> None:
        """The sign of life is the accept loop's; without one, while draining, it is this loop's."""
        if self._draining:
            self._orders.slot.beat(time.monotonic())
        else:
            self._accept.stand_in()

    def _handle(self, fd: int) -> None:
        if fd == self._orders.lifeline:
            self._poll.unregister(fd)
            log_event(logger, logging.WARNING, "the supervisor is gone: open associations end, then this worker")
            self._drain(self._orders.drain_timeout)
        elif fd == self._wakeup.fileno():
            for number in self._wakeup.recv(64):
                self._obey(number)

    def _obey(self, number: int) -> None:
        if number == signal.SIGUSR1:
            retired = [listener for listener in self._orders.listeners if listener.retirement.begun]
            self._drain(self._orders.reload_drain_timeout or math.inf, retired)
        elif number == signal.SIGINT:
            self._drain(0.0)
            self._cut_at = time.monotonic()
        else:
            self._drain(self._orders.drain_timeout)

    def _drain(self, timeout: float, retired: Sequence[Listener] = ()) -> None:
        """Take no more connections but those that wait at retired ports; what is open goes on for so many seconds."""
        self._press_at = min(self._press_at, time.monotonic() + timeout)
        if self._draining:
            self._leave_rest()
            return
        self._draining = True
        self._accept.stop(keep=retired)
        if retired:
            self._rest = AcceptLoop(retired, self._orders.settings, self._orders.slot, self._control)
            self._rest_until = time.monotonic() + LINGER
            self._rest.start(Accepting.REST)
        self._tell(LEFT)

    def _finish_rest(self, now: float) -> None:
        """Nobody new can come to a retired port: when those that wait have been taken it is closed."""
        if self._rest and self._rest_until is not None and now >= self._rest_until and not self._rest.waited_for():
            self._leave_rest()

    def _leave_rest(self) -> None:
        if self._rest and self._rest_until is not None:
            self._rest_until = None
            self._rest.stop()
            self._tell(LEFT)

    def _tell(self, word: bytes) -> None:
        """To a supervisor that is gone nothing is said."""
        with contextlib.suppress(OSError):
            os.write(self._orders.ready, word)

    def _press(self, now: float) -> None:
        """The time is over: abort between objects, and at the very end inside them."""
        if now >= self._press_at:
            self._press_at = math.inf
            self._cut_at = min(self._cut_at, now + LAST_GRACE)
            self._control.stopping.set()
            self._wake(idle_only=True)
        if now >= self._cut_at:
            self._cut_at = math.inf
            self._leave_at = now + LEAVE_GRACE
            self._control.stopping.set()
            self._wake(idle_only=False)

    def _wake(self, *, idle_only: bool) -> None:
        """End the waiting of sessions: to their threads it looks as if the peer had sent its last byte."""
        loops = [loop for loop in (self._accept, self._rest) if loop is not None]
        for session, connection in [item for loop in loops for item in list(loop.sessions.items())]:
            if not idle_only or session.between_objects:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RD)


def _noted(_number: int, _frame: object) -> None:
    """The wake-up descriptor has it."""
