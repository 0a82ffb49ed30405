"""A reload, step by step, without waiting: room, check, start, leave, close.

There is one at a time; all that are asked for meanwhile are one more. Nothing changes before the check has ended well.
"""

import logging
import math
import selectors
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import IntEnum

from storescpd.config import Config, ConfigError
from storescpd.supervisor.checking import Check
from storescpd.supervisor.listeners import Key, Place
from storescpd.supervisor.preparing import StartError, Verdict, problems, warn_of
from storescpd.telemetry.events import log_event

MOST_DRAINING = 8
"""Earlier generations whose associations still go on. Each costs the memory of its workers; with eight workers each
they and the present one are 72 of the scoreboard's 256 places. A reload that would make a ninth waits, then fails."""
ROOM_PATIENCE = 10.0
"""Seconds that it waits for one of them to end, or for the system to have room for a process."""
CHECK_PATIENCE = 30.0
"""Seconds for the check: two name servers that do not answer take twenty (resolv.conf(5))."""
SERVE_PATIENCE = 30.0
"""Seconds until the new workers serve; then whoever waits is told, and the next reload may repair it."""
LEAVE_PATIENCE = 5.0
"""Seconds until all old workers have left the ports; one that was stopped is not waited for."""
LONGEST_ANSWER = 10_000
"""Characters of problems that whoever asks is told; the log has all. An answer has to fit into the control socket's
buffer, 208 KiB by default (socket(7)), and JSON makes up to twelve bytes of a character."""
_RETRY = 0.1
"""Seconds until a check that could not be forked is tried again."""

logger = logging.getLogger(__name__)


class Phase(IntEnum):
    """How far it is; the first is none."""

    IDLE = 0
    ROOM = 1
    CHECKING = 2
    STARTING = 3
    LEAVING = 4
    CLOSING = 5


