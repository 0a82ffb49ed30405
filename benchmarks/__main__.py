"""python -m benchmarks [quick|full|own|curves|publish]: measure, or put what was measured into the documentation."""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from benchmarks import curves, own, places, plot, publish, receivers, report, runs, workloads
from benchmarks.results import Results
from benchmarks.running import Receiver, Setting
from benchmarks.workloads import Workload

ROUNDS = {"quick": 5, "full": 7, "curves": 3}


def chosen(names: Sequence[str], contestants: Sequence[Receiver]) -> list[Receiver]:
    """The receivers whose name contains one of the words, and their rivals; nobody whose program is not installed."""
    wanted = [one for one in contestants if not names or any(word in one.name for word in names)]
    rivals = {one.rival for one in wanted}
    found = [one for one in contestants if one in wanted or one.name in rivals]
    for one in found:
        if one.missing:
            print(f"left out: {one.name}: not installed: {one.missing}")
    return [one for one in found if not one.missing]


def arguments() -> argparse.Namespace:
    """What is asked for."""
    parser = argparse.ArgumentParser(prog="benchmarks", description="The same load to several receivers in turn.")
    sizes = ("quick", "full", "own", "curves", "publish")
    parser.add_argument("size", choices=sizes, nargs="?", default="quick", help="own: start and memory of storescpd")
    parser.add_argument("-r", "--rounds", type=int, default=0)
    parser.add_argument("-k", "--receiver", action="append", default=[], help="only those whose name contains this")
    parser.add_argument(
        "-w", "--workload", action="append", default=[], help="only these, by name or what precedes a -"
    )
    parser.add_argument("--most", type=int, default=0, help="objects of a run, where that is less than usual")
    parser.add_argument("--json", type=Path, default=Path("benchmarks/results/last.json"))
    parser.add_argument("--curves", type=Path, default=Path("benchmarks/results/curves.json"))
    parser.add_argument("--disk", type=Path, default=Path("/var/tmp"), help="a folder on a disk, for what is synced")
    return parser.parse_args()


def save(results: Results, path: Path) -> int:
    """The results beside each other as JSON, Markdown and a plot; 1 if something was lost or damaged."""
    results.save(path)
    path.with_suffix(".md").write_text(report.document(results))
    path.with_suffix(".svg").write_text(plot.svg(results))
    return verdict(results)


def verdict(results: Results) -> int:
    """1 if something was lost or damaged, which is printed."""
    for fault in (faults := results.faults())[:20]:
        print(f"FAULT {fault}")
    return 1 if faults else 0


def compare(options: argparse.Namespace) -> int:
    """Receivers in turn."""
    quick, words = options.size == "quick", options.workload
    load: Sequence[Workload] = workloads.QUICK if quick else workloads.FULL
    if words:
        load = [one for one in workloads.FULL if one.name in words or one.stem in words]
    if options.most:
        load = [replace(one, objects=min(one.objects, options.most)) for one in load]
    elsewhere = places.file_system(options.disk)
    if elsewhere in places.IN_MEMORY and any(one.setting.on_disk for one in load):
        print(f"left out: what is synced: {options.disk} is {elsewhere}; name a folder on a disk with --disk")
        load = [one for one in load if not one.setting.on_disk]
    contestants = chosen(options.receiver, receivers.QUICK if quick and not words else receivers.FULL)
    print(f"{report.heading(Results())}; the disk has {elsewhere}\n")

    def tell(results: Results, workload: Workload) -> None:
        # What has been measured outlives what fails later.
        results.save(options.json)
        print(report.section(results, workload.name), flush=True)

    journaled = any(one.setting is Setting.JOURNALED for one in load)
    with places.folders(options.disk, journaled=journaled and places.may_mount()) as where:
        results = runs.run(load, contestants, options.rounds or ROUNDS["quick" if quick else "full"], where, tell)
        if not quick and not words:
            alone(results, where.memory)
    print(report.targets(results))
    return save(results, options.json)


def alone(results: Results, folder: Path) -> None:
    """storescpd's own figures, into the results."""
    for name, value in own.figures(folder):
        results.figures[name] = value
        print(f"{name}: {value:.2f}", flush=True)


def main() -> int:
    """The command."""
    options = arguments()
    if options.size == "publish":
        publish.publish(Results.load(options.json), Results.load(options.curves) if options.curves.exists() else None)
        return 0
    if options.size in {"quick", "full"}:
        return compare(options)
    with places.folders(options.disk, journaled=False) as where:
        if options.size == "own":
            results = Results.load(options.json) if options.json.exists() else Results()
            alone(results, where.memory)
            return save(results, options.json)
        measured = curves.run(where, options.rounds or ROUNDS["curves"])
        measured.save(options.curves)
        print(curves.tables(measured))
        return verdict(measured)


if __name__ == "__main__":
    sys.exit(main())
