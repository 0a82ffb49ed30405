"""Time that survives a reboot: monotonic while the machine runs, by the wall clock across a reboot only."""

import time
from dataclasses import dataclass
from pathlib import Path

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True, slots=True)
class Moment:
    """A point in time, in seconds."""

    boot: str
    """Which run of the machine ``monotonic`` belongs to."""
    monotonic: float
    wall: float

    def age(self, now: "Moment") -> float:
        """Seconds from this moment until ``now``, never negative; a step of the wall clock does not count."""
        if self.boot == now.boot:
            return max(now.monotonic - self.monotonic, 0.0)
        return max(now.wall - self.wall, 0.0)

    def later(self, seconds: float) -> "Moment":
        """The moment so many seconds after this one."""
        return Moment(self.boot, self.monotonic + seconds, self.wall + seconds)

    def in_boot_of(self, now: "Moment") -> "Moment":
        """The same moment by the clocks of ``now``."""
        return now.later(-self.age(now))


class Clock:
    """Tells the moment."""

    def __init__(self) -> None:
        self._boot = _BOOT_ID.read_text(encoding="ascii").strip()

    def now(self) -> Moment:
        """The moment that it is."""
        return Moment(self._boot, time.monotonic(), time.time())