_PATIENCE = {
    Phase.ROOM: ROOM_PATIENCE,
    Phase.CHECKING: CHECK_PATIENCE,
    Phase.STARTING: SERVE_PATIENCE,
    Phase.LEAVING: LEAVE_PATIENCE,
    Phase.CLOSING: LEAVE_PATIENCE,
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a reload ended."""

    time: float
    """Seconds since 1970."""
    problems: tuple[str, ...] = ()
    """Empty: the new generation serves."""
    bad_file: bool = False


@dataclass(frozen=True, slots=True)
class Steps:
    """What the supervisor does about it, and knows."""

    check: Callable[[], Check]
    """Begin a check; raises OSError."""
    adopt: Callable[[Config, Mapping[Key, Place]], None]
    """Begin a generation; raises ConfigError, StartError and OSError, and nothing has changed then."""
    draining: Callable[[], int]
    """Earlier generations that still live."""
    serving: Callable[[], bool]
    """The present one serves."""
    left: Callable[[], bool]
    """No earlier one takes connections at a port that stays."""
    empty: Callable[[], bool]
    """No earlier one takes connections at all."""
    close: Callable[[], None]
    """Let go of the listening sockets that do not stay."""
    begun: Callable[[], None]
    failed: Callable[[tuple[str, ...]], None]
    """With its reasons; what has gone well ends with ``serving``."""


Tell = Callable[[Outcome], None]


class Renewal:
    """The reload under way, if there is one."""

    def __init__(self, steps: Steps, selector: selectors.BaseSelector) -> None:
        self._steps = steps
        self._selector = selector
        self._phase = Phase.IDLE
        self._deadline = 0.0
        self._check: Check | None = None
        self._askers: list[Tell] = []
        self._later: list[Tell] = []
        self._again = False
        self._told_fork = False
        self._go_on: dict[Phase, Callable[[float], None]] = {
            Phase.IDLE: self._idle,
            Phase.ROOM: self._room,
            Phase.CHECKING: self._checking,
            Phase.STARTING: self._starting,
            Phase.LEAVING: self._leaving,
            Phase.CLOSING: self._closing,
        }
        self.last: Outcome | None = None
        """How the last one ended."""

    def ask(self, tell: Tell | None = None) -> None:
        """Reload; ``tell`` hears how it ended. What was read already does not count: it is read once more then."""
        self._again = True
        if tell is not None:
            self._later.append(tell)
        self.look(time.monotonic())

    def stop(self) -> None:
        """The daemon stops: no reload any more."""
        if self._check is not None:
            self._check.kill()
            self._check = None
        self._again = False
        self._askers += self._later
        self._later = []
        self._tell(Outcome(time.time(), ("the daemon stops",)))
        self._steps.close()
        self._phase = Phase.IDLE

    def buried(self, pid: int, status: int) -> None:
        """A child has died that was no worker."""
        if self._check is not None:
            self._check.buried(pid, status)

    @property
    def due(self) -> float | None:
        """Monotonic time at which ``look`` has something to do without any news."""
        if self._phase is Phase.IDLE:
            return None
        return min(self._deadline, time.monotonic() + _RETRY) if self._phase is Phase.ROOM else self._deadline

    def look(self, now: float) -> None:
        """Go on as far as possible."""
        before = None
        while before is not self._phase:
            before = self._phase
            self._go_on[before](now)

    def _enter(self, phase: Phase, now: float) -> None:
        self._phase = phase
        self._deadline = now + _PATIENCE.get(phase, 0.0)

    def _idle(self, now: float) -> None:
        if self._again:
            self._again, self._told_fork = False, False
            self._askers, self._later = self._later, []
            self._steps.begun()
            self._enter(Phase.ROOM, now)

    def _room(self, now: float) -> None:
        count = self._steps.draining()
        reason = f"{count} earlier generations have open associations: wait, or set process.reload_drain_timeout"
        if count < MOST_DRAINING:
            try:
                # Whoever has asked until now means the file as it is now.
                self._check = self._steps.check()
            except OSError as error:
                reason = f"cannot fork a check: {error.strerror or error}"
                if not self._told_fork:
                    self._told_fork = True
                    log_event(logger, logging.ERROR, "cannot fork a check", cause=error.strerror or str(error))
            else:
                self._askers += self._later
                self._later, self._again = [], False
                self._check.listen(self._selector)
                self._enter(Phase.CHECKING, now)
                return
        if now >= self._deadline:
            self._fail((reason,))

    def _checking(self, now: float) -> None:
        check = self._check
        if check is None:
            return
        verdict = check.verdict
        if verdict is not None:
            self._check = None
            self._adopt(verdict, now)
        elif now >= self._deadline:
            check.kill()
            self._check = None
            self._fail((f"no answer within {CHECK_PATIENCE:g} s: does a disk or a name server hang?",))

    def _adopt(self, verdict: Verdict, now: float) -> None:
        if verdict.config is None:
            self._fail(verdict.problems, bad_file=verdict.bad_file)
            return
        try:
            self._steps.adopt(verdict.config, verdict.places)
        except (ConfigError, StartError, OSError) as error:
            self._fail(problems(error), bad_file=isinstance(error, ConfigError))
        except Exception as error:
            logger.exception("reload failed by a defect")
            self._fail((repr(error),))
        else:
            warn_of(verdict.shortages)
            self._enter(Phase.STARTING, now)

    def _starting(self, now: float) -> None:
        if self._steps.serving():
            self._enter(Phase.LEAVING, now)
        elif now >= self._deadline:
            # The old workers go on until they do serve.
            self._report((f"the new workers do not serve within {SERVE_PATIENCE:g} s; the log says why",))
            self._deadline = math.inf
        elif self._again and self._deadline == math.inf:
            self._phase = Phase.IDLE

    def _leaving(self, now: float) -> None:
        if self._steps.left() or now >= self._deadline:
            self._tell(Outcome(time.time()))
            self._enter(Phase.CLOSING, now)

    def _closing(self, now: float) -> None:
        if self._steps.empty() or now >= self._deadline:
            self._steps.close()
            self._enter(Phase.IDLE, now)

    def _fail(self, reasons: tuple[str, ...], *, bad_file: bool = False) -> None:
        self._report(reasons, bad_file=bad_file)
        self._phase = Phase.IDLE

    def _report(self, reasons: tuple[str, ...], *, bad_file: bool = False) -> None:
        for reason in reasons:
            log_event(logger, logging.ERROR, "reload failed", cause=reason)
        self._steps.failed(reasons)
        self._tell(Outcome(time.time(), _bounded(reasons), bad_file))

    def _tell(self, outcome: Outcome) -> None:
        if self._phase is Phase.IDLE:
            return
        self.last = outcome
        askers, self._askers = self._askers, []
        for tell in askers:
            tell(outcome)


def _bounded(reasons: tuple[str, ...]) -> tuple[str, ...]:
    """The first of them, and how many are left out."""
    room = LONGEST_ANSWER
    told: list[str] = []
    for reason in reasons:
        if room <= 0:
            break
        told.append(reason if len(reason) <= room else f"{reason[:room]}...")
        room -= len(reason)
    left = len(reasons) - len(told)
    return (*told, f"and {left} more, which the log has") if left else tuple(told)
