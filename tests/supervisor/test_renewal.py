"""The steps of a reload with a clock of our own: how long each may take, and what is told when it takes longer."""

import os
import selectors

import pytest

from storescpd.config import parse
from storescpd.supervisor import renewal
from storescpd.supervisor.preparing import StartError, Verdict
from storescpd.supervisor.renewal import MOST_DRAINING, Outcome, Renewal, Steps


class Stage:
    """A supervisor that does what a test says."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.log: list[str] = []
        self.told: list[tuple[str, ...]] = []
        self.verdict: Verdict | None = None
        self.draining, self.serving, self.left, self.empty = 0, False, False, False
        self.error: Exception | None = None
        self.no_room = False
        steps = Steps(
            check=self.check, adopt=self.adopt, draining=lambda: self.draining, serving=lambda: self.serving,
            left=lambda: self.left, empty=lambda: self.empty, close=lambda: self.log.append("close"),
            begun=lambda: self.log.append("begun"), failed=lambda _: self.log.append("failed"),
        )  # fmt: skip
        self.renewal = Renewal(steps, selectors.DefaultSelector())

    def check(self):
        if self.no_room:
            raise BlockingIOError(11, os.strerror(11))
        self.log.append("check")
        self.verdict = None
        return self

    def listen(self, _selector) -> None:
        return

    def kill(self) -> None:
        self.log.append("kill")

    def adopt(self, _config, _places) -> None:
        if self.error is not None:
            raise self.error
        self.log.append("adopt")
        self.serving = self.left = self.empty = False

    def ask(self) -> None:
        self.renewal.ask(lambda outcome: self.told.append(outcome.problems))
        self.look()

    def look(self, later: float = 0.0) -> None:
        self.now += later
        self.renewal.look(self.now)


@pytest.fixture
def stage(monkeypatch):
    made = Stage()
    monkeypatch.setattr(renewal.time, "monotonic", lambda: made.now)
    return made


def good() -> Verdict:
    return Verdict(parse("", "file"), {})


def test_all_goes_well(stage):
    stage.ask()
    assert stage.log == ["begun", "check"]
    stage.verdict = good()
    stage.look()
    assert (stage.log[-1], stage.told) == ("adopt", [])
    stage.serving = True
    stage.look()
    assert stage.told == []
    stage.left = True
    stage.look()
    assert stage.told == [()]
    assert "close" not in stage.log
    stage.empty = True
    stage.look()
    assert stage.log[-1] == "close"
    assert stage.renewal.due is None


def test_those_that_come_meanwhile_are_one_more(stage):
    for _ in range(5):
        stage.ask()
    assert stage.log.count("check") == 1
    stage.verdict = good()
    stage.serving = stage.left = stage.empty = True
    stage.look()
    stage.serving = stage.left = stage.empty = True
    stage.look()
    assert len(stage.told) == 1
    assert stage.log.count("check") == 2
    stage.verdict = Verdict(None, {}, ("wrong",))
    stage.look()
    assert stage.told == [(), *[("wrong",)] * 4]
    assert stage.renewal.due is None


def test_a_check_that_hangs_is_killed(stage):
    stage.ask()
    stage.look(29.9)
    assert stage.told == []
    stage.look(0.2)
    assert "kill" in stage.log
    assert "no answer within 30 s" in stage.told[0][0]
    assert stage.renewal.due is None


def test_eight_that_drain_are_waited_for(stage):
    stage.draining = MOST_DRAINING
    stage.ask()
    stage.look(9.9)
    assert (stage.told, stage.log) == ([], ["begun"])
    stage.draining -= 1
    stage.look()
    assert stage.log[-1] == "check"
    stage.verdict = Verdict(None, {}, ("wrong",))
    stage.look()
    stage.draining = MOST_DRAINING
    stage.ask()
    stage.look(10.1)
    assert "8 earlier generations" in stage.told[1][0]


def test_no_room_for_a_check(stage):
    stage.no_room = True
    stage.ask()
    stage.look(5)
    assert stage.renewal.due <= stage.now + 1
    stage.no_room = False
    stage.look()
    assert stage.log[-1] == "check"
    stage.verdict = Verdict(None, {}, ("wrong",))
    stage.look()
    stage.no_room = True
    stage.ask()
    stage.look(10.1)
    assert "cannot fork" in stage.told[1][0]


def test_what_is_found_when_it_is_taken_over_changes_nothing(stage):
    stage.error = StartError("the port is taken now")
    stage.ask()
    stage.verdict = good()
    stage.look()
    assert stage.told == [("the port is taken now",)]
    assert "adopt" not in stage.log
    assert stage.renewal.last == Outcome(stage.renewal.last.time, ("the port is taken now",))


def test_new_workers_that_never_serve_can_be_repaired(stage):
    stage.ask()
    stage.verdict = good()
    stage.look()
    stage.look(30.1)
    assert "do not serve within 30 s" in stage.told[0][0]
    stage.ask()
    assert stage.log.count("check") == 2
    stage.verdict = good()
    stage.look()
    stage.serving = stage.left = stage.empty = True
    stage.look()
    assert stage.told[1] == ()


def test_new_workers_that_serve_late_take_over_all_the_same(stage):
    stage.ask()
    stage.verdict = good()
    stage.look()
    stage.look(30.1)
    stage.serving = stage.left = stage.empty = True
    stage.look(100)
    assert stage.log[-1] == "close"
    assert stage.renewal.last.problems == ()


def test_an_old_worker_that_was_stopped_is_not_waited_for(stage):
    stage.ask()
    stage.verdict = good()
    stage.look()
    stage.serving = True
    stage.look()
    stage.look(5.1)
    assert stage.told == [()]
    stage.look(5.1)
    assert stage.log[-1] == "close"


def test_a_stop_is_told(stage):
    stage.ask()
    stage.ask()
    stage.renewal.stop()
    assert stage.told == [("the daemon stops",)] * 2
    assert "kill" in stage.log
    stage.look(100)
    assert stage.log.count("check") == 1
