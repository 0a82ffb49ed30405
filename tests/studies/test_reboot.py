"""A machine that reboots while studies are open: none ends early, none never, none twice.

A machine cannot be rebooted here, and a container that is booted anew (systemd-nspawn) shares kernel, boot id and
clocks with the one before. So each run of the daemon gets what a reboot would change: a boot id of its own, bound over
the kernel's in a private mount namespace; a monotonic clock that starts elsewhere, by a time namespace (a clock of the
kernel's, so deadlines and sleeps keep it too); and, by libfaketime, a wall clock that has moved on or was set back
meanwhile. The power fails: every process of the daemon is killed at once. What a disk loses then is not tried here.
"""

import os
import shutil
import signal
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.studies.studies import SUCCESS, associate, ledger_of, lines, rows, store, study_uid
from tests.studies.test_time import moved
from tests.support.daemon import Daemon, storescpd
from tests.support.processes import eventually
from tests.support.tools import need, needs_root

pytestmark = [
    pytest.mark.root,
    needs_root,
    pytest.mark.skipif(not os.path.exists("/proc/self/ns/time"), reason="the kernel has no time namespaces"),
    pytest.mark.skipif(not shutil.which("faketime"), reason="faketime is not installed"),
]

BOOT_ID = "/proc/sys/kernel/random/boot_id"
JUST_BOOTED, DAYS_UP = 30, 5 * 86400
"""Seconds that the machine has been up."""
DAY = 86400


@contextmanager
def booted(tmp_path: Path, uptime: int, wall: str, quiet: float) -> Iterator[Daemon]:
    """A run of the machine with the daemon in it, up to a power failure; ``wall`` is added to the true time."""
    need("unshare", "mount")
    boot_id = tmp_path / f"boot-{uuid.uuid4()}"
    boot_id.write_text(f"{uuid.uuid4()}\n")
    offset = uptime - int(time.monotonic())
    prefix = (
        "unshare", "--mount", "--time", "--monotonic", str(offset), "--fork",
        "sh", "-c", f'mount --bind "$0" {BOOT_ID} && exec "$@"', str(boot_id),
    )  # fmt: skip
    config = {
        "naming": {"sort": "study-uid"},
        "studies": {"end_of_study_timeout": quiet},
        "hooks": {"on_end_of_study": f"echo $STORESCPD_STUDY_UID >> {tmp_path}/log"},
    }
    with storescpd(tmp_path / "out", config, env=moved(tmp_path, wall), prefix=prefix) as daemon:
        try:
            yield daemon
        finally:
            os.killpg(daemon.pid, signal.SIGKILL)
            eventually(lambda: not daemon.members())


def send(daemon: Daemon, study: str) -> None:
    with associate(daemon.port) as association:
        assert store(association, study, 1) == SUCCESS
        association.release()


def ended(tmp_path: Path) -> list[str]:
    return lines(tmp_path / "log")


def states(tmp_path: Path) -> dict[str, str]:
    return dict(rows(ledger_of(tmp_path / "out"), "SELECT study, state FROM episodes"))


UPTIMES = [(DAYS_UP, JUST_BOOTED), (JUST_BOOTED, DAYS_UP)]
"""Before and after; the second one is a daemon that is started long after the machine."""


@pytest.mark.parametrize(("before", "after"), UPTIMES)
def test_what_was_quiet_long_enough_ends_and_the_rest_waits_for_the_rest(before, after, tmp_path):
    a, b, c = map(study_uid, "ABC")
    # By the wall clock, seconds apart: A 0, B 10000, C 10500. The monotonic clock has not moved as far: none ends.
    with booted(tmp_path, before, "+0", quiet=1000) as daemon:
        send(daemon, "A")
        (tmp_path / "clock").write_text("+10000")
        send(daemon, "B")
        (tmp_path / "clock").write_text("+10500")
        send(daemon, "C")
        assert set(states(tmp_path).values()) == {"open"}
    # B has a few seconds left, C some minutes.
    with booted(tmp_path, after, "+10994", quiet=1000):
        eventually(lambda: len(ended(tmp_path)) == 2)
        assert sorted(ended(tmp_path)) == [a, b]
        eventually(lambda: states(tmp_path) == {a: "ended", b: "ended", c: "open"})
    quiet_for = (
        "SELECT ended - received FROM episodes JOIN objects ON objects.episode = episodes.id WHERE episodes.study"
    )
    ((first,),) = rows(ledger_of(tmp_path / "out"), f"{quiet_for} = '{a}'")
    ((second,),) = rows(ledger_of(tmp_path / "out"), f"{quiet_for} = '{b}'")
    assert first > 10994
    assert 1000 - 0.1 < second < 1060
    with booted(tmp_path, after + 60, "+11600", quiet=1000):
        eventually(lambda: len(ended(tmp_path)) == 3)
        eventually(lambda: set(states(tmp_path).values()) == {"ended"})
    assert sorted(ended(tmp_path)) == [a, b, c]
    assert rows(ledger_of(tmp_path / "out"), "SELECT count(*) FROM episodes") == [(3,)]


@pytest.mark.parametrize(("before", "after"), UPTIMES)
def test_a_wall_clock_that_was_set_back_costs_the_quiet_time_and_no_more(before, after, tmp_path):
    """How long the machine was off is unknown then: the quiet time begins again, once."""
    with booted(tmp_path, before, "+0", quiet=6) as daemon:
        send(daemon, "A")
        received = time.monotonic()
        assert states(tmp_path) == {study_uid("A"): "open"}
    with booted(tmp_path, after, f"-{DAY}", quiet=6) as daemon:
        send(daemon, "B")
        eventually(lambda: ended(tmp_path))
        assert time.monotonic() - received >= 6
        eventually(lambda: set(states(tmp_path).values()) == {"ended"})
    assert sorted(ended(tmp_path)) == [study_uid("A"), study_uid("B")]
