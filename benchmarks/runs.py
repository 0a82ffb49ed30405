"""One run and all of them: the receivers take turns, and what they stored is compared byte for byte."""

import sys
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from itertools import count, groupby

from benchmarks import send
from benchmarks.places import Places
from benchmarks.results import Measurement, Results, percentile
from benchmarks.running import UNREADABLE, Receiver, Running
from benchmarks.send import Sent
from benchmarks.workloads import Workload

WARM_UP = 16
"""Objects before the first measurement of a receiver."""
NUMBERS = 100_000
"""Object numbers that a run may use."""


def check(running: Running, receiver: Receiver, workload: Workload, sent: Sent) -> tuple[int, list[str]]:
    """How many of the acknowledged objects are on disk byte for byte, and what is wrong with the others."""
    kinds = {**dict.fromkeys(sent.numbers, workload.kind), **dict.fromkeys(sent.beside, workload.beside)}
    right, faults, measured = 0, [], set(sent.numbers)
    for number, data in running.files():
        kind = kinds.pop(number, None)
        if number == UNREADABLE:
            faults.append("a file is damaged: nothing says which object it is")
        elif kind is None:
            faults.append(f"object {number} was not sent, or is there twice")
        elif data != (kind.canonical() if receiver.reencodes else kind.sent()).bytes(number):
            faults.append(f"object {number} is damaged")
        else:
            right += number in measured
    return right, [*faults, *(f"object {number} is lost" for number in sorted(kinds))]


def measure(running: Running, receiver: Receiver, workload: Workload, turn: int, first: int) -> Measurement:
    """One run."""
    objects = max(workload.objects // receiver.share // workload.associations, 1) * workload.associations
    sender = send.prepare(running, workload, first, objects)
    running.reset_peak()
    before = running.cpu()
    with send.idle(running.port, workload.idle):
        sent = sender()
    settled = settle(running)
    cpu = running.cpu() - before
    peak = running.peak()
    arrived, faults = check(running, receiver, workload, sent)
    running.clear()
    stored, seconds = len(sent.numbers), sent.seconds
    return Measurement(
        workload=workload.name,
        receiver=receiver.name,
        round=turn,
        objects=stored,
        rate=stored / seconds,
        megabytes=stored * workload.kind.sent().size / seconds / 1e6,
        cpu=cpu * 1000 / max(stored + len(sent.beside), 1),
        p50=percentile(sent.latencies, 0.5) * 1000,
        p99=percentile(sent.latencies, 0.99) * 1000,
        peak=peak / 2**20,
        arrived=arrived,
        faults=[*sent.failures, *faults],
        settled=settled,
    )


def settle(running: Running) -> float:
    """Seconds until nothing goes on any more."""
    began = time.monotonic()
    if running.settle is not None:
        running.settle()
    return time.monotonic() - began


def suits(receiver: Receiver, workload: Workload) -> bool:
    """Whether a receiver can be measured with a workload."""
    return receiver.setting is workload.setting and (receiver.parallel or not workload.together)


def run(
    load: Sequence[Workload],
    contestants: Sequence[Receiver],
    rounds: int,
    places: Places,
    report: Callable[[Results, Workload], None],
) -> Results:
    """All of it: every receiver is started once, in memory or on a disk, then they take turns."""
    results, first = Results(), count(0, NUMBERS)
    results.describe(load, contestants)
    with ExitStack() as stack:
        started = [
            (one, stack.enter_context(one.start(places.of(one.setting) / f"receiver-{number}")))
            for number, one in enumerate(contestants)
            if any(suits(one, workload) and not workload.fresh for workload in load)
        ]
        for _, together in groupby(load, key=lambda workload: workload.stem):
            group = list(together)
            _in_turn(results, [one for one in group if not one.fresh], started, rounds, first)
            for workload in (one for one in group if one.fresh):
                _from_the_start(results, workload, contestants, rounds, first, places)
            for workload in group:
                report(results, workload)
    return results


def _in_turn(
    results: Results,
    group: Sequence[Workload],
    started: Sequence[tuple[Receiver, Running]],
    rounds: int,
    first: "count[int]",
) -> None:
    if not group:
        return
    runs = [(one, running, load) for load in group for one, running in started if suits(one, load)]
    for _, running, workload in runs:
        warm_up(running, workload, next(first))
    for turn in range(rounds):
        for receiver, running, workload in runs:
            results.add(measure(running, receiver, workload, turn, next(first)))
        print(f"{group[0].stem}: round {turn + 1} of {rounds}", file=sys.stderr)


def _from_the_start(
    results: Results,
    workload: Workload,
    contestants: Sequence[Receiver],
    rounds: int,
    first: "count[int]",
    places: Places,
) -> None:
    for turn in range(rounds):
        for receiver in (one for one in contestants if suits(one, workload)):
            number = next(first)
            with receiver.start(places.of(receiver.setting) / f"fresh-{number}") as running:
                results.add(measure(running, receiver, workload, turn, number))
        print(f"{workload.name}: round {turn + 1} of {rounds}", file=sys.stderr)


def warm_up(running: Running, workload: Workload, first: int) -> None:
    """What the first objects cost belongs to no measurement."""
    send.run_senders(running, workload, first, max(min(WARM_UP, workload.objects), workload.associations))
    settle(running)
    running.clear()
