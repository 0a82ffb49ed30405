"""What storescpd has promised to reach, and how far it is from it."""

from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks import own
from benchmarks.receivers import (
    BITS,
    DURABLE,
    DURABLE_STUDIES,
    ONE,
    STORESCP,
    STORESCP_BITS,
    TWO,
    UNSYNCED,
)
from benchmarks.results import Results, cpu, p99, rate

SENDER_BOUND = 0.8
"""Where the sender is the limit, a receiver that takes so much of its rival's CPU has reached the target as well."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """A target and what was measured."""

    what: str
    goal: float
    measured: float
    at_most: bool = False
    cpu: float | None = None
    """CPU an object in relation to the rival's."""

    @property
    def reached(self) -> bool:
        """Whether it is as good as it has to be."""
        if self.at_most:
            return self.measured <= self.goal
        return self.measured >= self.goal or (self.cpu is not None and self.cpu <= SENDER_BOUND)


_STUDIES = {"W1": 1.25, "W2": 1.0, "W4": 1.3}
_SHARES = {"W1": 0.9, "W2": 0.75, "W4": 0.9}
"""What studies and their hooks leave of the rate."""

RATES = (
    *((name, ONE, STORESCP, goal) for name, goal in (("W1", 1.4), ("W1b", 1.4), ("W3", 1.3), ("W6", 2.0))),
    *((name, f"{ONE}, {BITS}", STORESCP_BITS, 1.0) for name in ("W1", "W1b", "W3", "W6")),
    ("W2", ONE, STORESCP, 1.3),
    ("W2", f"{ONE}, {BITS}", STORESCP_BITS, 1.0),
    ("W2-2", TWO, STORESCP, 1.5),
    *((f"W5-1x{contexts}", ONE, STORESCP, 1.0) for contexts in (1, 64, 128)),
    ("W4", TWO, STORESCP, 2.0),
    *((f"W5-8x{contexts}", TWO, STORESCP, 1.3) for contexts in (1, 64, 128)),
    *(("W5-first1", one, STORESCP, 1.0) for one in (ONE, TWO)),
    *((name, one, STORESCP, 1.2) for name in ("W5-8x1", "W5-first8") for one in (ONE, TWO)),
    *((f"W5-{name}", TWO, ONE, 1.0) for name in ("1x1", "8x1", "first1", "first8")),
    ("W8-W1", "storescpd, TLS, 1 worker", "ceiling, TLS", 0.9),
    ("W8-W4", "storescpd, TLS, 2 workers", "ceiling, TLS", 0.9),
    *((f"W13-{name}", f"{ONE}, studies", "storescp -su -xcs", goal) for name, goal in _STUDIES.items()),
    *((f"W14-{name}", f"{ONE}, on_reception", "storescp -xcr", 1.2) for name in ("W1", "W4")),
    *((f"W15-{name}", f"{ONE}, {DURABLE_STUDIES}", f"{ONE}, {DURABLE}", goal) for name, goal in _SHARES.items()),
    *((f"W15-{name}", f"{TWO}, {DURABLE}", UNSYNCED, 1.2) for name in ("W4", "W2-8")),
    ("W15-W1", f"{ONE}, {DURABLE}", UNSYNCED, 0.5),
    ("W15-W2", f"{ONE}, {DURABLE}", UNSYNCED, 0.35),
    *((name, ONE, STORESCP, 2.0) for name in ("W9-storescu", "W9-dcmsend")),
    *((name, ONE, "storescp as installed", 10.0) for name in ("W9-storescu", "W9-dcmsend")),
)
"""Workload, receiver, rival, how many times the rival's objects a second."""
SLOW_DISK = "storescpd, 2 workers, syncs of 20 ms"


def outcomes(results: Results) -> Iterator[Outcome]:
    """Every target that something was measured for."""
    for workload, receiver, rival, goal in RATES:
        one, other = (workload, receiver), (workload, rival)
        if (measured := results.ratio(one, other, rate)) is not None:
            what = f"{workload}: {receiver}, objects/s to {rival}"
            yield Outcome(what, goal, measured, cpu=results.ratio(one, other, cpu))
    syncs = results.ratio(("W10-slow-8", SLOW_DISK), ("W10-slow-1", SLOW_DISK), rate)
    if syncs is not None:
        yield Outcome(f"W10: {SLOW_DISK}, objects/s of 8 associations to 1", 6, syncs)
    waits = results.ratio(("W12-beside", ONE), ("W12-alone", ONE), p99)
    if waits is not None:
        yield Outcome(f"W12: {ONE}, p99 of W4 beside W6 to alone", 3, waits, at_most=True)
    for name, goal in own.GOALS.items():
        if name in results.figures:
            yield Outcome(name, goal, results.figures[name], at_most=True)
