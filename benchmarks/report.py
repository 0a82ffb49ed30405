"""Figures: medians over the rounds, ratios pair by pair, as a table and as JSON."""

import json
import os
import platform
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

from benchmarks.receivers import Receiver
from benchmarks.workloads import Workload


@dataclass(frozen=True, slots=True)
class Measurement:
    """One run."""

    workload: str
    receiver: str
    round: int
    objects: int
    """Answered with success."""
    rate: float
    """Objects a second."""
    megabytes: float
    """MB a second."""
    cpu: float
    """Receiver milliseconds an object."""
    p50: float
    p99: float
    """Milliseconds to the answer."""
    peak: float
    """MiB of the receiver's largest process."""
    arrived: int
    """Whole files."""
    faults: Sequence[str]
    """What was lost or damaged."""


def percentile(values: Sequence[float], part: float) -> float:
    """The smallest value that this part of all does not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))] if ordered else float("nan")


class Results:
    """All the measurements."""

    def __init__(self) -> None:
        self.measurements: list[Measurement] = []
        self._by_pair: dict[tuple[str, str], list[Measurement]] = defaultdict(list)

    def add(self, one: Measurement) -> None:
        """Keep a measurement."""
        self.measurements.append(one)
        self._by_pair[one.workload, one.receiver].append(one)

    def has(self, workload: str, receiver: str) -> bool:
        """Whether it was measured."""
        return (workload, receiver) in self._by_pair

    def median(self, workload: str, receiver: str, figure: Callable[[Measurement], float]) -> float:
        """The median of a figure over the rounds."""
        return median(figure(one) for one in self._by_pair[workload, receiver])

    def ratio(self, workload: str, receiver: str, rival: str, figure: Callable[[Measurement], float]) -> float:
        """The median over the rounds of the quotient within a round."""
        pairs = zip(self._by_pair[workload, receiver], self._by_pair[workload, rival], strict=True)
        return median(figure(one) / figure(other) if figure(other) else float("nan") for one, other in pairs)

    def faults(self) -> list[str]:
        """Whatever must not have happened."""
        return [f"{one.workload}, {one.receiver}: {fault}" for one in self.measurements for fault in one.faults]


COLUMNS: Sequence[tuple[str, Callable[[Measurement], float], str]] = (
    ("objects/s", lambda one: one.rate, ".0f"),
    ("MB/s", lambda one: one.megabytes, ".0f"),
    ("p50 ms", lambda one: one.p50, ".2f"),
    ("p99 ms", lambda one: one.p99, ".2f"),
    ("CPU ms/object", lambda one: one.cpu, ".2f"),
    ("peak MiB", lambda one: one.peak, ".0f"),
)


def table(results: Results, workload: Workload, receivers: Sequence[Receiver]) -> str:
    """One workload as a Markdown table."""
    names = [name for name, _, _ in COLUMNS]
    rows = [["receiver", *names, "rate to rival", "CPU to rival"]]
    for receiver in (one for one in receivers if results.has(workload.name, one.name)):
        cells = [format(results.median(workload.name, receiver.name, figure), form) for _, figure, form in COLUMNS]
        rows.append([receiver.name, *cells, *_ratios(results, workload, receiver)])
    return f"{workload.name}: {workload.text}\n\n{_markdown(rows)}\n"


def _ratios(results: Results, workload: Workload, receiver: Receiver) -> list[str]:
    if not results.has(workload.name, receiver.rival):
        return ["", ""]
    figures: tuple[Callable[[Measurement], float], ...] = (lambda one: one.rate, lambda one: one.cpu)
    return [f"{results.ratio(workload.name, receiver.name, receiver.rival, figure):.2f}" for figure in figures]


def _markdown(rows: Sequence[Sequence[str]]) -> str:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [" | ".join(_aligned(row, widths)) for row in rows]
    rule = " | ".join("-" * width if number == 0 else "-" * (width - 1) + ":" for number, width in enumerate(widths))
    return "\n".join(f"| {line} |" for line in (lines[0], rule, *lines[1:]))


def _aligned(row: Sequence[str], widths: Sequence[int]) -> Iterable[str]:
    return (
        cell.ljust(width) if number == 0 else cell.rjust(width)
        for number, (cell, width) in enumerate(zip(row, widths, strict=True))
    )


def machine() -> str:
    """What it was measured on."""
    table = Path("/proc/cpuinfo").read_text().splitlines()
    models = [line.partition(":")[2].strip() for line in table if line.startswith("model name")]
    model, cores = models[0] if models else platform.machine(), len(os.sched_getaffinity(0))
    return f"{cores} cores of {model}, Linux {platform.release()}, Python {platform.python_version()}"


def write_json(results: Results, path: Path) -> None:
    """Every run, for later."""
    path.parent.mkdir(parents=True, exist_ok=True)
    document = {"machine": machine(), "runs": [asdict(one) for one in results.measurements]}
    path.write_text(json.dumps(document, indent=1) + "\n")
