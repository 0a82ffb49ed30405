"""The ledger's disk is full, read-only or gone: nobody is told of a success that is not recorded, and it goes on."""

import contextlib
from pathlib import Path

import pytest

from storescpd.wire.codes import Status
from tests.studies.studies import SUCCESS, associate, instance_uid, keeper_pid, ledger_of, lines, rows, store, tree
from tests.support.daemon import storescpd
from tests.support.mounts import read_only, tmpfs
from tests.support.processes import eventually
from tests.support.tools import needs_root
from tests.support.tracing import traced

FILL = 16 << 20


def fill(path: Path) -> None:
    """Leave no page free."""
    with path.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(4096))


@needs_root
@pytest.mark.root
def test_a_full_ledger_refuses_and_goes_on_when_there_is_room(tmp_path):
    with tmpfs(tmp_path / "state", "size=1m") as state:
        ledger = state / "ledger.sqlite"
        settings = {"naming": {"sort": "study-uid"}, "studies": {"ledger": str(ledger)}}
        with storescpd(tmp_path / "out", settings) as daemon, associate(daemon.port) as association:
            assert store(association, "A", 0) == SUCCESS
            keeper = keeper_pid(daemon)
            with (state / "filler").open("wb") as filler, pytest.raises(OSError, match="No space"):
                filler.write(bytes(FILL))
            acknowledged = [0]
            for number in range(1, 2000):
                if (status := store(association, "A", number)) != SUCCESS:
                    assert status == Status.OUT_OF_RESOURCES
                    break
                acknowledged.append(number)
            else:
                pytest.fail("there was room in the ledger after all")
            refused = len(acknowledged)
            (state / "filler").unlink()
            eventually(lambda: store(association, "A", refused) == SUCCESS)
            found = rows(ledger, "SELECT DISTINCT name FROM objects WHERE status = 0")
            expected = {f"CT.{instance_uid('A', number)}" for number in (*acknowledged, refused)}
            assert {name for (name,) in found} == expected
            (names,) = tree(tmp_path / "out").values()
            assert set(names) == expected
            assert f"the ledger {ledger} cannot be written: database or disk is full" in daemon.log()
            assert "the ledger can be written again" in daemon.log()
            assert keeper_pid(daemon) == keeper
            assert "keeper died" not in daemon.log()


@needs_root
@pytest.mark.root
def test_while_the_ledger_is_away_everybody_is_refused_at_once_and_hooks_are_not_forgotten(tmp_path):
    """A study ends, a hook runs, associations come and go meanwhile."""
    log, gate = tmp_path / "log", tmp_path / "gate"
    with tmpfs(tmp_path / "state", "size=1m") as state:
        settings = {
            "naming": {"sort": "study"},
            "studies": {"ledger": str(state / "ledger.sqlite"), "end_of_study_timeout": 2},
            "hooks": {
                "on_reception": f"while [ ! -e {gate} ]; do sleep 0.02; done; echo #f >> {log}",
                "on_end_of_study": f"echo end $STORESCPD_OBJECTS >> {log}",
            },
        }
        with storescpd(tmp_path / "out", settings, workers=2) as daemon, associate(daemon.port) as association:
            assert store(association, "A", 0) == SUCCESS
            keeper = keeper_pid(daemon)
            with (state / "filler").open("wb") as filler, pytest.raises(OSError, match="No space"):
                filler.write(bytes(FILL))
            sent = 1
            while store(association, "A", sent) == SUCCESS:
                sent += 1
            began = daemon.log().count("objects are refused")
            for number in range(20):
                with associate(daemon.port) as another:
                    assert store(another, "B", number) == Status.OUT_OF_RESOURCES
            # A wait for the keeper takes ten seconds, and would end in another refusal.
            assert "does not answer" not in daemon.log()
            assert 'cause="the ledger' in daemon.log()
            gate.touch()
            (state / "filler").unlink()
            eventually(lambda: store(association, "A", sent) == SUCCESS)
            eventually(lambda: any(line.startswith("end") for line in lines(log)))
            assert keeper_pid(daemon) == keeper
            assert began == 1
        told = lines(log)
        assert sorted(told[:-1]) == sorted(f"CT.{instance_uid('A', number)}" for number in range(sent + 1))
        assert told[-1] == f"end {sent + 1}"
        assert [len(names) for names in tree(tmp_path / "out").values()] == [sent + 1]


