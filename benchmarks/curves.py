"""How the cost of an object grows with its size, its elements, the contexts proposed and the associations open."""

from collections.abc import Mapping, Sequence
from functools import partial

from benchmarks import report, runs
from benchmarks.generate import CT, SR, Kind, flat, nested
from benchmarks.places import Places
from benchmarks.receivers import ONE, QUICK, STORESCP, TWO
from benchmarks.results import Results, cpu, rate
from benchmarks.workloads import Workload
from tests.support.objects import ct

KIB, MIB = 2**10, 2**20
ENOUGH = 128 * MIB
"""Bytes of one measurement, where the number of objects allows it."""
SIZES = (64 * KIB, 256 * KIB, MIB, 4 * MIB, 16 * MIB, 64 * MIB)
CONTEXTS = (1, 8, 32, 64, 128)
ELEMENTS = (100, 1000, 5000, 20_000)
ASSOCIATIONS = (1, 2, 4, 8, 16, 32, 64)


def _sized(size: int) -> Workload:
    make = partial(ct, size // 2)
    name = f"{size // MIB} MiB" if size >= MIB else f"{size // KIB} KiB"
    return Workload(f"size-{name}", Kind(name, make, make), min(max(ENOUGH // size, 2), 256))


def _flat(count: int) -> Workload:
    make = partial(flat, count)
    return Workload(f"elements-{count}", Kind(f"{count} elements", make, make), max(80_000 // count, 24))


def _nested(count: int) -> Workload:
    kind = Kind(f"{count} nested", partial(nested, count, undefined=True), partial(nested, count, undefined=False))
    return Workload(f"nested-{count}", kind, max(80_000 // count, 24))


CURVES: Mapping[str, Sequence[Workload]] = {
    "Size of an object": [_sized(size) for size in SIZES],
    "Contexts proposed, one object an association": [
        Workload(f"contexts-{count}", SR, 120, per_association=1, contexts=count) for count in CONTEXTS
    ],
    "Elements, one after another": [_flat(count) for count in ELEMENTS],
    "Elements in items of undefined length, two levels deep": [_nested(count) for count in ELEMENTS],
    "Associations that send CT images of 0.5 MB at once": [
        Workload(f"associations-{count}", CT, 256, associations=count) for count in ASSOCIATIONS
    ],
}


def run(places: Places, rounds: int, curves: Mapping[str, Sequence[Workload]] = CURVES) -> Results:
    """Measure them all."""
    load = [workload for curve in curves.values() for workload in curve]
    contestants = [one for one in QUICK if one.name in {STORESCP, ONE, TWO}]
    return runs.run(load, contestants, rounds, places, lambda _results, _workload: None)


def tables(results: Results) -> str:
    """A small table a curve: milliseconds and CPU milliseconds an object."""
    return "\n\n".join(f"### {title}\n\n{_table(results, curve)}" for title, curve in CURVES.items())


def _table(results: Results, curve: Sequence[Workload]) -> str:
    names = [name for name in (ONE, TWO, STORESCP) if any(results.of(one.name, name) for one in curve)]
    rows = [["", *(f"{name}, {unit}" for name in names for unit in ("ms", "CPU ms"))]]
    for workload in (one for one in curve if all(results.of(one.name, name) for name in names)):
        cells = []
        for name in names:
            each = 1000 / results.median(workload.name, name, rate)
            cells += [f"{each:.2f}", f"{results.median(workload.name, name, cpu):.2f}"]
        rows.append([workload.name.partition("-")[2], *cells])
    return report.markdown(rows)
