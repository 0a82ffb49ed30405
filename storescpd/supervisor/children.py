"""Worker processes: fork, keep, bury."""

import contextlib
import logging
import os
import signal
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NoReturn

from storescpd.supervisor.listeners import Key
from storescpd.supervisor.stacks import Stacks
from storescpd.telemetry.events import log_event
from storescpd.worker.accept import Listener
from storescpd.worker.process import Orders, run
from storescpd.worker.scoreboard import Scoreboard, Slot
from storescpd.worker.settings import Settings

EVERY_SIGNAL = set(signal.Signals) - {signal.SIGKILL, signal.SIGSTOP}

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Generation:
    """What all workers forked for one configuration have in common."""

    number: int
    workers: int
    listeners: Mapping[Key, Listener]
    settings: Settings
    drain_timeout: float
    reload_drain_timeout: float


@dataclass(slots=True)
class Worker:
    """A living worker."""

    pid: int
    slot: int
    generation: Generation
    born: float


class Children:
    """The workers of all generations."""

    def __init__(self, scoreboard: Scoreboard, forget: Callable[[], None]) -> None:
        self._scoreboard = scoreboard
        self._forget = forget
        self.stacks = Stacks()
        self.lifeline, self._lifeline_writer = os.pipe()
        self.crew, self._crew_writer = os.pipe()
        self.ready, self._ready_writer = os.pipe()
        os.set_blocking(self.ready, False)
        self.workers: dict[int, Worker] = {}
        self.others: list[tuple[int, int]] = []
        """Dead children that were no workers: process id and wait status."""
        self._stuck: set[int] = set()

    def of(self, generation: Generation) -> list[Worker]:
        """The workers of one generation."""
        return [worker for worker in self.workers.values() if worker.generation is generation]

    def fork(self, generation: Generation) -> bool:
        """Start one worker; ``False`` when the system or the scoreboard has no room for it now."""
        index = self._scoreboard.claim(generation.number)
        if index is None:
            log_event(logger, logging.ERROR, "no room for another worker: too many generations are still busy")
            return False
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, EVERY_SIGNAL)
        try:
            pid = os.fork()
            if not pid:
                self._live(generation, index)
        except OSError as error:
            self._scoreboard.clear(index)
            log_event(logger, logging.ERROR, "cannot fork a worker", cause=error.strerror or str(error))
            return False
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        self.workers[pid] = Worker(pid, index, generation, time.monotonic())
        return True

    def places(self) -> dict[int, int]:
        """Where on the scoreboard the sign of life of each worker is, by its process id."""
        return {worker.pid: worker.slot for worker in self.workers.values()}

    def release(self) -> None:
        """In a fresh child that is no worker: close the ends of pipes whose closing means our death."""
        self.stacks.prepare()
        for fd in (self._lifeline_writer, self._crew_writer, self.ready):
            os.close(fd)

    @property
    def ready_writer(self) -> int:
        """Where children say that they serve."""
        return self._ready_writer

    def _live(self, generation: Generation, index: int) -> NoReturn:
        """The child: signals stay blocked until it has handlers of its own."""
        status = 1
        try:
            self._forget()
            self.stacks.prepare()
            # The writing end of the crew's pipe stays open: its end of file means that the last of us is gone.
            os.close(self._lifeline_writer)
            os.close(self.ready)
            run(
                Orders(
                    listeners=tuple(generation.listeners.values()),
                    settings=generation.settings,
                    slot=Slot(self._scoreboard, index),
                    lifeline=self.lifeline,
                    ready=self._ready_writer,
                    drain_timeout=generation.drain_timeout,
                    reload_drain_timeout=generation.reload_drain_timeout,
                )
            )
            status = 0
        except BaseException:
            logger.exception("a worker ends by a defect")
        finally:
            os._exit(status)

    def reap(self) -> list[tuple[Worker, str]]:
        """Bury the dead: each with the cause of its death."""
        dead: list[tuple[Worker, str]] = []
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                break
            if not pid:
                break
            worker = self.workers.pop(pid, None)
            if worker is not None:
                self._scoreboard.clear(worker.slot)
                dead.append((worker, self.cause(pid, status)))
            else:
                self.others.append((pid, status))
        return dead

    def kill(self, pid: int) -> None:
        """End a child that is stuck."""
        self._stuck.add(pid)
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)

    def cause(self, pid: int, status: int) -> str:
        """Why a child has ended, in words; empty for an orderly end."""
        if pid not in self._stuck:
            return cause(status)
        self._stuck.remove(pid)
        return "it was stuck"

    def signal(self, number: int, generation: Generation | None = None) -> None:
        """Signal all workers, or those of one generation."""
        for worker in list(self.workers.values()):
            if generation is None or worker.generation is generation:
                os.kill(worker.pid, number)


def cause(status: int) -> str:
    """Why a process ended, in words; empty for an orderly end."""
    code = os.waitstatus_to_exitcode(status)
    if code >= 0:
        return f"exit status {code}" if code else ""
    name = signal.strsignal(-code) or "unknown"
    hint = ", out of memory?" if -code == signal.SIGKILL else ""
    return f"signal {-code} ({name}){hint}"
