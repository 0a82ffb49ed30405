"""The figures: every run, medians over the rounds, ratios pair by pair, kept as JSON."""

import json
import os
import platform
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any, Self

from benchmarks.running import Receiver
from benchmarks.workloads import Workload
from tests.support.build import described


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
    """MiB of the receiver's largest process during the run."""
    arrived: int
    """Whole files."""
    faults: Sequence[str]
    """What was lost or damaged."""
    settled: float = 0
    """Seconds after the last answer until nothing went on any more, such as hooks; in no other figure but `cpu`."""


Figure = Callable[[Measurement], float]


def rate(one: Measurement) -> float:
    """Objects a second."""
    return one.rate


def cpu(one: Measurement) -> float:
    """Receiver milliseconds an object."""
    return one.cpu


def p99(one: Measurement) -> float:
    """Milliseconds within which 99 of 100 objects were answered."""
    return one.p99


def percentile(values: Sequence[float], part: float) -> float:
    """The smallest value that this part of all does not exceed; 0 where there are none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))] if ordered else 0


class Results:
    """All the measurements, with what a report says of workloads and receivers."""

    def __init__(self, on: str = "", figures: Mapping[str, float] | None = None) -> None:
        self.machine = on or machine()
        self.measurements: list[Measurement] = []
        self.workloads: dict[str, str] = {}
        """What each workload is, in words."""
        self.rivals: dict[str, str] = {}
        """Whom each receiver is compared with."""
        self.figures: dict[str, float] = dict(figures or {})
        """Figures of storescpd alone, by name."""
        self._by_pair: dict[tuple[str, str], list[Measurement]] = defaultdict(list)

    def describe(self, workloads: Sequence[Workload], receivers: Sequence[Receiver]) -> None:
        """Remember what is measured."""
        self.workloads.update((one.name, one.text) for one in workloads)
        self.rivals.update((one.name, one.rival) for one in receivers)

    def add(self, one: Measurement) -> None:
        """Keep a measurement."""
        self.measurements.append(one)
        self._by_pair[one.workload, one.receiver].append(one)

    def of(self, workload: str, receiver: str) -> Sequence[Measurement]:
        """The rounds of a pair, none where it was not measured."""
        return self._by_pair.get((workload, receiver), ())

    def median(self, workload: str, receiver: str, figure: Figure) -> float:
        """The median of a figure over the rounds."""
        return median(figure(one) for one in self.of(workload, receiver))

    def ratio(self, one: tuple[str, str], other: tuple[str, str], figure: Figure) -> float | None:
        """The median over the rounds of the quotient within a round; none where nothing can be compared."""
        pairs = zip(self.of(*one), self.of(*other), strict=False)
        quotients = [figure(mine) / figure(theirs) for mine, theirs in pairs if figure(theirs)]
        return median(quotients) if quotients else None

    def faults(self) -> list[str]:
        """Whatever must not have happened."""
        return [f"{one.workload}, {one.receiver}: {fault}" for one in self.measurements for fault in one.faults]

    def save(self, path: Path) -> None:
        """Everything, for later."""
        path.parent.mkdir(parents=True, exist_ok=True)
        document = {
            "machine": self.machine,
            "workloads": self.workloads,
            "rivals": self.rivals,
            "figures": self.figures,
            "runs": [asdict(one) for one in self.measurements],
        }
        path.write_text(json.dumps(document, indent=1) + "\n")

    @classmethod
    def load(cls, path: Path) -> Self:
        """What was saved."""
        document: Mapping[str, Any] = json.loads(path.read_text())
        results = cls(document["machine"], document["figures"])
        results.workloads.update(document["workloads"])
        results.rivals.update(document["rivals"])
        for one in document["runs"]:
            results.add(Measurement(**one))
        return results


def machine() -> str:
    """What was measured, on what, and how busy that was: beside other work no figure is to be trusted."""
    table = Path("/proc/cpuinfo").read_text().splitlines()
    models = [line.partition(":")[2].strip() for line in table if line.startswith("model name")]
    model, cores = models[0] if models else platform.machine(), len(os.sched_getaffinity(0))
    versions = f"Linux {platform.release()}, Python {platform.python_version()}"
    return f"{cores} cores of {model}, {versions}, {described()}, load before {os.getloadavg()[0]:.1f}"
