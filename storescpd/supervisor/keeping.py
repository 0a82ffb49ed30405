"""The keeper's process: forked where the configuration needs one, never two, replaced when it dies or must change."""

import functools
import logging
import os
import select
import signal
import time
from collections.abc import Callable
from typing import NoReturn

from storescpd.studies.errors import LedgerError, LockedError
from storescpd.studies.keeper import LEAVE, READY, KeeperOrders, run
from storescpd.studies.policy import KeeperSettings
from storescpd.supervisor.children import EVERY_SIGNAL, Children
from storescpd.telemetry.events import log_event
from storescpd.worker.scoreboard import KEEPER, Scoreboard

LOCKED = 75
"""Exit status of a keeper whose ledger another daemon uses (EX_TEMPFAIL of sysexits.h)."""
UNUSABLE = 74
"""Exit status of a keeper that cannot use its ledger (EX_IOERR)."""
SHORT_LIFE = 5.0
FIRST_PAUSE = 0.05
LONGEST_PAUSE = 5.0
"""Seconds between two keepers that die at once: workers wait for the next one ten seconds."""
LEAVE_GRACE = 5.0
"""Seconds that a keeper gets to leave the ledger at the end of the daemon."""

logger = logging.getLogger(__name__)


class KeeperProcess:
    """Wants a keeper with certain settings, and has one or will soon."""

    def __init__(self, children: Children, forget: Callable[[], None], scoreboard: Scoreboard) -> None:
        self._children = children
        self._forget = forget
        self._scoreboard = scoreboard
        self._wanted: KeeperSettings | None = None
        self._running: KeeperSettings | None = None
        self._pid: int | None = None
        self._born = 0.0
        self._pause = 0.0
        self.due: float | None = None
        """Monotonic time at which the next one is forked."""
        self.ready = False
        """It serves, or none is needed."""
        self.refused = False
        """The first one cannot use the ledger: the daemon does not start."""
        self._served = False

    @property
    def ledger(self) -> str | None:
        """The ledger that is in use."""
        return None if self._wanted is None else self._wanted.ledger

    def places(self) -> dict[int, int]:
        """Where on the scoreboard its sign of life is, by its process id; empty without a process."""
        return {} if self._pid is None else {self._pid: KEEPER}

    def want(self, settings: KeeperSettings | None) -> None:
        """Have a keeper like this; one that is not needed any more stays for what is pending."""
        if settings is None:
            self.ready = self.ready or self._wanted is None
            return
        self._wanted = settings
        if self._pid is None:
            self.fork()
        elif self._running != settings:
            self.ready = False
            os.kill(self._pid, LEAVE)

    def fork(self) -> None:
        """Start one."""
        self.due, self.ready = None, False
        if self._wanted is None:
            return
        self._scoreboard.beat(KEEPER, 0.0)
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, EVERY_SIGNAL)
        try:
            pid = os.fork()
            if not pid:
                self._live(self._wanted)
        except OSError as error:
            log_event(logger, logging.ERROR, "cannot fork the keeper", cause=error.strerror or str(error))
            self.due = time.monotonic() + LONGEST_PAUSE
            return
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        self._pid, self._running, self._born = pid, self._wanted, time.monotonic()

    def _live(self, settings: KeeperSettings) -> NoReturn:
        """The child."""
        status = 1
        try:
            self._forget()
            self._children.release()
            run(
                KeeperOrders(
                    settings,
                    lifeline=self._children.lifeline,
                    crew=self._children.crew,
                    ready=self._children.ready_writer,
                    beat=functools.partial(self._scoreboard.beat, KEEPER),
                )
            )
            status = 0
        except LedgerError as error:
            log_event(logger, logging.CRITICAL, "the ledger cannot be used", cause=str(error))
            status = LOCKED if isinstance(error, LockedError) else UNUSABLE
        except BaseException:
            logger.exception("the keeper ends by a defect")
        finally:
            os._exit(status)

    def hear(self, words: bytes) -> bool:
        """What children have said when they began to serve; whether the keeper was among them."""
        if READY not in words:
            return False
        self.ready = self._served = True
        return True

    def buried(self, pid: int, status: int, *, stopping: bool) -> None:
        """A child has died that was no worker."""
        if pid != self._pid:
            return
        self._pid = None
        left = status == 0
        if not self._served and os.waitstatus_to_exitcode(status) in {LOCKED, UNUSABLE}:
            # It has said why.
            self.refused = True
            return
        if not left:
            log_event(logger, logging.ERROR, "keeper died", keeper=pid, cause=self._children.cause(pid, status))
        if stopping and left:
            return
        young = not left and time.monotonic() - self._born < SHORT_LIFE
        self._pause = min(max(2 * self._pause, FIRST_PAUSE), LONGEST_PAUSE) if young else 0.0
        self.due = time.monotonic() + self._pause
        self.ready = False

    def stop(self) -> None:
        """The last worker has gone: let the keeper leave, and wait for that."""
        if self._pid is None:
            return
        fd = os.pidfd_open(self._pid)
        try:
            os.kill(self._pid, LEAVE)
            poll = select.poll()
            poll.register(fd, select.POLLIN)
            if not poll.poll(LEAVE_GRACE * 1000):
                log_event(logger, logging.ERROR, "the keeper does not leave and is killed", keeper=self._pid)
                os.kill(self._pid, signal.SIGKILL)
            os.waitpid(self._pid, 0)
        finally:
            os.close(fd)
        self._pid = None
