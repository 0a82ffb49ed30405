"""A daemon whose wall clock is moved: no study ends early, none never."""

import shutil
import time

import pytest

from tests.studies.studies import SUCCESS, associate, ledger_of, lines, rows, store, tree
from tests.support.daemon import storescpd
from tests.support.processes import eventually

pytestmark = pytest.mark.skipif(not shutil.which("faketime"), reason="faketime is not installed")

SETTINGS = {
    "naming": {"sort": "study", "prefix": "P"},
    "studies": {"end_of_study_timeout": 3},
}


def moved(tmp_path, start: str) -> dict[str, str]:
    """An environment in which the wall clock begins at a time, and can be set by a file."""
    (tmp_path / "clock").write_text(start)
    library = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1"
    return {
        "LD_PRELOAD": library,
        "FAKETIME_TIMESTAMP_FILE": str(tmp_path / "clock"),
        "FAKETIME_NO_CACHE": "1",
        "DONT_FAKE_MONOTONIC": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "TZ": "Europe/Berlin",
    }


@pytest.mark.parametrize("step", ["+400d", "-400d"])
def test_a_step_of_the_clock_neither_ends_a_study_nor_keeps_it_open(step, tmp_path):
    hooks = {"on_end_of_study": f"echo #p >> {tmp_path}/log"}
    env = moved(tmp_path, "+0")
    with (
        storescpd(tmp_path / "out", {**SETTINGS, "hooks": hooks}, env=env) as daemon,
        associate(daemon.port) as association,
    ):
        assert store(association, "A", 1) == SUCCESS
        began = time.monotonic()
        (tmp_path / "clock").write_text(step)
        assert store(association, "A", 2) == SUCCESS
        assert len(tree(tmp_path / "out")) == 1
        eventually(lambda: lines(tmp_path / "log"))
        # The kernel's clock is the measure: three seconds after the second object, not at once and not in a year.
        assert time.monotonic() - began >= 3
        (first,), (second,) = rows(ledger_of(tmp_path / "out"), "SELECT received FROM objects ORDER BY id")
        assert abs(abs(second - first) - 400 * 86400) < 60, "the clock was moved"


def test_an_hour_that_comes_twice_gives_no_directory_twice(tmp_path):
    """2026-10-25 in Berlin: three o'clock is two o'clock again."""
    env = moved(tmp_path, "@2026-10-25 00:30:00")  # faketime reads it in the zone, before the clock goes back
    with storescpd(tmp_path / "out", {**SETTINGS, "studies": {"end_of_study_timeout": 0.5}}, env=env) as daemon:
        with associate(daemon.port) as association:
            for study in "ABCDEF":
                assert store(association, study, 1) == SUCCESS
                # Back again and again to the same second: an hour that never ends.
                (tmp_path / "clock").write_text("@2026-10-25 00:30:00")
        folders = tree(tmp_path / "out")
        assert [len(names) for names in folders.values()] == [1] * 6
        assert all(folder.startswith("P_20261025_") for folder in folders)
