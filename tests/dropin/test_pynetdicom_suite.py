"""pynetdicom's own tests of its storescp application, pointed at DCMTK's and at ours."""

import json
import os
import re
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from tests.dropin.redirection import PROGRAM
from tests.support.build import PATH
from tests.support.reference import OURS, ROOT, THEIRS
from tests.support.tools import need

SOURCES = ROOT / ".venv" / "pynetdicom-source"
"""Its source distribution: wheels have no tests."""
SUITE = "pynetdicom/apps/tests/test_storescp.py"
OWN_TEXTS = {"test_flag_version", "test_flag_verbose", "test_flag_debug", "test_default"}
"""They look for pynetdicom's own words, or its own maximum length."""
OWN_OPTION = "test_flag_log_collision"
"""-v and -d exclude each other there; with DCMTK the rightmost counts, and the test would wait for an end."""


@pytest.fixture(scope="module")
def suite(tmp_path_factory) -> Path:
    archives = sorted(SOURCES.glob("pynetdicom-*.tar.gz"))
    need(str(archives[-1] if archives else SOURCES / "pynetdicom.tar.gz"))
    folder = tmp_path_factory.mktemp("pynetdicom")
    with tarfile.open(archives[-1]) as archive:
        # Python 3.11 before .4 knows no filter; pip has verified what is in it.
        archive.extractall(folder, **({"filter": "data"} if hasattr(tarfile, "data_filter") else {}))
    return folder / archives[-1].name.removesuffix(".tar.gz") / SUITE


def passed(program: tuple[str, ...], suite: Path, cwd: Path) -> set[str]:
    """The tests that a program passes."""
    cwd.mkdir()
    environment = {**os.environ, "PYTHONPATH": PATH, PROGRAM: json.dumps(program), "TCP_NODELAY": "1"}
    run = subprocess.run(
        [sys.executable, "-m", "pytest", str(suite), "-p", "tests.dropin.redirection", "-p", "no:cacheprovider",
         "--import-mode=importlib", "--rootdir", str(cwd), "-c", os.devnull, "-rA", "-q", "--timeout=100",
         "--timeout-method=signal", "-k", f"TestStoreSCP and not CLI and not {OWN_OPTION}"],
        cwd=cwd, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert run.returncode in (0, 1), run.stdout + run.stderr
    return set(re.findall(r"^PASSED .*::(\w+)", run.stdout, re.MULTILINE))


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_ours_passes_what_dcmtks_passes(suite, tmp_path):
    need("storescp")
    theirs = passed(THEIRS, suite, tmp_path / "theirs")
    assert {"test_flag_output", "test_flag_max_pdu", "test_flag_quiet", "test_flag_xb", "test_flag_ignore"} <= theirs
    assert not theirs & OWN_TEXTS
    assert passed(OURS, suite, tmp_path / "ours") >= theirs
