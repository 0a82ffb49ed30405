"""The supervisor's loop: signals, dead workers, reloads."""

import contextlib
import errno
import logging
import os
import resource
import selectors
import signal
import socket
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from storescpd.config import Config
from storescpd.supervisor import status
from storescpd.supervisor.checking import Check
from storescpd.supervisor.children import Children, Generation
from storescpd.supervisor.control import Answer, Control
from storescpd.supervisor.health import Health
from storescpd.supervisor.keeping import KeeperProcess
from storescpd.supervisor.launch import Launch
from storescpd.supervisor.listeners import Key, Place, describe
from storescpd.supervisor.preparing import StartError, Verdict
from storescpd.supervisor.renewal import Outcome, Renewal, Steps
from storescpd.supervisor.report import Report
from storescpd.supervisor.stacks import show_stacks_at_death
from storescpd.supervisor.succession import Succession, announce, workers_of
from storescpd.telemetry.events import log_event
from storescpd.worker.process import LAST_GRACE, LEAVE_GRACE
from storescpd.worker.scoreboard import Accepting, Scoreboard

SHORT_LIFE = 5.0
"""Seconds; a worker that dies younger is replaced with growing pauses."""
FIRST_PAUSE = 0.1
LONGEST_PAUSE = 10.0
"""Seconds between two attempts to replace workers that die at once."""
KILL_GRACE = 5.0
"""Seconds beyond all others that a worker has to end; then it is killed."""

LONGEST_SLEEP = 3600.0
"""Seconds; epoll(7) counts milliseconds in 31 bits, and a drain_timeout may be longer."""

logger = logging.getLogger(__name__)

_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD)
_MEANINGLESS = (signal.SIGUSR1, signal.SIGUSR2)
"""Other daemons open their logs anew at these, so rotations send them; their default is death."""


@dataclass(slots=True)
class Replacement:
    """When workers are forked again, and how long the pause is."""

    due: float | None = None
    pause: float = 0.0

    def plan(self, life: float) -> None:
        """A worker has died after ``life`` seconds."""
        if self.due is not None:
            # Eight that die of one cause are one reason to wait.
            return
        short = life < SHORT_LIFE
        self.pause = min(max(2 * self.pause, FIRST_PAUSE), LONGEST_PAUSE) if short else 0.0
        self.due = time.monotonic() + self.pause


@dataclass(slots=True)
class Stopping:
    """How far the end has come."""

    asked: bool = False
    kill_at: float | None = None


