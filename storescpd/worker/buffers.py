"""Receive buffers: lent while data flow, so that an idle association costs its thread alone."""

import mmap
import threading
from typing import Final, TypeAlias

from storescpd.worker.requests import RequestMemory

BUFFER_SIZE: Final = (1 << 18) + (1 << 14)
"""Bytes. Half a CT image with half of its header, so that two receives take all of it: measured, smaller ones cost
calls and larger ones cost the processor's cache as much as they save."""
_MOST_KEPT: Final = 16
"""Buffers that wait for use: as many threads as can profit from one at the same time."""


Buffer: TypeAlias = mmap.mmap
"""What one can receive into. Mapped, so that one that is let go is the system's again: the heaps of threads would keep
it."""


class BufferPool:
    """Lends ``BUFFER_SIZE`` byte buffers to the threads of one worker."""

    def __init__(self) -> None:
        self._free: list[Buffer] = []
        self._lock = threading.Lock()
        self.turn = threading.Lock()
        """Of the thread that fills a buffer in many short calls which let go of the interpreter, as decrypting does:
        where several do, each waits for the interpreter after each call."""
        self.requests = RequestMemory()
        """Of those that have not asked for an association yet."""

    def take(self) -> Buffer:
        """A buffer with anything in it."""
        with self._lock:
            if self._free:
                return self._free.pop()
        return mmap.mmap(-1, BUFFER_SIZE)

    def take_larger(self, size: int) -> Buffer:
        """One for the few requests that are larger than ``BUFFER_SIZE``; no more of it is used than is written to."""
        return mmap.mmap(-1, size)

    def give_back(self, buffer: Buffer) -> None:
        """Return a buffer; a larger or a superfluous one is let go."""
        if len(buffer) == BUFFER_SIZE:
            with self._lock:
                if len(self._free) < _MOST_KEPT:
                    self._free.append(buffer)
