"""The keeper's loop: one thread, one ledger, one commit for all that workers said meanwhile.

A round: hear the workers, commit, answer; look after timers, hooks and ending studies, commit, let hooks begin. Nobody
is answered and nothing is started before the commit. A keeper whose ledger does not take a commit refuses what it is
asked from then on, looks every second whether it can be written again, and goes on with what the ledger says.
"""

import contextlib
import logging
import math
import os
import selectors
import signal
import socket
import sqlite3
import time
from collections.abc import Callable
from dataclasses import dataclass

from storescpd.studies import jobs, pruning
from storescpd.studies.clock import Clock, Moment
from storescpd.studies.course import Course
from storescpd.studies.ending import Ending
from storescpd.studies.errors import LedgerError
from storescpd.studies.execution import Execution
from storescpd.studies.ledger import Ledger, identity, socket_path
from storescpd.studies.policy import KeeperSettings, Policies
from storescpd.studies.possession import patient_lock
from storescpd.studies.runner import Run
from storescpd.studies.service import Conversation, Service, listen
from storescpd.studies.standing_in import StandIn, may_pass
from storescpd.telemetry.events import log_event

START_GRACE = 1.0
"""Seconds after a start in which no study ends and no file is adopted: workers that lost the keeper before come back
and say what they do."""
_ACCEPT_PAUSE = 0.05
"""Seconds without another attempt where a worker could not be accepted."""
HEARTBEAT = 1.0
"""Seconds between two signs of life where there is nothing else to do, and between two looks at where the ledger is."""
RETURN_PAUSE = 1.0
"""Seconds between two looks whether a ledger that took nothing can be written again."""
ROOM = 256 << 10
"""Bytes that have to be free then: a batch of all workers at once; with less it would be away again at once."""
PRUNE_PAUSE = 3600.0
"""Seconds between two looks for what can leave the ledger."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class KeeperOrders:
    """What the supervisor gives to the keeper."""

    settings: KeeperSettings
    lifeline: int
    """Reading end of a pipe; its end of file is the supervisor's death."""
    crew: int
    """Reading end of a pipe; its end of file means that supervisor and workers are gone."""
    ready: int
    """Writing end of a pipe; ``READY`` goes into it once the keeper serves."""
    beat: Callable[[float], None]
    """Takes the monotonic time, in each round and at least every ``HEARTBEAT`` seconds."""


READY = b"K"
LEAVE = signal.SIGUSR1
"""The supervisor's order to leave the ledger."""


def run(orders: KeeperOrders) -> None:
    """Serve until told to stop, or until nobody is left to serve.

    Raises:
        LedgerError: the ledger cannot be used.
    """
    keeper = _first_keeper(orders)
    if keeper is None:
        return
    try:
        keeper.serve()
    finally:
        keeper.close()


def _first_keeper(orders: KeeperOrders) -> "Keeper | None":
    """A keeper as soon as the ledger can be written; ``None`` when nobody needs it any more."""
    told = ""
    while True:
        try:
            return Keeper(orders)
        except (sqlite3.Error, OSError, LedgerError) as error:
            reason = f"the ledger {orders.settings.ledger} cannot be written: {error}"
            if not may_pass(error) and not may_pass(error.__cause__):
                if isinstance(error, LedgerError):
                    raise
                raise LedgerError(f"the ledger {orders.settings.ledger} cannot be used: {error}") from error
        if reason != told:
            told = reason
            log_event(logger, logging.ERROR, "objects are refused, and hooks wait", cause=reason)
        if not _stood_in(orders, reason):
            return None


def _stood_in(orders: KeeperOrders, reason: str) -> bool:
    """Refuse workers until there may be room; whether a keeper is still wanted then."""
    ledger = orders.settings.ledger
    held = patient_lock(ledger)
    try:
        stand_in = StandIn(ledger, reason, orders.crew, LEAVE)
        try:
            os.write(orders.ready, READY)
            while stand_in.serve(RETURN_PAUSE, orders.beat):
                if _has_room(ledger):
                    return True
            return False
        finally:
            stand_in.close()
    finally:
        os.close(held)


