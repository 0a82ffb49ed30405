"""When to look at which study again: one moment each, the earliest that was asked for."""

import heapq
import math
from collections.abc import Iterator


class Timers:
    """Moments are monotonic time in seconds. A moment that comes is forgotten: who needs another look asks again."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int]] = []
        self._due: dict[int, float] = {}

    def __len__(self) -> int:
        return len(self._heap)

    def ask(self, number: int, due: float) -> None:
        """Look at a study then, or before."""
        if due < self._due.get(number, math.inf):
            self._due[number] = due
            heapq.heappush(self._heap, (due, number))

    def take(self, now: float) -> Iterator[int]:
        """The studies to look at."""
        while self._heap and self._heap[0][0] <= now:
            due, number = heapq.heappop(self._heap)
            # Else an earlier moment has replaced this one, and has come.
            if self._due.get(number) == due:
                del self._due[number]
                yield number

    @property
    def next(self) -> float:
        """The first moment."""
        return self._heap[0][0] if self._heap else math.inf
