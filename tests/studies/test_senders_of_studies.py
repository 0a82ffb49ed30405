"""Whose titles a hook is told, and whose objects are sorted."""

from tests.studies.studies import SUCCESS, associate, instance_uid, ledger_of, lines, rows, store, study_uid, tree
from tests.support.daemon import storescpd
from tests.support.processes import eventually
from tests.support.reference import storescp

COMMAND = "echo #a #c >> {}"


def send(port: int) -> None:
    for title, study in (("FIRST", "A"), ("SECOND", "B")):
        with associate(port, calling=title, called=f"TO{title}") as association:
            assert store(association, study, 1) == SUCCESS
            association.release()


def test_a_study_has_its_own_senders_titles(tmp_path):
    theirs, ours = tmp_path / "hooks.theirs", tmp_path / "hooks.ours"
    with storescp(tmp_path / "theirs", "-ss", "P", "-xcs", COMMAND.format(theirs)) as receiver:
        send(receiver.port)
        assert eventually(lambda: lines(theirs)) == ["SECOND TOSECOND"]
    settings = {
        "naming": {"sort": "study", "prefix": "P"},
        "studies": {"scope": "daemon", "end_of_study_timeout": 0},
        "hooks": {"on_end_of_study": COMMAND.format(ours)},
    }
    with storescpd(tmp_path / "ours", settings) as daemon:
        send(daemon.port)
        assert eventually(lambda: lines(ours)) == ["FIRST TOFIRST"]


def test_what_is_said_of_studies_for_all_does_not_concern_whose_objects_are_not_sorted(tmp_path):
    settings = {
        "naming": {"sort": "study-uid"},
        "studies": {"end_of_study_timeout": 0.5, "rename": True},
        "hooks": {"on_end_of_study": COMMAND.format(tmp_path / "log")},
        "peers": [{"calling_ae_title": "FLAT", "naming": {"sort": "none"}}],
    }
    with storescpd(tmp_path / "out", settings) as daemon:
        for title in ("FLAT", "DEEP"):
            with associate(daemon.port, calling=title) as association:
                assert store(association, title, 1) == SUCCESS
                association.release()
        eventually(lambda: lines(tmp_path / "log"))
    assert lines(tmp_path / "log") == ["DEEP ANY-SCP"]
    assert tree(tmp_path / "out") == {study_uid("DEEP"): ["CT000001"]}
    assert (tmp_path / "out" / f"CT.{instance_uid('FLAT', 1)}").is_file()
    assert rows(ledger_of(tmp_path / "out"), "SELECT count(*) FROM objects") == [(1,)], "no hook needs the other"
