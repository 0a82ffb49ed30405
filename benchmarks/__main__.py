"""python -m benchmarks [quick|full] [-r ROUNDS] [-k WORD ...]: run the receivers in turn and print the ratios."""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from itertools import count
from pathlib import Path

from benchmarks import receivers, report, send, workloads
from benchmarks.receivers import Receiver, Running
from benchmarks.report import Measurement, Results, percentile
from benchmarks.workloads import Workload

WARM_UP = 16
"""Objects before the first measurement of a receiver."""


def check(running: Running, receiver: Receiver, workload: Workload, numbers: Sequence[int]) -> tuple[int, list[str]]:
    """How many of the acknowledged objects are on disk byte for byte, and what is wrong with the others."""
    kind = workload.kind.canonical() if receiver.reencodes else workload.kind.sent()
    expected, right, faults = set(numbers), 0, []
    for number, data in running.files():
        if data == kind.bytes(number):
            right += number in expected
            expected.discard(number)
        else:
            faults.append(f"object {number} is damaged")
    return right, [*faults, *(f"object {number} is lost" for number in sorted(expected))]


def measure(running: Running, receiver: Receiver, workload: Workload, turn: int, first: int) -> Measurement:
    """One run."""
    objects = max(workload.objects // receiver.share // workload.associations, 1) * workload.associations
    sender = send.prepare(running, workload, first, objects)
    before = running.cpu()
    with send.idle(running.port, workload.idle):
        sent = sender()
    cpu = running.cpu() - before
    arrived, faults = check(running, receiver, workload, sent.numbers)
    running.clear()
    stored, seconds = len(sent.numbers), sent.seconds
    return Measurement(
        workload=workload.name,
        receiver=receiver.name,
        round=turn,
        objects=stored,
        rate=stored / seconds,
        megabytes=stored * workload.kind.sent().size / seconds / 1e6,
        cpu=cpu * 1000 / max(stored, 1),
        p50=percentile(sent.latencies, 0.5) * 1000,
        p99=percentile(sent.latencies, 0.99) * 1000,
        peak=running.peak() / 2**20,
        arrived=arrived,
        faults=[*sent.failures, *faults],
    )


def suits(receiver: Receiver, workload: Workload) -> bool:
    """Whether a receiver can be measured with a workload."""
    return receiver.tls == workload.tls and (receiver.parallel or not workload.idle)


def run(load: Sequence[Workload], contestants: Sequence[Receiver], rounds: int, directory: Path) -> Results:
    """All of it: every receiver is started once, then they take turns."""
    results, first = Results(), count(0, 100_000)
    with ExitStack() as stack:
        started = [
            (receiver, stack.enter_context(receiver.start(directory / f"receiver-{number}")))
            for number, receiver in enumerate(contestants)
            if any(suits(receiver, workload) for workload in load)
        ]
        for workload in load:
            able = [(receiver, running) for receiver, running in started if suits(receiver, workload)]
            for _, running in able:
                send.run(running, workload, next(first), min(WARM_UP, workload.objects))
                running.clear()
            for turn in range(rounds):
                for receiver, running in able:
                    results.add(measure(running, receiver, workload, turn, next(first)))
                print(f"{workload.name}: round {turn + 1} of {rounds}", file=sys.stderr)
            print(report.table(results, workload, contestants), flush=True)
    return results


def chosen(names: Sequence[str], contestants: Sequence[Receiver]) -> list[Receiver]:
    """The receivers whose name contains one of the words, and their rivals."""
    if not names:
        return list(contestants)
    wanted = [one for one in contestants if any(word in one.name for word in names)]
    rivals = {one.rival for one in wanted}
    return [one for one in contestants if one in wanted or one.name in rivals]


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="benchmarks", description="The same load to several receivers in turn.")
    parser.add_argument("size", choices=("quick", "full"), nargs="?", default="quick")
    parser.add_argument("-r", "--rounds", type=int, default=0)
    parser.add_argument("-k", "--receiver", action="append", default=[], help="only those whose name contains this")
    parser.add_argument("-w", "--workload", action="append", default=[], help="only these, by name")
    parser.add_argument("--json", type=Path, default=Path("benchmarks/results/last.json"))
    arguments = parser.parse_args()
    quick = arguments.size == "quick"
    load = workloads.QUICK if quick else workloads.FULL
    if arguments.workload:
        load = tuple(one for one in workloads.FULL if one.name in arguments.workload)
    contestants = chosen(arguments.receiver, receivers.QUICK if quick and not arguments.workload else receivers.FULL)
    print(f"{report.machine()}; output in memory, nothing synced, warnings alone logged, PDUs of 16 KiB\n")
    shared = "/dev/shm" if Path("/dev/shm").is_dir() else None
    with tempfile.TemporaryDirectory(prefix="storescpd-bench-", dir=shared) as directory:
        results = run(load, contestants, arguments.rounds or (5 if quick else 7), Path(directory))
    report.write_json(results, arguments.json)
    for fault in (faults := results.faults())[:20]:
        print(f"FAULT {fault}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
