"""The ledger's disk is full, read-only or gone: nobody is told of a success that is not recorded, and it goes on."""

import pytest

from storescpd.wire.codes import Status
from tests.studies.studies import SUCCESS, associate, instance_uid, ledger_of, lines, rows, store, tree
from tests.support.daemon import storescpd
from tests.support.mounts import read_only, tmpfs
from tests.support.processes import eventually
from tests.support.tools import needs_root

FILL = 16 << 20


@needs_root
@pytest.mark.root
def test_a_full_ledger_refuses_and_goes_on_when_there_is_room(tmp_path):
    with tmpfs(tmp_path / "state", "size=1m") as state:
        ledger = state / "ledger.sqlite"
        settings = {"naming": {"sort": "study-uid"}, "studies": {"ledger": str(ledger)}}
        with storescpd(tmp_path / "out", settings) as daemon, associate(daemon.port) as association:
            assert store(association, "A", 0) == SUCCESS
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
            assert store(association, "A", refused) == SUCCESS
            found = rows(ledger, "SELECT DISTINCT name FROM objects WHERE status = 0")
            expected = {f"CT.{instance_uid('A', number)}" for number in (*acknowledged, refused)}
            assert {name for (name,) in found} == expected
            (names,) = tree(tmp_path / "out").values()
            assert set(names) == expected
            assert "cannot be written" in daemon.log()


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
