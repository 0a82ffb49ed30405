"""Threads that serve connections: as many as there are connections, reused, with small stacks."""

import logging
import queue
import threading
from collections.abc import Callable

STACK = 256 * 1024
"""Bytes of address space a thread; what is not touched costs nothing."""

logger = logging.getLogger(__name__)


class Threads:
    """Runs each task in a thread of its own; one that has ended its task waits for the next."""

    def __init__(self) -> None:
        threading.stack_size(STACK)
        self._tasks: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._idle = 0
        self._lock = threading.Lock()

    def run(self, task: Callable[[], None]) -> None:
        """Run a task at once.

        Raises:
            RuntimeError: the system has no more threads.
        """
        with self._lock:
            if self._idle:
                self._idle -= 1
                self._tasks.put(task)
                return
        threading.Thread(target=self._work, args=(task,), daemon=True).start()

    def _work(self, task: Callable[[], None]) -> None:
        while True:
            try:
                task()
            except Exception:
                logger.exception("a connection ended by a defect")
            del task
            with self._lock:
                self._idle += 1
            task = self._tasks.get()
