"""What the log was told already, whichever worker told it: shared memory of a fixed size, without an owner."""

import mmap
from typing import Final

_WAYS: Final = 8
_SETS: Final = 4096
MOST_REMEMBERED: Final = _WAYS * _SETS
"""What was told: 300 senders with 100 contexts each, in 288 KiB."""


class Told:
    """Which of so many things were told; shared memory, made before the first fork."""

    def __init__(self) -> None:
        # Of each set the words, then how often one was put into it: the next one takes the place of the oldest.
        self._words = memoryview(mmap.mmap(-1, _SETS * (_WAYS + 1) * 8)).cast("Q")

    def is_told(self, thing: int) -> bool:
        """Whether it was told."""
        start = self._start(thing)
        return thing in self._words[start : start + _WAYS].tolist()

    def tell(self, thing: int) -> None:
        """It is told now; nobody else tells meanwhile."""
        start = self._start(thing)
        count = self._words[start + _WAYS]
        self._words[start + count % _WAYS] = thing
        self._words[start + _WAYS] = count + 1

    @staticmethod
    def _start(thing: int) -> int:
        return thing % _SETS * (_WAYS + 1)
