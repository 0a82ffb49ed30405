"""How many processors this process may use."""

import math
import os
from pathlib import Path

MOST_WORKERS = 8
"""Workers of ``process.workers = "auto"``: more than the disks of one receiver take (contract)."""

_CGROUPS = Path("/sys/fs/cgroup")


def usable(cgroups: Path = _CGROUPS) -> int:
    """Processors by affinity and by the quota of the control group, at least 1."""
    count = len(os.sched_getaffinity(0))
    quota = _quota(cgroups)
    return max(min(count, math.ceil(quota)) if quota else count, 1)


def _quota(cgroups: Path) -> float | None:
    """Processors' worth of time, ``None`` where there is no quota that we can see."""
    unified = _numbers(cgroups / "cpu.max")
    if unified is not None:
        return unified[0] / unified[1]
    quota, period = _numbers(cgroups / "cpu/cpu.cfs_quota_us"), _numbers(cgroups / "cpu/cpu.cfs_period_us")
    if quota is None or period is None or quota[0] <= 0:
        return None
    return quota[0] / period[0]


def _numbers(path: Path) -> list[int] | None:
    try:
        return [int(word) for word in path.read_text().split()]
    except (OSError, ValueError):
        return None
