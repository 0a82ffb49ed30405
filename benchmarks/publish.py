"""The last results into the README, docs/performance.md and docs/benchmarks.svg."""

import re
from pathlib import Path

from benchmarks import curves, plot, report
from benchmarks.receivers import BITS, CEILING, ONE, STORESCP, TWO
from benchmarks.results import Results, rate
from tests.support.daemon import ROOT

SHORT = {
    STORESCP: "storescp",
    ONE: "1 worker",
    TWO: "2 workers",
    f"{ONE}, {BITS}": "1 worker, bit-preserving",
    "pynetdicom": "pynetdicom",
    "Orthanc": "Orthanc",
    CEILING: "ceiling",
}
"""Columns of the README."""


def publish(results: Results, grown: Results | None, root: Path = ROOT) -> None:
    """Replace what stands between the markers. Raises ValueError where results with faults would be shown."""
    if faults := [*results.faults(), *(grown.faults() if grown else [])]:
        raise ValueError(f"objects were lost or damaged, these figures are not to be shown: {faults[0]}")
    (root / "docs" / "benchmarks.svg").write_text(plot.svg(results))
    replace(root / "README.md", "benchmarks", f"{short(results)}\n\nMeasured on {results.machine}.")
    guide = root / "docs" / "performance.md"
    replace(guide, "machine", f"Measured on {results.machine}.")
    replace(guide, "targets", report.targets(results))
    replace(guide, "own", report.figures(results))
    replace(guide, "workloads", "\n".join(workload_tables(results)).rstrip())
    if grown is not None:
        replace(guide, "curves", curves.tables(grown))


def workload_tables(results: Results) -> list[str]:
    """The tables of all workloads."""
    return [report.section(results, workload) for workload in results.workloads if _has_any(results, workload)]


def _has_any(results: Results, workload: str) -> bool:
    return any(results.of(workload, receiver) for receiver in results.rivals)


def short(results: Results) -> str:
    """Objects a second, a row a workload."""
    names = [name for name in SHORT if any(one.receiver == name for one in results.measurements)]
    rows = [["objects/s", *(SHORT[name] for name in names)]]
    for workload, text in results.workloads.items():
        if results.of(workload, STORESCP):
            cells = [_rate(results, workload, name) for name in names]
            rows.append([f"{workload}: {text}", *cells])
    return report.markdown(rows)


def _rate(results: Results, workload: str, receiver: str) -> str:
    measured = results.median(workload, receiver, rate) if results.of(workload, receiver) else 0
    return f"{measured:,.0f}" if measured >= 10 else f"{measured:.1f}" if measured else ""


def replace(path: Path, name: str, text: str) -> None:
    """Put a text between `<!-- NAME: measured -->` and `<!-- NAME: end -->`. Raises ValueError where there are none."""
    begin, end = f"<!-- {name}: measured -->", f"<!-- {name}: end -->"
    content = path.read_text()
    pattern = re.compile(f"{re.escape(begin)}.*{re.escape(end)}", re.DOTALL)
    if not pattern.search(content):
        raise ValueError(f"{path} has no {begin} with an {end} after it")
    path.write_text(pattern.sub(lambda _: f"{begin}\n{text}\n{end}", content))