@needs_root
@pytest.mark.root
def test_a_file_system_that_becomes_read_only_is_no_defect(tmp_path):
    """So Linux does with a disk that fails. A hook ends meanwhile."""
    out, gate, log = tmp_path / "out", tmp_path / "gate", tmp_path / "log"
    hook = f"echo #f >> {log}; while [ ! -e {gate} ]; do sleep 0.02; done"
    with storescpd(out, {"naming": {"sort": "study-uid"}, "hooks": {"on_reception": hook}}) as daemon:
        with associate(daemon.port) as association:
            assert store(association, "A", 1) == SUCCESS
            eventually(lambda: lines(log))
            with read_only(out):
                assert store(association, "A", 2) == Status.OUT_OF_RESOURCES
                gate.touch()
                eventually(lambda: rows(ledger_of(out), "SELECT state FROM hooks") == [("done",)])
                assert store(association, "A", 3) == Status.OUT_OF_RESOURCES
            assert store(association, "A", 4) == SUCCESS
        names = [f"CT.{instance_uid('A', number)}" for number in (1, 4)]
        eventually(lambda: lines(log) == names)
        assert list(tree(out).values()) == [names]
        assert "error[" not in daemon.log()


@pytest.mark.parametrize("what", ["everything", "ours", "the ledger", "the socket"])
def test_what_was_taken_away_is_made_again(what, tmp_path):
    out = tmp_path / "out"
    taken = {
        "everything": out,
        "ours": out / ".storescpd",
        "the ledger": ledger_of(out),
        "the socket": out / ".storescpd/ledger.sqlite.keeper",
    }[what]
    settings = {"naming": {"sort": "study-uid"}, "hooks": {"on_reception": f"echo #f >> {tmp_path}/log"}}
    with storescpd(out, settings) as daemon:
        with associate(daemon.port) as association:
            assert store(association, "A", 1) == SUCCESS
        eventually(lambda: len(lines(tmp_path / "log")) == 1)
        taken.rename(tmp_path / "taken")
        out.mkdir(exist_ok=True)
        eventually(lambda: "has been taken away" in daemon.log())
        with associate(daemon.port) as association, associate(daemon.port) as another:
            assert (store(association, "A", 2), store(another, "A", 3)) == (SUCCESS, SUCCESS)
        names = {f"CT.{instance_uid('A', number)}" for number in (2, 3)}
        assert {name for (name,) in rows(ledger_of(out), "SELECT name FROM objects")} >= names
        eventually(lambda: set(lines(tmp_path / "log")[1:]) == names)
        assert set(next(iter(tree(out).values()))) >= names


@needs_root
@pytest.mark.root
def test_a_reload_while_the_ledger_is_away_is_no_wait_for_anybody(tmp_path):
    """Its keeper makes room for another one, which cannot even open the ledger."""
    with tmpfs(tmp_path / "state", "size=1m") as state:
        settings = {
            "naming": {"sort": "study-uid"},
            "studies": {"ledger": str(state / "ledger.sqlite"), "end_of_study_timeout": 30},
        }
        with storescpd(tmp_path / "out", settings) as daemon, associate(daemon.port) as association:
            assert store(association, "A", 0) == SUCCESS
            fill(state / "filler")
            number = 1
            while store(association, "A", number) == SUCCESS:
                number += 1
            text = daemon.config_file.read_text()
            daemon.config_file.write_text(text.replace("end_of_study_timeout = 30", "end_of_study_timeout = 31"))
            daemon.signal(1)
            eventually(lambda: "serving workers=1 generation=2" in daemon.log())
            for _ in range(5):
                assert store(association, "B", number) == Status.OUT_OF_RESOURCES
            assert "does not answer" not in daemon.log()
            assert "reload failed" not in daemon.log()
            (state / "filler").unlink()
            eventually(lambda: store(association, "B", number) == SUCCESS)


@pytest.mark.parametrize(
    "fault", ["pwrite64:error=ENOSPC", "pwrite64:error=EIO", "fdatasync:error=EIO", "pwrite64:error=EROFS"]
)
def test_whatever_keeps_the_ledger_from_being_written_the_keeper_lives(fault, tmp_path):
    settings = {"naming": {"sort": "study-uid"}, "hooks": {"on_reception": f"echo #f >> {tmp_path}/log"}}
    with storescpd(tmp_path / "out", settings) as daemon, associate(daemon.port) as association:
        assert store(association, "A", 1) == SUCCESS
        eventually(lambda: len(lines(tmp_path / "log")) == 1)
        keeper = keeper_pid(daemon)
        with traced(keeper, fault.partition(":")[0], tmp_path / "trace", fault):
            for number in (2, 3):
                assert store(association, "A", number) == Status.OUT_OF_RESOURCES
        eventually(lambda: store(association, "A", 4) == SUCCESS)
        assert keeper_pid(daemon) == keeper
        assert "cannot be written" in daemon.log()
        names = {f"CT.{instance_uid('A', number)}" for number in (1, 4)}
        eventually(lambda: set(lines(tmp_path / "log")) == names)
        recorded = rows(ledger_of(tmp_path / "out"), "SELECT name FROM objects WHERE token NOT LIKE 'adopted%'")
        assert {name for (name,) in recorded} == names
