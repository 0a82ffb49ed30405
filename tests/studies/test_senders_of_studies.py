"""Whose titles a hook is told."""

from tests.studies.studies import SUCCESS, associate, lines, store
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
