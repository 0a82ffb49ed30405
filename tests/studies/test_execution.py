"""When hooks start, by a clock that the test holds."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from storescpd.studies import jobs, receptions
from storescpd.studies.attended import attend
from storescpd.studies.commands import Facts
from storescpd.studies.execution import STOP_PATIENCE, Execution
from storescpd.studies.ledger import Ledger, hooks_path, lock
from storescpd.studies.messages import Record, Sender
from storescpd.studies.policy import END_GRACE, GENERAL, Policies, Policy
from tests.studies.studies import FakeClock
from tests.support.processes import alive, eventually

SENDER = Sender("CT1", "ARCHIVE", "10.0.0.1", "dicom")


@pytest.fixture
def ledger(tmp_path) -> Iterator[Ledger]:
    made = Ledger(str(tmp_path / "l"), lock(str(tmp_path / "l")), synchronous=False)
    yield made
    made.close()


def add_hook(ledger: Ledger, root: Path, clock: FakeClock) -> None:
    record = Record("t", GENERAL, None, str(root), "", "CT.1", "CT", "1", "2", "", "3", 0, SENDER)
    number = receptions.insert(ledger.begin(), record, None, clock.now())
    jobs.add_reception(ledger.begin(), record, number, None, clock.now())


def test_a_keeper_that_was_told_to_end_and_lives_starts_hooks_again(ledger, tmp_path):
    """Somebody has sent SIGTERM to it alone: what is pending would never run."""
    clock = FakeClock()
    policies = Policies({GENERAL: Policy(on_reception=("true",))}, {})
    execution = Execution(ledger, policies, 4, clock)
    add_hook(ledger, tmp_path, clock)
    execution.stop(clock.now())
    assert execution.start() == []
    assert execution.next_moment() == clock.monotonic + STOP_PATIENCE
    clock.sleep(STOP_PATIENCE - 1)
    assert execution.start() == []
    clock.sleep(1)
    (run,) = execution.start()
    run.go()
    eventually(lambda: not alive(run.pid))
    execution.ended(run, clock.now())
    assert ledger.database.execute("SELECT state FROM hooks").fetchall() == [("done",)]


def test_what_a_killed_keeper_has_left_of_hooks_is_removed_and_what_goes_on_stays(ledger, tmp_path):
    clock = FakeClock()
    policies = Policies({GENERAL: Policy(on_reception="read line <gate")}, {})
    add_hook(ledger, tmp_path, clock)
    (run,) = Execution(ledger, policies, 4, clock).start()
    ledger.commit()
    folder = Path(hooks_path(ledger.path))
    for name in ("1.out", "1.new", "2", "3.new", "4.out"):
        (folder / name).touch()
    following = Execution(ledger, policies, 4, clock)
    following.load(clock.now())
    assert len(list(folder.iterdir())) == 5
    following.committed()
    assert {path.name for path in folder.iterdir()} == {"1.out", "1.new"}
    run.stay()
    eventually(lambda: not alive(run.pid))


def test_a_study_of_many_hooks_is_not_looked_through_after_each(ledger):
    add = "INSERT INTO hooks (kind, lane, slot, episode, state, created) VALUES ('reception', 'l', '', ?, ?, 0)"
    database = ledger.begin()
    database.execute("PRAGMA defer_foreign_keys = ON")
    database.executemany(add, [(1, "done")] * 2000 + [(1, "waiting")])
    steps: list[int] = []
    database.set_progress_handler(lambda: steps.append(1), 100)
    assert jobs.unfinished_receptions(database, 1)
    assert len(steps) < 10
    ledger.rollback()


def not_permitted(group: int, number: int) -> None:
    """killpg(2) where all that is left of a hook is another user's: sudo, or a program with setuid."""
    raise PermissionError(1, "Operation not permitted")


def test_a_hook_that_has_become_another_users_is_let_be(ledger, tmp_path, monkeypatch):
    clock = FakeClock()
    policies = Policies({GENERAL: Policy(on_reception=("sleep", "30"), hook_timeout=5)}, {})
    execution = Execution(ledger, policies, 4, clock)
    add_hook(ledger, tmp_path, clock)
    (run,) = execution.start()
    run.go()
    with monkeypatch.context() as patch:
        patch.setattr(os, "killpg", not_permitted)
        for _ in range(3):
            execution.keep_time(clock.sleep(END_GRACE))
    os.killpg(run.pid, signal.SIGKILL)
    eventually(lambda: not run.orphaned)
    execution.ended(run, clock.now())
    assert ledger.database.execute("SELECT state FROM hooks").fetchall() == [("failed",)]


def test_a_hook_that_somebody_waits_for_and_has_become_another_users_is_let_be(tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(os, "killpg", not_permitted)
    facts = Facts(str(tmp_path), "CT.1", SENDER, "1", "1", "2", "3", 0, 1)
    attend(Policy(on_reception="sleep 1; exit 3", hook_timeout=0.1), facts, lambda: False)
    assert [record.getMessage() for record in caplog.records][-1].startswith("hook failed")
