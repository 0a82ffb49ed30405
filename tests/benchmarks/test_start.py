"""The measure of starts measures all of them, and tells a start that is too late."""

from pathlib import Path

import pytest

from benchmarks import start
from tests.support.tools import need


def test_each_is_measured(tmp_path: Path):
    need("storescp")
    taken = start.measure(1, tmp_path)
    assert list(taken) == [start.STORESCP, start.OURS, start.DAEMON]
    assert min(taken.values()) > 0


def test_a_late_start_fails(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    for seconds, status in ((start.MOST / 2, 0), (start.MOST * 2, 1)):
        taken = {start.STORESCP: 0.01, start.OURS: seconds, start.DAEMON: 0.5}
        monkeypatch.setattr(start, "measure", lambda *_, taken=taken, **__: taken)
        assert start.main(["-r", "1"]) == status
    assert " 20.00 |" in capsys.readouterr().out


def test_a_program_that_does_not_listen_is_told():
    with pytest.raises(RuntimeError, match="does not listen"):
        start.listens(("false",), 1, {})
