"""The results as an SVG picture: for each workload a bar a receiver, as long as its rate in relation to storescp's."""

from collections.abc import Iterator, Sequence
from html import escape

from benchmarks.receivers import BITS, CEILING, ONE, STORESCP, TWO
from benchmarks.results import Results, rate

SHOWN = {
    STORESCP: "#8a8f98",
    "storescp --fork": "#b3b7be",
    ONE: "#2f7ed8",
    f"{ONE}, {BITS}": "#7fb1e8",
    TWO: "#0b4f9c",
    "pynetdicom": "#d9a441",
    "Orthanc": "#7a9e5a",
    CEILING: "#d0d3d8",
}
"""Receivers and their colours."""
LEFT, UNIT, BAR, GAP, TOP, WIDTH = 225, 100, 14, 12, 46, 860
"""Pixels: of the names, of storescp's rate, of a bar and between workloads, of the title, of all."""
LONGEST = (WIDTH - LEFT - 130) / UNIT
"""Longer bars are cut; the text beside them says how long they are."""


def _text(x: float, y: float, words: str, style: str = "") -> str:
    return f'<text x="{x:.0f}" y="{y:.0f}" {style}>{escape(words)}</text>'


def _bars(results: Results, workload: str, receivers: Sequence[str], top: int) -> Iterator[str]:
    yield _text(8, top + 11, f"{workload}: {results.workloads[workload]}", 'font-weight="bold"')
    for number, receiver in enumerate(receivers, 1):
        y = top + number * BAR
        ratio = results.ratio((workload, receiver), (workload, STORESCP), rate) or 0
        length = min(ratio, LONGEST) * UNIT
        yield _text(LEFT - 6, y + 11, receiver, 'text-anchor="end"')
        yield f'<rect x="{LEFT}" y="{y + 2}" width="{length:.1f}" height="{BAR - 3}" fill="{SHOWN[receiver]}"/>'
        words = f"{ratio:.2f} ({results.median(workload, receiver, rate):,.0f}/s)"
        yield _text(LEFT + length + 6, y + 11, words, 'fill="#444"')


def svg(results: Results) -> str:
    """One picture of all workloads that storescp was measured with."""
    shapes: list[str] = []
    y = TOP
    for workload in (one for one in results.workloads if results.of(one, STORESCP)):
        receivers = [one for one in SHOWN if results.of(workload, one)]
        shapes += _bars(results, workload, receivers, y)
        y += (len(receivers) + 1) * BAR + GAP
    reference = (
        f'<line x1="{LEFT + UNIT}" x2="{LEFT + UNIT}" y1="{TOP}" y2="{y}" stroke="#c33" stroke-dasharray="3 3"/>'
    )
    title = "Objects a second in relation to storescp with TCP_NODELAY=1, and as such"
    size = f'width="{WIDTH}" height="{y + 8}"'
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="sans-serif" font-size="11">',
            f'<rect {size} fill="white"/>',
            _text(8, 16, title, 'font-size="13" font-weight="bold"'),
            _text(8, 32, results.machine, 'fill="#666"'),
            *shapes,
            reference,
            "</svg>\n",
        ]
    )
