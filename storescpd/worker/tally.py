"""How many objects were answered with success: shared memory, one row a slot of the scoreboard.

A row outlives its worker: what it counts grows old by itself, and the next worker in the slot goes on with it.
"""

import mmap
import threading
import time
from typing import Final

MINUTE: Final = 60
"""Seconds that the rate is about."""
_BUCKETS: Final = 64
"""One a second, and as many as a minute has."""
_ROW: Final = 1 + _BUCKETS
"""Words: the total, then the buckets, each with its second in the upper half."""
_COUNT: Final = (1 << 32) - 1


class Tally:
    """Anonymous shared memory; made before the first fork."""

    def __init__(self, slots: int) -> None:
        self._words = memoryview(mmap.mmap(-1, slots * _ROW * 8)).cast("Q")
        self._threads = threading.Lock()

    def count(self, slot: int) -> None:
        """One more object; a slot is written to by one process alone."""
        second = int(time.monotonic())
        place = slot * _ROW + 1 + second % _BUCKETS
        with self._threads:
            word = self._words[place]
            self._words[place] = (word if word >> 32 == second else second << 32) + 1
            self._words[slot * _ROW] += 1

    def total(self) -> int:
        """Objects since the start of the daemon."""
        return sum(self._words[::_ROW])

    def a_minute(self) -> int:
        """Objects in the last minute."""
        oldest = int(time.monotonic()) - MINUTE
        words = [word for place, word in enumerate(self._words) if place % _ROW]
        return sum(word & _COUNT for word in words if word >> 32 > oldest)
