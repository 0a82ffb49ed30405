"""Queues of hooks, one a study: in a lane one after another, the lanes beside each other."""

import heapq
import math
from collections import deque
from dataclasses import dataclass, field


@dataclass(slots=True)
class Lane:
    """The hooks of one study that are to run, by their numbers."""

    waiting: deque[int] = field(default_factory=deque)
    busy: bool = False
    """One of them runs."""
    queued: bool = False
    """It stands among the lanes whose turn it is, or that pause."""
    due: float = 0.0
    """Before this time its first hook does not run."""


class Lanes:
    """Tells which hook is next. A lane costs nothing once it is empty."""

    def __init__(self) -> None:
        self._lanes: dict[str, Lane] = {}
        self._ready: deque[str] = deque()
        self._paused: list[tuple[float, str]] = []

    def clear(self) -> None:
        """Forget all hooks that are to run; those that run still keep their lanes busy."""
        self._lanes = {name: Lane(busy=True) for name, lane in self._lanes.items() if lane.busy}
        self._ready.clear()
        self._paused.clear()

    def add(self, name: str, number: int) -> None:
        """One more hook, to be run after the others of its lane."""
        lane = self._lanes.setdefault(name, Lane())
        lane.waiting.append(number)
        self._offer(name, lane)

    def put_back(self, name: str, number: int, due: float) -> None:
        """A hook that has to run again, before the others of its lane and not before ``due``."""
        lane = self._lanes.setdefault(name, Lane())
        lane.waiting.appendleft(number)
        lane.due = due
        self._offer(name, lane)

    def occupy(self, name: str) -> None:
        """A hook of this lane runs."""
        self._lanes.setdefault(name, Lane()).busy = True

    def free(self, name: str) -> None:
        """It does no more."""
        lane = self._lanes[name]
        lane.busy = False
        if lane.waiting:
            self._offer(name, lane)
        elif not lane.queued:
            del self._lanes[name]

    def _offer(self, name: str, lane: Lane) -> None:
        if not lane.busy and not lane.queued:
            lane.queued = True
            self._ready.append(name)

    def take(self, now: float) -> int | None:
        """The next hook, whose lane is busy from now on; ``None`` when none is due."""
        while self._paused and self._paused[0][0] <= now:
            self._ready.append(heapq.heappop(self._paused)[1])
        while self._ready:
            name = self._ready.popleft()
            lane = self._lanes[name]
            if lane.due > now:
                heapq.heappush(self._paused, (lane.due, name))
                continue
            lane.queued, lane.busy = False, True
            return lane.waiting.popleft()
        return None

    def next_moment(self) -> float:
        """When ``take`` may have something."""
        if self._ready:
            return 0.0
        return self._paused[0][0] if self._paused else math.inf
