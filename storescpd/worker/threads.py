"""Threads that take turns: one waits for the next connection, the others serve theirs.

Whoever has accepted a connection serves it in the same thread, and hands the waiting on; nothing is passed from
thread to thread while a peer waits.
"""

import logging
import math
import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

from storescpd.telemetry.events import log_event

STACK = 256 * 1024
"""Bytes of address space a thread; what is not touched costs nothing."""
TELL_AGAIN = 60.0
"""Seconds until the log says again that there are no more threads."""
DEFECT_PAUSE = 0.1
"""Seconds after which a wait that failed is begun again."""

logger = logging.getLogger(__name__)

T = TypeVar("T")


class Threads(Generic[T]):
    """As many threads as there are connections, and one that waits; they are kept for the next ones."""

    def __init__(self, wait: Callable[[], T | None], serve: Callable[[T], None]) -> None:
        self._wait = wait
        self._serve = serve
        self._turn = threading.Lock()
        self._counting = threading.Lock()
        self._idle = 0
        self._told = -math.inf

    def start(self) -> None:
        """Start waiting.

        Raises:
            RuntimeError: the system has not a single thread.
        """
        threading.stack_size(STACK)
        if not self._add():
            raise RuntimeError("no thread can be started")

    def has_waiting(self) -> bool:
        """Whether a thread waits for the next connection, or will at once; if not, try to have one."""
        return self._count(0) > 0 or self._add()

    def join(self) -> None:
        """Wait until no thread waits any more; ``wait`` has been told to return ``None``."""
        with self._turn:
            return

    def _add(self) -> bool:
        self._count(1)
        try:
            threading.Thread(target=self._run, daemon=True).start()
        except (RuntimeError, MemoryError) as error:
            # The connection at hand is served; the next one waits in the backlog until a thread is free again.
            self._count(-1)
            self._tell(str(error))
            return False
        return True

    def _tell(self, cause: str) -> None:
        now = time.monotonic()
        if now - self._told >= TELL_AGAIN:
            self._told = now
            log_event(logger, logging.WARNING, "no more threads", cause=cause)

    def _count(self, change: int) -> int:
        with self._counting:
            self._idle += change
            return self._idle

    def _next(self) -> T | None:
        while True:
            try:
                return self._wait()
            except Exception:
                # Nobody else waits: without this thread the worker would be deaf.
                logger.exception("waiting for connections failed by a defect")
                time.sleep(DEFECT_PAUSE)

    def _run(self) -> None:
        while True:
            with self._turn:
                task = self._next()
                if task is None:
                    return
                if not self._count(-1):
                    self._add()
            try:
                self._serve(task)
            except Exception:
                logger.exception("a connection ended by a defect")
            del task
            self._count(1)