class Supervisor:
    """Owns ports and workers from the start to the end of the daemon."""

    def __init__(self, config: Config, reload: Callable[[], Config] | None, report: Report, launch: Launch) -> None:
        """``reload`` makes the next configuration at SIGHUP; without it SIGHUP is the end of the terminal."""
        self._reload = reload
        self._report = report
        self._launch = launch
        self._started, self._born = time.time(), time.monotonic()
        self._selector = selectors.DefaultSelector()
        self._wakeup, self._wakeup_writer = socket.socketpair()
        self._scoreboard = Scoreboard()
        report.count_by(self._scoreboard)
        self._children = Children(self._scoreboard, self._forget)
        self._keeper = KeeperProcess(self._children, self._leave_ports, self._scoreboard)
        self._health = Health(self._scoreboard, self._children.stacks, self._children.kill)
        self._stopping = Stopping()
        self._replacement = Replacement()
        self._serving = self._has_served = False
        questions = {"status": self._on_status, "reload": self._on_reload}
        self._control = Control(launch.control, questions, self._selector)
        self._succession = Succession(config, launch, self._open_control)
        self._control.warn()
        self._renewal = Renewal(self._steps(), self._selector)

    @property
    def _generation(self) -> Generation:
        return self._succession.present

    def _steps(self) -> Steps:
        board = self._scoreboard
        return Steps(
            check=lambda: Check(self._examine, self._leave_to_check),
            adopt=self._replace,
            draining=lambda: len(status.earlier(self._generation, self._children)),
            serving=lambda: self._serving,
            left=lambda: not board.accepting_before(self._generation.number),
            empty=lambda: not board.accepting_before(self._generation.number, Accepting.REST),
            close=self._succession.close_retired,
            begun=self._report.reloading,
            failed=lambda causes: self._report.reload_failed(" ".join(causes), serving=self._serving),
        )

    def _open_control(self) -> None:
        account = self._launch.account
        self._control.open(*((os.geteuid(), os.getegid()) if account is None else (account.uid, account.gid)))

    def _examine(self) -> Verdict:
        if self._reload is None:
            raise StartError("there is no configuration file to read again")
        return self._succession.examine(self._reload(), self._keeper.ledger)

    def _replace(self, config: Config, places: Mapping[Key, Place]) -> None:
        """Another generation takes over as soon as it serves; raises what ``follow`` raises."""
        if self._scoreboard.free() < workers_of(config):
            busy = len(self._children.workers)
            raise StartError(f"no room for {workers_of(config)} workers: {busy} of this and earlier generations live")
        self._succession.follow(config, places)
        # The check has made the folder of a storage directory that was made anew.
        self._open_control()
        self._control.warn()
        self._serving = False
        self._keeper.want(self._generation.settings.keeper)
        self._fork_missing()

    def _on_status(self, answer: Answer) -> None:
        seen = status.Situation(
            config=self._launch.config_file,
            started=self._started,
            uptime=time.monotonic() - self._born,
            serving=self._serving,
            generation=self._generation,
            reload=self._renewal.last,
            mishap=self._launch.errors.last(),
        )
        answer(status.status(seen, self._children, self._scoreboard))

    def _on_reload(self, answer: Answer) -> None:
        if self._stopping.asked:
            answer({"problems": ["the daemon stops"], "bad_file": False})
        else:
            self._renewal.ask(lambda outcome: answer(self._told(outcome)))

    def _told(self, outcome: Outcome) -> dict[str, object]:
        return {
            "problems": list(outcome.problems),
            "bad_file": outcome.bad_file,
            "generation": self._generation.number,
            "workers": self._generation.workers,
        }

    def run(self) -> int:
        """Serve until told to stop; returns the exit status."""
        _raise_limits()
        show_stacks_at_death()
        self._listen_to_signals()
        announce(self._generation.listeners.values())
        self._keeper.want(self._generation.settings.keeper)
        self._fork_missing()
        while not (self._stopping.asked and not self._children.workers):
            for key, _ in self._selector.select(self._pause()):
                key.data()
            self._keep_time()
        self._keeper.stop()
        self._control.close()
        log_event(logger, logging.INFO, "stopped")
        if self._keeper.refused:
            self._report.failed("start failed: the ledger cannot be used; the log says why", errno.EIO)
        return int(self._keeper.refused)

    def _listen_to_signals(self) -> None:
        self._wakeup.settimeout(0)
        self._wakeup_writer.settimeout(0)
        signal.set_wakeup_fd(self._wakeup_writer.fileno(), warn_on_full_buffer=False)
        for number in _SIGNALS:
            # nohup(1) is for those whom SIGHUP would end.
            if not (self._hangs_up(number) and signal.getsignal(number) is signal.SIG_IGN):
                signal.signal(number, _noted)
        for number in _MEANINGLESS:
            # A handler, since hooks would inherit what is ignored.
            signal.signal(number, _noted)
        signal.signal(signal.SIGPIPE, signal.SIG_IGN)
        # Now those that came while the daemon started are heard, and also where it was started with blocked signals.
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
        self._selector.register(self._wakeup, selectors.EVENT_READ, self._on_signals)
        self._selector.register(self._children.ready, selectors.EVENT_READ, self._on_ready)

    def _forget(self) -> None:
        """In a fresh child: let go of what is the supervisor's."""
        signal.set_wakeup_fd(-1)
        self._launch.forget()
        self._report.leave()
        self._selector.close()
        self._control.leave()
        self._wakeup.close()
        self._wakeup_writer.close()
        self._succession.close_retired()

    def _leave_ports(self) -> None:
        """In a fresh child that is no worker: the ports are no concern of it."""
        self._forget()
        self._succession.close()

    def _leave_to_check(self) -> None:
        """In a fresh check: one that hangs holds nothing."""
        self._leave_ports()
        self._children.release()

    def _pause(self) -> float:
        planned = (
            self._replacement.due,
            self._stopping.kill_at,
            self._keeper.due,
            self._renewal.due,
            self._report.due(),
            self._launch.log.due,
            None if self._stopping.asked else self._health.due,
        )
        moments = [moment for moment in planned if moment is not None]
        return min(max(min(moments) - time.monotonic(), 0.0), LONGEST_SLEEP)

    def _keep_time(self) -> None:
        now = time.monotonic()
        self._launch.log.look(now)
        if not self._stopping.asked:
            self._renewal.look(now)
            self._health.look(now, self._children.places() | self._keeper.places())
        # A stop has its own limit for those that do not end.
        self._report.keep_time(now, healthy=self._stopping.asked or self._health.good)
        if self._replacement.due is not None and now >= self._replacement.due:
            self._replacement.due = None
            if not self._stopping.asked:
                self._fork_missing()
        if self._keeper.due is not None and now >= self._keeper.due:
            self._keeper.fork()
        if self._stopping.kill_at is not None and now >= self._stopping.kill_at:
            self._stopping.kill_at = None
            log_event(logger, logging.ERROR, "workers do not end and are killed", count=len(self._children.workers))
            self._children.signal(signal.SIGKILL)

    def _fork_missing(self) -> None:
        generation = self._generation
        while len(self._children.of(generation)) < generation.workers:
            if not self._children.fork(generation):
                self._replacement.plan(0.0)
                return

    def _on_ready(self) -> None:
        self._keeper.hear(os.read(self._children.ready, 4096))
        # The board knows who it was: a worker of an earlier generation may only just have started.
        generation = self._generation
        if (
            not self._serving
            and not self._stopping.asked
            and self._keeper.ready
            and self._scoreboard.accepting(generation.number) >= generation.workers
        ):
            self._serving = True
            log_event(logger, logging.INFO, "serving", workers=generation.workers, generation=generation.number)
            self._report.serving(_described(generation))
            if not self._has_served:
                self._has_served = True
                self._launch.serving()
            self._retire_others()

    def _retire_others(self) -> None:
        self._succession.retire()
        for worker in self._children.workers.values():
            if worker.generation is not self._generation:
                os.kill(worker.pid, signal.SIGUSR1)

    def _on_signals(self) -> None:
        numbers = self._wakeup.recv(4096)
        if signal.SIGCHLD in numbers:
            self._bury()
        ending = self._stopping.asked or signal.SIGTERM in numbers or signal.SIGINT in numbers
        if signal.SIGHUP in numbers and not ending and self._reload is not None:
            self._renewal.ask()
        for number in numbers:
            if number in (signal.SIGTERM, signal.SIGINT) or self._hangs_up(number):
                at_once = number == signal.SIGINT or self._stopping.asked
                self._stop(signal.SIGINT if at_once else signal.SIGTERM)

    def _hangs_up(self, number: int) -> bool:
        return number == signal.SIGHUP and self._reload is None

    def _bury(self) -> None:
        for worker, cause in self._children.reap():
            expected = self._stopping.asked or worker.generation is not self._generation
            if cause or not expected:
                log_event(logger, logging.ERROR, "worker died", worker=worker.pid, cause=cause or "no reason given")
            if not expected:
                self._replacement.plan(time.monotonic() - worker.born)

        for pid, state in self._children.others:
            self._keeper.buried(pid, state, stopping=self._stopping.asked)
            self._renewal.buried(pid, state)
        self._children.others.clear()
        if self._keeper.refused and not self._stopping.asked:
            self._stop(signal.SIGINT)

    def _stop(self, order: signal.Signals) -> None:
        """SIGTERM lets open associations end, SIGINT does not."""
        message = "stopping" if order is signal.SIGTERM else "stopping at once"
        log_event(logger, logging.INFO, message, workers=len(self._children.workers))
        drain = self._generation.drain_timeout if order is signal.SIGTERM else 0.0
        self._stopping.asked = True
        self._renewal.stop()
        patience = drain + LAST_GRACE + LEAVE_GRACE + KILL_GRACE
        self._stopping.kill_at = time.monotonic() + patience
        self._report.stopping(message, patience)
        self._succession.close()
        self._children.signal(order)


def _described(generation: Generation) -> str:
    ports = ", ".join(f"{listener.name} {describe(listener)}" for listener in generation.listeners.values())
    return f"serving with {generation.workers} worker{'s' if generation.workers > 1 else ''} on {ports}"


def _raise_limits() -> None:
    """A connection takes a descriptor, an object two more: the usual soft limit of 1,024 is for select(2) alone."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def _noted(_number: int, _frame: object) -> None:
    """The wake-up descriptor has it."""
