"""A tiny run of each kind of workload; that it measures well is not tested here, that it notices a loss is."""

import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from benchmarks import publish
from benchmarks.results import Results
from tests.support.daemon import ROOT
from tests.support.tools import need

WORKLOADS = (
    "W1",
    "W2-2",
    "W5-8x64",
    "W5-first8",
    "W7",
    "W8-W1",
    "W9-storescu",
    "W10",
    "W11",
    "W12-beside",
    "W13-W2",
    "W14-W1",
)
MOST = 8
PATIENCE = 280
"""Seconds for all of them, on a machine that is busy with something else."""
pytestmark = pytest.mark.timeout(PATIENCE + 60)


def python(*words: str) -> subprocess.CompletedProcess[str]:
    """The measuring process forks, which this one, with its threads, had better not do."""
    return subprocess.run(
        [sys.executable, "-m", *words], cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE, check=False
    )


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The results of storescpd and its rivals."""
    need("/usr/bin/storescp", "/usr/bin/storescu")
    path = tmp_path_factory.mktemp("results") / "last.json"
    chosen = [word for name in WORKLOADS for word in ("-w", name)]
    words = ("full", "-r", "1", "--most", str(MOST), "-k", "1 worker", "-k", "ceiling", "--json", str(path), *chosen)
    done = python("benchmarks", *words)
    assert done.returncode == 0, done.stdout + done.stderr
    return path


def test_every_kind_of_workload_arrives(measured: Path):
    results = Results.load(measured)
    ours = {one.workload for one in results.measurements if one.receiver.startswith("storescpd")}
    assert {*WORKLOADS} <= ours
    assert all(one.arrived == one.objects == MOST for one in results.measurements)
    assert all(one.rate > 0 and one.peak > 0 for one in results.measurements)
    assert {"ceiling", "ceiling, TLS", "storescp", "storescp +B", "storescp -ss -xcr"} <= {
        one.receiver for one in results.measurements
    }


def test_the_report_and_the_plot_have_every_workload(measured: Path):
    report = measured.with_suffix(".md").read_text()
    assert all(f"### {name}: " in report for name in WORKLOADS)
    assert f"{MOST} of {MOST}" in report
    plot = ET.parse(measured.with_suffix(".svg"))
    texts = "\n".join(plot.getroot().itertext())
    assert all(f"{name}: " in texts for name in ("W1", "W2-2", "W5-8x64"))
    assert "storescpd, 1 worker" in texts


def test_the_documentation_takes_the_results(measured: Path, tmp_path: Path):
    (tmp_path / "docs").mkdir()
    for name in ("README.md", "docs/performance.md"):
        (tmp_path / name).write_text((ROOT / name).read_text())
    results = Results.load(measured)
    publish.publish(results, None, tmp_path)
    assert results.machine in (tmp_path / "README.md").read_text()
    assert "### W12-beside: " in (tmp_path / "docs" / "performance.md").read_text()
    assert (tmp_path / "docs" / "benchmarks.svg").read_bytes() == measured.with_suffix(".svg").read_bytes()


def test_damaged_and_lost_objects_fail_the_run(tmp_path: Path):
    done = python("tests.benchmarks.faulty", str(tmp_path))
    assert done.returncode == 1, done.stderr
    results = Results.load(tmp_path / "last.json")
    (one,) = results.measurements
    assert (one.objects, one.arrived) == (5, 3)
    assert sorted(fault.rpartition(" ")[2] for fault in one.faults) == ["damaged", "lost"]
    with pytest.raises(ValueError, match="lost or damaged"):
        publish.publish(results, None, tmp_path)
