"""Children that give no sign of life: their stacks go into the log, they are killed, and others replace them.

The sign is that of the accept loop, or of the keeper's loop. Time is counted in looks at it, not by the clock: after a
pause of the whole machine nobody is guilty. While a thread of a child waits for a disk the looks do not count: to kill
it would not make the disk faster, and its neighbours would lose what they do.
"""

import logging
import math
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from storescpd.supervisor.stacks import Stacks
from storescpd.telemetry.events import log_event
from storescpd.worker.scoreboard import KEEPER, Scoreboard

LOOK = 2.0
"""Seconds between two looks: twice as long as between two signs of life."""
STUCK = 5
"""Looks in which a worker has given none; 10 seconds."""
KEEPER_STUCK = 10
"""The same of the keeper: what it does in one round may be a directory of a large study; 20 seconds."""
BEGINNING = 60
"""The same of a child that has not given its first one: it tidies storage, or reads a large ledger; 2 minutes."""
HOPELESS = 10
"""Looks after which a child that was to be killed should have been replaced; 20 seconds more."""
DUMP_TIME = 1.0
"""Seconds in which a child writes its stacks; it needs some milliseconds."""

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class Pulse:
    """The last sign of life of one child, and how often there was no newer one."""

    beat: float
    missed: int = 0
    killed: bool = False


class Health:
    """Looks after the children; the caller says who they are: process ids, and their places on the scoreboard."""

    def __init__(self, scoreboard: Scoreboard, stacks: Stacks, kill: Callable[[int], None]) -> None:
        self._scoreboard = scoreboard
        self._stacks = stacks
        self._kill = kill
        self._pulses: dict[int, Pulse] = {}
        self._places: Mapping[int, int] = {}
        self._look_at = 0.0
        self._examined: int | None = None
        self._kill_at = math.inf

    @property
    def due(self) -> float:
        """Monotonic time of the next thing to do."""
        return min(self._look_at, self._kill_at)

    @property
    def good(self) -> bool:
        """Whether every child lives, or has been stuck for no longer than it takes to replace it."""
        return all(pulse.missed < self._patience(pid, pulse) + HOPELESS for pid, pulse in self._pulses.items())

    def look(self, now: float, children: Mapping[int, int]) -> None:
        """Do what is due."""
        self._places = children
        self._pulses = {pid: pulse for pid, pulse in self._pulses.items() if pid in children}
        if now >= self._kill_at:
            self._conclude()
        if now >= self._look_at:
            self._look_at = now + LOOK
            for pid, place in children.items():
                self._feel(pid, self._scoreboard.heartbeat(place))
            self._examine(now)

    def _feel(self, pid: int, beat: float) -> None:
        pulse = self._pulses.get(pid)
        if pulse is None:
            self._pulses[pid] = Pulse(beat)
        elif beat != pulse.beat:
            pulse.beat, pulse.missed = beat, 0
        elif not _waits_for_a_disk(pid):
            pulse.missed += 1

    def _examine(self, now: float) -> None:
        """Ask one that is stuck what it does. Who holds the lock of the scoreboard makes all others wait."""
        if self._examined is not None:
            return
        stuck = [pid for pid, pulse in self._pulses.items() if self._is_stuck(pid, pulse)]
        if stuck:
            self._examined = self._culprit() or stuck[0]
            self._kill_at = now + DUMP_TIME
            self._stacks.ask(self._examined)

    def _culprit(self) -> int | None:
        """The holder of the lock, if it is why others are stuck: its last sign may be younger than theirs by a look."""
        holder = self._scoreboard.holder()
        pulse = None if holder is None else self._pulses.get(holder)
        return holder if pulse is not None and not pulse.killed and pulse.missed >= STUCK - 1 else None

    def _is_stuck(self, pid: int, pulse: Pulse) -> bool:
        return pulse.missed >= self._patience(pid, pulse) and not pulse.killed

    def _patience(self, pid: int, pulse: Pulse) -> int:
        if not pulse.beat:
            return BEGINNING
        return KEEPER_STUCK if self._places[pid] == KEEPER else STUCK

    def _conclude(self) -> None:
        """Kill the one that was asked, unless it has died meanwhile or lives again."""
        pid, self._examined, self._kill_at = self._examined, None, math.inf
        pulse = None if pid is None else self._pulses.get(pid)
        if pid is None or pulse is None:
            return
        role = "keeper" if self._places[pid] == KEEPER else "worker"
        stacks = self._stacks.read() or "none, as of a process that is stopped"
        if self._scoreboard.heartbeat(self._places[pid]) != pulse.beat:
            log_event(logger, logging.WARNING, f"{role} was stuck and goes on", **{role: pid}, stacks=stacks)
            return
        log_event(logger, logging.ERROR, f"{role} is stuck and is killed", **{role: pid}, stacks=stacks)
        if self._scoreboard.holder() == pid:
            self._absolve()
        pulse.killed = True
        self._kill(pid)

    def _absolve(self) -> None:
        """The others have waited for the one that is killed: they begin anew."""
        for pulse in self._pulses.values():
            pulse.missed = 0


def _waits_for_a_disk(pid: int) -> bool:
    """Whether a thread is in an uninterruptible sleep (proc_pid_stat(5), state D)."""
    for path in Path(f"/proc/{pid}/task").glob("*/stat"):
        with suppress(OSError):
            if path.read_bytes().rpartition(b")")[2].split()[0] == b"D":
                return True
    return False
