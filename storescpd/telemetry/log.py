"""The log of a daemon: where it goes, and the process that writes it so that nobody else waits."""

import logging
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from storescpd.telemetry.allowance import Allowance
from storescpd.telemetry.handlers import Outlet, install, opened, outlet
from storescpd.telemetry.log_queue import QueueHandler
from storescpd.telemetry.log_writer import EVERY_SIGNAL, LogWriter, nothing


class Log:
    """Configured at the start and at each reload; ended last of all."""

    def __init__(self, patience: float = 0.0, drop_rights: Callable[[], None] = nothing) -> None:
        """``patience``: see ``LogQueue``; ``drop_rights`` is called in the process that writes."""
        self._patience = patience
        self._drop_rights = drop_rights
        self._writer: LogWriter | None = None
        self._outlet: Outlet | None = None
        self._allowance = Allowance()

    def configure(
        self, level: str, destination: str, style: str, *, dump_contexts: bool = False, lines_per_peer: int = 0
    ) -> None:
        """Log like this from now on; ``lines_per_peer``: warnings a minute, 0 for all.

        Raises:
            OSError: the destination cannot be written; the log stays as it was.
        """
        where = outlet(destination, style)
        same = self._writer is not None and where == self._outlet
        handlers = [] if same else opened(where)
        # Whoever interrupts the start is to find a log: "stopped" goes into it.
        with _undisturbed():
            writer = self._writer if self._writer is not None and same else self._start(where, handlers)
            ends: list[logging.Handler] = [QueueHandler(writer.queue, channel) for channel in range(where.channels)]
            self._allowance.limit = lines_per_peer
            install(ends, style, level, dump_contexts=dump_contexts, allowed=self._allowance.filter)
            if self._writer is not None and self._writer is not writer:
                # Workers of before still use it; it ends with the last of them.
                self._writer.leave()
            self._writer, self._outlet = writer, where

    def _start(self, where: Outlet, handlers: list[logging.Handler]) -> LogWriter:
        return LogWriter(handlers, lambda: opened(where), self._patience, self._drop_rights)

    @staticmethod
    def try_out(destination: str, style: str) -> None:
        """Raises OSError where it cannot be written."""
        _close(opened(outlet(destination, style)))

    @property
    def due(self) -> float:
        """Monotonic time of the next ``look`` at the latest."""
        return self._allowance.due

    def look(self, now: float) -> None:
        """See to it that somebody writes, and tell what was left out; ``now`` is a monotonic time."""
        self._allowance.tell()
        if self._writer is not None:
            self._writer.look(now)

    def end(self) -> None:
        """Write what can be written; nothing is logged after it."""
        if self._writer is not None:
            self._writer.end()
            self._writer = None


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Signals wait meanwhile."""
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, EVERY_SIGNAL)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)


def _close(handlers: list[logging.Handler]) -> None:
    for handler in handlers:
        handler.close()
