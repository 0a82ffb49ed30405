"""How many processors this process may use."""

import math
import os
from collections.abc import Iterator
from pathlib import Path

MOST_WORKERS = 8
"""Workers of ``process.workers = "auto"``: more than the disks of one receiver take (contract)."""

_CGROUPS = Path("/sys/fs/cgroup")
_OWN_GROUPS = Path("/proc/self/cgroup")


def usable(cgroups: Path = _CGROUPS, own_groups: Path = _OWN_GROUPS) -> int:
    """Processors by affinity and by the quotas of the control groups that we are in, at least 1."""
    count = len(os.sched_getaffinity(0))
    quotas = [math.ceil(quota) for folder in _folders(cgroups, own_groups) if (quota := _quota(folder))]
    return max(min([count, *quotas]), 1)


def _folders(cgroups: Path, own_groups: Path) -> Iterator[Path]:
    """The folders of our control group and of all above it: a service's quota is set in its own, not in the root."""
    for root, group in _hierarchies(cgroups, own_groups):
        # What begins with ".." lies outside of our container.
        own = root.joinpath(*(part for part in group.split("/") if part and part != ".."))
        yield from (folder for folder in (own, *own.parents) if folder == root or root in folder.parents)


def _hierarchies(cgroups: Path, own_groups: Path) -> Iterator[tuple[Path, str]]:
    """Version 2 has one hierarchy, version 1 one for each controller (cgroups(7))."""
    yield cgroups, "/"
    yield cgroups / "cpu", "/"
    for line in _text(own_groups).splitlines():
        _, controllers, group = line.split(":", 2)
        if not controllers:
            yield cgroups, group
        elif "cpu" in controllers.split(","):
            yield cgroups / "cpu", group


def _quota(folder: Path) -> float | None:
    """Processors' worth of time, ``None`` where there is no quota."""
    unified = _numbers(folder / "cpu.max")
    if len(unified) == 2:
        return unified[0] / unified[1]
    quota, period = _numbers(folder / "cpu.cfs_quota_us"), _numbers(folder / "cpu.cfs_period_us")
    return quota[0] / period[0] if quota and period and quota[0] > 0 else None


def _numbers(path: Path) -> list[int]:
    """The numbers in a file; none when it says ``max``."""
    try:
        return [int(word) for word in _text(path).split()]
    except ValueError:
        return []


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""