class Keeper:
    """One keeper."""

    def __init__(self, orders: KeeperOrders) -> None:
        settings = orders.settings
        self._orders = orders
        self._keep = settings.keep
        self._clock = Clock()
        self._socket_path = socket_path(settings.ledger)
        self._ledger = Ledger(settings.ledger, patient_lock(settings.ledger), synchronous=settings.synchronous)
        try:
            policies = Policies(settings.policies, pruning.remembered(self._ledger, settings.policies))
        except BaseException:
            self._ledger.close()
            raise
        self._course = Course(self._ledger, policies)
        self._ending = Ending(self._ledger, self._course, policies)
        self._execution = Execution(self._ledger, policies, settings.concurrency, self._clock)
        self._service = Service(self._ledger, self._course, self._execution, policies)
        self._selector = selectors.DefaultSelector()
        self._listener = listen(settings.ledger)
        self._places = {path: identity(path) for path in (settings.ledger, self._socket_path)}
        self._look_at = 0.0
        self._wakeup, self._wakeup_writer = socket.socketpair()
        self._watched: set[int] = set()
        self._leaving = False
        self._grace_ends = 0.0
        self._repaired = False
        self._prune_at = 0.0
        self._return_at = 0.0
        self._ended_meanwhile: list[Run] = []
        """Hooks that have ended while the ledger could not be written."""

    def close(self) -> None:
        """Leave: hooks go on, everything else is in the ledger."""
        # It may have been taken away, and the file system may be read-only by now.
        with contextlib.suppress(OSError):
            os.unlink(self._socket_path)
        self._listener.close()
        self._ledger.close()

    def serve(self) -> None:
        """The loop.

        Raises:
            LedgerError: the ledger has not taken a commit, or has been taken away.
        """
        self._prepare()
        os.write(self._orders.ready, READY)
        while not self._leaving and not self._service.leaving:
            try:
                self._round()
            except sqlite3.OperationalError as error:
                self._let_go(error)
            except sqlite3.Error as error:
                self._service.refuse(f"the ledger {self._ledger.path} cannot be used: {error}")
                raise LedgerError(f"the ledger {self._ledger.path} cannot be used: {error}") from error

    def _let_go(self, error: sqlite3.OperationalError) -> None:
        """No room, a disk that fails, a file system that is read-only: what was not committed has not been."""
        reason = f"the ledger {self._ledger.path} cannot be written: {error}"
        self._service.refuse(reason)
        with contextlib.suppress(sqlite3.Error):
            self._ledger.rollback()
        self._execution.withdraw()
        self._return_at = time.monotonic() + RETURN_PAUSE
        log_event(logger, logging.ERROR, "objects are refused, and hooks wait", cause=reason)

    def _come_back(self, now: Moment) -> None:
        """Look whether the ledger can be written again, and go on with what it says."""
        if now.monotonic < self._return_at:
            return
        self._return_at = now.monotonic + RETURN_PAUSE
        try:
            if not _has_room(self._ledger.path):
                return
            self._ledger.reopen()
            pruning.remembered(self._ledger, self._orders.settings.policies)
            self._begin_with_ledger(now)
            self._execution.resume(now)
            while self._ended_meanwhile:
                self._execution.ended(self._ended_meanwhile.pop(), now)
            self._ledger.commit()
        except (sqlite3.OperationalError, OSError) as error:
            with contextlib.suppress(sqlite3.Error):
                self._ledger.rollback()
            log_event(logger, logging.DEBUG, "the ledger still cannot be written", cause=str(error))
            return
        self._service.away = ""
        self._commit()
        log_event(logger, logging.WARNING, "the ledger can be written again", ledger=self._ledger.path)

    def _begin_with_ledger(self, now: Moment) -> None:
        self._ending.forget()
        self._course.load(now)
        self._repaired = False
        if self._course.episodes:
            self._grace_ends = now.monotonic + START_GRACE

    def _round(self) -> None:
        self._orders.beat(time.monotonic())
        self._look_where_it_is()
        now = self._hear(self._pause())
        if self._course.next_timer() <= now.monotonic:
            # Whoever has come just now may send a study that is about to end: taken first, then asked what it says.
            for _ in range(2):
                now = self._hear(0.0)
        if self._service.away:
            self._come_back(now)
            return
        # Senders wait for this.
        self._commit()
        self._look_after(now)
        self._commit()
        self._start_hooks()

    def _hear(self, seconds: float) -> Moment:
        """Take what comes until then."""
        events = [key.data for key, _ in self._selector.select(seconds)]
        now = self._clock.now()
        for handle in events:
            handle(now)
        return now

    def _look_where_it_is(self) -> None:
        """Somebody may take the directory away, or put another one in its place: no worker would ever reach us there.

        Raises:
            LedgerError: it has happened; the next keeper finds things as they are now.
        """
        if time.monotonic() < self._look_at:
            return
        self._look_at = time.monotonic() + HEARTBEAT
        for path, known in self._places.items():
            if identity(path) != known:
                raise LedgerError(f"{path} has been taken away")

    def _prepare(self) -> None:
        self._wakeup.settimeout(0)
        self._wakeup_writer.settimeout(0)
        signal.set_wakeup_fd(self._wakeup_writer.fileno(), warn_on_full_buffer=False)
        # Ctrl-C and a service manager signal the whole group, but the workers need their keeper until they have ended:
        # SIGUSR1 is the supervisor's word. Handlers that do nothing are not inherited by hooks, ignored signals are.
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT, LEAVE):
            signal.signal(number, _noted)
        signal.signal(signal.SIGPIPE, signal.SIG_IGN)
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        self._watch(self._wakeup, self._on_signal)
        self._watch(self._orders.crew, self._leave)
        self._watch(self._orders.lifeline, self._on_orphaned)
        self._watch(self._listener, self._on_connection)
        now = self._clock.now()
        self._begin_with_ledger(now)
        self._execution.load(now)
        self._commit()
        self._watch_hooks()

    def _watch(self, source: socket.socket | int, handle: Callable[[Moment], None]) -> None:
        self._selector.register(source, selectors.EVENT_READ, handle)

    def _on_signal(self, now: Moment) -> None:
        numbers = self._wakeup.recv(64)
        if LEAVE in numbers:
            self._leaving = True
        if signal.SIGTERM in numbers and not self._service.away:
            self._execution.stop(now)

    def _leave(self, _: Moment) -> None:
        self._leaving = True

    def _on_orphaned(self, _: Moment) -> None:
        """The supervisor is gone: serve the workers that still finish, unless another keeper wants the ledger."""
        self._selector.unregister(self._orders.lifeline)
        self._service.orphaned = True

    def _on_connection(self, _: Moment) -> None:
        try:
            connection, _address = self._listener.accept()
        except OSError as error:
            log_event(logger, logging.ERROR, "cannot accept a worker", cause=error.strerror or str(error))
            time.sleep(_ACCEPT_PAUSE)
            return
        connection.settimeout(0)
        conversation = Conversation(connection)
        self._service.join(conversation)
        self._watch(connection, lambda now: self._on_message(conversation, now))

    def _on_message(self, conversation: Conversation, now: Moment) -> None:
        messages = conversation.hear()
        if messages is None:
            self._selector.unregister(conversation.socket)
            self._service.leave(conversation, now)
            return
        for message in messages:
            self._service.take(conversation, message, now)

    def _pause(self) -> float:
        """Seconds until there is something to do unasked."""
        if self._service.away:
            return max(min(self._return_at - time.monotonic(), HEARTBEAT), 0.0)
        ending = 0.0 if self._ending.hurries else math.inf
        studies = max(min(self._course.next_timer(), ending if self._repaired else 0.0), self._grace_ends)
        due = min(studies, self._execution.next_moment(), self._prune_at)
        return min(max(due - time.monotonic(), 0.0), HEARTBEAT)

    def _look_after(self, now: Moment) -> None:
        """Everything that happens by itself."""
        self._execution.keep_time(now)
        self._pass_on_finished()
        if now.monotonic >= self._grace_ends:
            if not self._repaired:
                self._course.repair(now)
                self._repaired = True
            self._course.end_quiet(now)
            self._ending.go_on(now)
        self._service.release(now)
        self._service.settle()
        if now.monotonic >= self._prune_at:
            more = pruning.prune(self._ledger.begin(), now.wall - self._keep)
            self._prune_at = now.monotonic + (0.0 if more else PRUNE_PAUSE)

    def _pass_on_finished(self) -> None:
        """Studies may have waited for hooks that have ended."""
        for job in self._execution.finished:
            self._course.stir(job.episode, jobs.token_of(self._ledger.database, job))
        self._execution.finished.clear()

    def _commit(self) -> None:
        self._ledger.commit()
        self._service.committed()
        self._execution.committed()

    def _start_hooks(self) -> None:
        started = self._execution.start()
        self._commit()
        for process in started:
            process.go()
        self._watch_hooks()

    def _watch_hooks(self) -> None:
        for fd, process in self._execution.runs.items():
            if fd not in self._watched:
                self._watched.add(fd)
                self._watch_hook(process)

    def _watch_hook(self, process: Run) -> None:
        self._watch(process.fd, lambda now: self._on_hook_ended(process, now))

    def _on_hook_ended(self, process: Run, now: Moment) -> None:
        self._selector.unregister(process.fd)
        self._watched.discard(process.fd)
        if self._service.away:
            self._ended_meanwhile.append(process)
        else:
            self._execution.ended(process, now)


def _has_room(path: str) -> bool:
    space = os.statvfs(os.path.dirname(path) or ".")
    return space.f_bavail * space.f_frsize >= ROOM


def _noted(_number: int, _frame: object) -> None:
    """The wake-up descriptor has it."""
