"""How hooks name the peer: as storescp does, with and without a look-up of its name."""

import pytest

from tests.studies.studies import SUCCESS, associate, lines, store
from tests.support.daemon import storescpd
from tests.support.processes import eventually
from tests.support.reference import storescp
from tests.support.tools import need

SORTED = ("-ss", "P", "-xs")


def hooks(log) -> dict[str, str]:
    return {"on_reception": f"echo object #r >> {log}", "on_end_of_study": f"echo study #r >> {log}"}


def play(port: int) -> None:
    with associate(port) as association:
        for study in "AB":
            assert store(association, study, 1) == SUCCESS
        association.release()


@pytest.mark.parametrize("look_up", [True, False])
def test_a_peer_has_the_name_that_storescp_gives_it(look_up, tmp_path):
    need("storescp")
    theirs, ours = tmp_path / "theirs", tmp_path / "ours"
    made = hooks(theirs)
    options = (*SORTED, "-xcr", made["on_reception"], "-xcs", made["on_end_of_study"])
    with storescp(tmp_path / "reference", *options, *(() if look_up else ("-dhl",))) as reference:
        play(reference.port)
        eventually(lambda: len(lines(theirs)) == 3)
    config = {
        "association": {"host_lookup": look_up},
        "naming": {"sort": "study"},
        "studies": {"scope": "daemon", "end_of_study_timeout": 0},
        "hooks": {"synchronous": True, **hooks(ours)},
    }
    with storescpd(tmp_path / "out", config) as daemon:
        play(daemon.port)
        eventually(lambda: len(lines(ours)) == 3)
    assert lines(ours) == lines(theirs)
    name = "localhost" if look_up else "127.0.0.1"
    assert set(lines(ours)) == {f"object {name}", f"study {name}"}


def test_a_list_gets_the_name_and_the_environment_the_address(tmp_path):
    """A name is somebody's word; the address is where the connection came from."""
    script = f'echo "$1 $STORESCPD_PEER" >> {tmp_path}/log'
    config = {
        "association": {"host_lookup": True},
        "hooks": {"on_reception": ["/bin/sh", "-c", script, "sh", "#r"]},
    }
    with storescpd(tmp_path / "out", config) as daemon:
        with associate(daemon.port) as association:
            assert store(association, "A", 1) == SUCCESS
        eventually(lambda: lines(tmp_path / "log"))
    assert lines(tmp_path / "log") == ["localhost 127.0.0.1"]
