"""The results as Markdown."""

from collections.abc import Callable, Iterable, Sequence

from benchmarks.results import Figure, Measurement, Results, cpu, rate
from benchmarks.targets import outcomes

NOTABLE = 0.05
"""Seconds; looking whether anything goes on takes as long."""
COLUMNS: Sequence[tuple[str, Figure, str]] = (
    ("objects/s", rate, ".0f"),
    ("MB/s", lambda one: one.megabytes, ".0f"),
    ("p50 ms", lambda one: one.p50, ".2f"),
    ("p99 ms", lambda one: one.p99, ".2f"),
    ("CPU ms/object", cpu, ".2f"),
    ("peak MiB", lambda one: one.peak, ".0f"),
)


def heading(results: Results) -> str:
    """On what and how it was measured."""
    usual = "output in memory, nothing synced, warnings alone logged, PDUs of 16 KiB"
    return f"{results.machine}; unless said otherwise {usual}"


def table(results: Results, workload: str, wanted: Callable[[str], bool] = lambda _: True) -> str:
    """One workload, a row a receiver."""
    names = [name for name, _, _ in COLUMNS]
    rows = [["receiver", *names, "files arrived", "rate to rival", "CPU to rival", "rival"]]
    for receiver in (one for one in results.rivals if wanted(one) and results.of(workload, one)):
        cells = [_cell(results, workload, receiver, figure, form) for _, figure, form in COLUMNS]
        rows.append([receiver, *cells, _arrived(results.of(workload, receiver)), *_ratios(results, workload, receiver)])
    return markdown(rows)


def _cell(results: Results, workload: str, receiver: str, figure: Figure, form: str) -> str:
    value = results.median(workload, receiver, figure)
    return format(value, form) if value else ""


def _arrived(runs: Sequence[Measurement]) -> str:
    """In all rounds, of all that were answered with success."""
    return f"{sum(one.arrived for one in runs)} of {sum(one.objects for one in runs)}"


def _ratios(results: Results, workload: str, receiver: str) -> list[str]:
    rival = results.rivals[receiver]
    ratios = [results.ratio((workload, receiver), (workload, rival), figure) for figure in (rate, cpu)]
    if not results.of(workload, rival):
        rival = ""
    return [*("" if ratio is None else f"{ratio:.2f}" for ratio in ratios), rival]


def section(results: Results, workload: str) -> str:
    """One workload with its heading."""
    waited = max((one.settled for one in results.measurements if one.workload == workload), default=0)
    after = f"\nThe last hooks ended up to {waited:.1f} s after the last answer; the rate does not count this.\n"
    text = f"### {workload}: {results.workloads[workload]}\n\n{table(results, workload)}\n"
    return text + (after if waited > NOTABLE else "")


def targets(results: Results) -> str:
    """What has to be reached."""
    rows = [["target", "goal", "measured", "CPU to rival", "reached"]]
    for one in outcomes(results):
        goal = f"{'at most' if one.at_most else 'at least'} {one.goal:g}"
        share = "" if one.cpu is None else f"{one.cpu:.2f}"
        rows.append([one.what, goal, f"{one.measured:.2f}", share, "yes" if one.reached else "no"])
    return markdown(rows)


def figures(results: Results) -> str:
    """storescpd alone."""
    rows = [["storescpd alone", "measured"], *([name, f"{value:.2f}"] for name, value in results.figures.items())]
    return markdown(rows)


def document(results: Results) -> str:
    """All of it."""
    sections = [section(results, workload) for workload in results.workloads if _measured(results, workload)]
    faults = [f"FAULT {fault}" for fault in results.faults()]
    return "\n".join(
        [
            "# Benchmarks\n",
            heading(results) + "\n",
            *faults,
            "## Targets\n",
            targets(results) + "\n",
            *(["## Start and memory\n", figures(results) + "\n"] if results.figures else []),
            "## Workloads\n",
            *sections,
        ]
    )


def _measured(results: Results, workload: str) -> bool:
    return any(one.workload == workload for one in results.measurements)


def markdown(rows: Sequence[Sequence[str]]) -> str:
    """A table; the first row is its heading, all columns but the first are aligned to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [" | ".join(_aligned(row, widths)) for row in rows]
    rule = " | ".join("-" * width if number == 0 else "-" * (width - 1) + ":" for number, width in enumerate(widths))
    return "\n".join(f"| {line} |" for line in (lines[0], rule, *lines[1:]))


def _aligned(row: Sequence[str], widths: Sequence[int]) -> Iterable[str]:
    return (
        cell.ljust(width) if number == 0 else cell.rjust(width)
        for number, (cell, width) in enumerate(zip(row, widths, strict=True))
    )
