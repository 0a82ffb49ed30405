"""Figures of storescpd that need no rival: its start, its memory."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks import send
from benchmarks.generate import BIG, Kind
from benchmarks.ours import ours, ours_with_tls
from benchmarks.running import Running, Start
from benchmarks.workloads import Workload
from tests.support.daemon import ROOT, storescpd
from tests.support.processes import free_port
from tests.support.rawclient import RawAssociation

STARTS = 5
"""The median of so many."""
IDLE = 100
"""Associations that are opened to see what one of them takes."""
PATIENCE = 60

START, CHECK = "start to the first accepted association, s", "--check-config, s"
IDLE_PLAIN, IDLE_TLS = "memory of an idle association, KiB", "memory of an idle association with TLS, KiB"
PEAK = "256 MiB object, memory above idle, {}, MiB"
OPTIONS: Mapping[str, tuple[Mapping[str, Any], float]] = {
    "re-encoded": ({}, 16),
    "bit-preserving": ({"storage": {"bit_preserving": True}}, 16),
    "undefined lengths": ({"encoding": {"sequence_length": "undefined"}}, 16),
    "implicit VR": ({"encoding": {"transfer_syntax": "implicit"}}, 16),
    "bytes swapped (explicit-big)": ({"encoding": {"transfer_syntax": "explicit-big"}}, 32),
    "deflated": ({"encoding": {"transfer_syntax": "deflated"}}, 32),
}
"""Sections of the configuration, and how many MiB may be taken."""
GOALS: Mapping[str, float] = {
    START: 0.8,
    CHECK: 0.5,
    IDLE_PLAIN: 64,
    **{PEAK.format(name): goal for name, (_, goal) in OPTIONS.items()},
}


def figures(folder: Path, kind: Kind = BIG, starts: int = STARTS, idle: int = IDLE) -> Iterator[tuple[str, float]]:
    """All of them by name, as they are measured."""
    yield START, median(_start(folder / f"start-{number}") for number in range(starts))
    yield CHECK, median(_check(folder / f"check-{number}") for number in range(starts))
    yield IDLE_PLAIN, _idle(folder / "idle", ours(1), idle)
    yield IDLE_TLS, _idle(folder / "idle-tls", ours_with_tls(1, bit_preserving=False), idle)
    for number, (name, (sections, _)) in enumerate(OPTIONS.items()):
        yield PEAK.format(name), _peak(folder / f"memory-{number}", ours(1, **sections), kind)


def _timed(action: Callable[[], object]) -> float:
    began = time.monotonic()
    action()
    return time.monotonic() - began


def _start(directory: Path) -> float:
    """Seconds from the command to an association."""
    port = free_port()
    listeners = [{"name": "dicom", "address": "127.0.0.1", "port": port}]
    began = time.monotonic()
    with storescpd(directory, {"listeners": listeners}, wait=False), _first_association(port):
        return time.monotonic() - began


def _first_association(port: int) -> RawAssociation:
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            return RawAssociation(port)
        except ConnectionRefusedError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.001)


def _check(directory: Path) -> float:
    """Seconds to judge a configuration."""
    directory.mkdir(parents=True)
    config = directory / "storescpd.toml"
    config.write_text(f'config_version = 1\n[storage]\ndirectory = "{directory}"\nmin_free = 0\n')
    words = [sys.executable, "-m", "storescpd", "--check-config", "--config", str(config)]
    return _timed(lambda: subprocess.run(words, cwd=ROOT, capture_output=True, timeout=PATIENCE, check=True))


def _idle(directory: Path, start: Start, count: int) -> float:
    """KiB that each of so many associations takes, as the processes' memory grows."""
    with start(directory) as running, ExitStack() as stack:
        stack.enter_context(RawAssociation(running.port, tls=running.client))
        before = running.proportional()
        for _ in range(count):
            stack.enter_context(RawAssociation(running.port, tls=running.client))
        return (running.proportional() - before) / count / 1024


def _peak(directory: Path, start: Start, kind: Kind) -> float:
    """MiB that an object of this kind takes above what the processes take before the first object."""
    with start(directory) as running:
        running.reset_peak()
        idle = running.peaks()
        _send_one(running, kind)
        return sum(peak - idle.get(pid, 0) for pid, peak in running.peaks().items()) / 2**20


def _send_one(running: Running, kind: Kind) -> None:
    sent = send.run(running, Workload("one", kind, 1), 1, 1)
    if sent.failures:
        raise RuntimeError(f"{kind.name}: {sent.failures[0]}")
    running.clear()
