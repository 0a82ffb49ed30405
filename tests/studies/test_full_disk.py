"""The ledger's disk is full or read-only: nobody is told of a success that is not recorded, and it goes on."""

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
