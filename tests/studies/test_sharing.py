"""Studies that come by several ways at once."""

import json
import threading
import time
from contextlib import ExitStack

import pytest

from tests.studies.studies import (
    CONTEXTS,
    SUCCESS,
    associate,
    command,
    data_set,
    instance_uid,
    keeper_pid,
    ledger_of,
    lines,
    rows,
    store,
    study_uid,
    tree,
)
from tests.support.daemon import storescpd
from tests.support.objects import CT_IMAGE, encode
from tests.support.processes import end, eventually
from tests.support.rawclient import store_message, store_request


@pytest.mark.parametrize("sort", ["study", "study-uid", "patient-name"])
def test_four_associations_of_one_study_share_its_directory_and_its_end(sort, tmp_path):
    """storescp --fork makes a directory for each (storescp facts 11.1)."""
    settings = {
        "naming": {"sort": sort},
        "studies": {"end_of_study_timeout": 2, "rename": True},
        "hooks": {"on_end_of_study": f"echo $STORESCPD_OBJECTS >> {tmp_path}/log"},
    }
    with storescpd(tmp_path / "out", settings, workers=3) as daemon:

        def send(share: int) -> None:
            with associate(daemon.port) as association:
                statuses.extend(store(association, "A", number) for number in range(share, 40, 4))
                association.release()

        statuses: list[int] = []
        threads = [threading.Thread(target=send, args=(share,)) for share in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert statuses == [SUCCESS] * 40
        eventually(lambda: "study ended" in daemon.log())
        assert lines(tmp_path / "log") == ["40"]
    assert list(tree(tmp_path / "out").values()) == [[f"CT{number:06d}" for number in range(1, 41)]]


def test_twenty_senders_whose_first_objects_come_slowly_are_one_study(tmp_path):
    """The last comes much later than a study may be quiet; none is of an association that has sent one before."""
    settings = {
        "naming": {"sort": "study"},
        "studies": {"end_of_study_timeout": 1},
        "hooks": {"on_end_of_study": f"echo $STORESCPD_OBJECTS >> {tmp_path}/log"},
    }
    with storescpd(tmp_path / "out", settings, workers=2) as daemon, ExitStack() as stack:
        associations = [stack.enter_context(associate(daemon.port)) for _ in range(20)]
        cut = []
        for number, association in enumerate(associations):
            instance = instance_uid("A", number)
            data = data_set(study_uid("A"), instance) + encode(0x7FE00010, "OW", bytes(1 << 12))
            message = store_message(CONTEXTS["CT"], store_request(CT_IMAGE, instance), data, 512)
            association.send_raw(message[:1200])
            cut.append(message[1200:])
        eventually(lambda: len(daemon.incoming()) == 20)
        for association, rest in zip(associations, cut, strict=True):
            association.send_raw(rest)
            assert association.status() == SUCCESS
            time.sleep(0.3)
        eventually(lambda: "study ended" in daemon.log())
        assert lines(tmp_path / "log") == ["20"]
    assert len(tree(tmp_path / "out")) == 1


def test_a_study_does_not_end_while_an_object_of_it_comes_and_the_keeper_is_replaced(tmp_path):
    """A long object over a slow line, and a reload or a crash meanwhile."""
    settings = {"naming": {"sort": "study"}, "studies": {"end_of_study_timeout": 2}}
    instance = instance_uid("A", 2)
    data = data_set(study_uid("A"), instance) + encode(0x7FE00010, "OW", bytes(1 << 20))
    message = store_message(CONTEXTS["CT"], store_request(CT_IMAGE, instance), data, 8192)
    with storescpd(tmp_path / "out", settings) as daemon, associate(daemon.port) as association:
        assert store(association, "A", 1) == SUCCESS
        began = time.monotonic()
        position = 0
        while time.monotonic() < began + 5:
            association.send_raw(message[position : position + 8192])
            if position == 0:
                eventually(lambda: "incoming" in str(daemon.incoming()))
                end(keeper_pid(daemon))
            position += 8192
            time.sleep(0.05)
        assert "study ends" not in daemon.log()
        association.send_raw(message[position:])
        assert association.status() == SUCCESS
        assert len(tree(tmp_path / "out")) == 1
        eventually(lambda: "study ended" in daemon.log())
        assert rows(ledger_of(tmp_path / "out"), "SELECT count(*) FROM episodes") == [(1,)]


def test_a_router_that_interleaves_ten_studies(tmp_path):
    settings = {
        "naming": {"sort": "study"},
        "studies": {"end_of_study_timeout": 2},
        "hooks": {"on_end_of_study": f"echo $STORESCPD_STUDY_UID $STORESCPD_OBJECTS >> {tmp_path}/log"},
    }
    with storescpd(tmp_path / "out", settings, workers=2) as daemon:
        with associate(daemon.port) as association:
            for number in range(5):
                for study in "ABCDEFGHIJ":
                    assert store(association, study, number) == SUCCESS
        eventually(lambda: len(lines(tmp_path / "log")) == 10)
        assert sorted(lines(tmp_path / "log")) == sorted(f"{study_uid(study)} 5" for study in "ABCDEFGHIJ")
    assert sorted(tree(tmp_path / "out").values()) == [
        [f"CT.{instance_uid(study, number)}" for number in range(5)] for study in "ABCDEFGHIJ"
    ]


def test_neither_release_nor_shutdown_ends_a_study_and_the_next_start_goes_on(tmp_path):
    settings = {
        "naming": {"sort": "study"},
        "studies": {"end_of_study_timeout": 4},
        "hooks": {"on_end_of_study": f"echo $STORESCPD_OBJECTS >> {tmp_path}/log"},
    }
    for number in range(3):
        with storescpd(tmp_path / "out", settings) as daemon:
            with associate(daemon.port) as association:
                assert store(association, "A", number) == SUCCESS
                association.release()
            assert daemon.terminate() == 0
    assert lines(tmp_path / "log") == []
    assert len(tree(tmp_path / "out")) == 1
    with storescpd(tmp_path / "out", settings):
        eventually(lambda: lines(tmp_path / "log") == ["3"])


def test_a_reload_keeps_open_studies_and_their_directories(tmp_path):
    settings = {"naming": {"sort": "study"}, "studies": {"end_of_study_timeout": 1000}}
    with storescpd(tmp_path / "out", settings) as daemon, associate(daemon.port) as old:
        assert store(old, "A", 1) == SUCCESS
        text = daemon.config_file.read_text().replace("end_of_study_timeout = 1000", "end_of_study_timeout = 5")
        daemon.config_file.write_text(text)
        daemon.signal(1)
        eventually(lambda: "serving workers=1 generation=2" in daemon.log())
        with associate(daemon.port) as new:
            assert [store(old, "A", 2), store(new, "A", 3)] == [SUCCESS, SUCCESS]
        assert len(tree(tmp_path / "out")) == 1
        eventually(lambda: "study ended" in daemon.log())
        query = "SELECT count(DISTINCT episode), count(*) FROM objects"
        assert rows(ledger_of(tmp_path / "out"), query) == [(1, 3)]


def test_associations_of_a_daemon_that_was_killed_go_on_with_the_ledger_of_the_next(tmp_path):
    settings = {"naming": {"sort": "study"}, "process": {"drain_timeout": 60}}
    with storescpd(tmp_path / "out", settings) as first, associate(first.port) as old:
        assert store(old, "A", 1) == SUCCESS
        first.kill()
        eventually(lambda: "the supervisor is gone" in first.log())
        with storescpd(tmp_path / "out", settings) as second, associate(second.port) as new:
            assert [store(new, "A", 2), store(old, "A", 3), store(new, "B", 1)] == [SUCCESS] * 3
            query = "SELECT study, count(*) FROM objects GROUP BY episode ORDER BY episode"
            assert rows(ledger_of(tmp_path / "out"), query) == [(study_uid("A"), 3), (study_uid("B"), 1)]
    assert len(tree(tmp_path / "out")) == 2


def test_studies_are_listed_while_they_are_open_and_when_they_are_over(tmp_path):
    settings = {"naming": {"sort": "study-uid"}, "studies": {"end_of_study_timeout": 1000}}
    with storescpd(tmp_path / "out", settings) as daemon:
        with associate(daemon.port, calling="CT1") as association:
            assert [store(association, "A", number) for number in (1, 2, 2)] == [SUCCESS] * 3
            association.release()
        (study,) = json.loads(command(daemon, "--studies", "--json"))
        shown = {key: study[key] for key in ("study", "directory", "state", "calling", "objects", "ended")}
        assert shown == {
            "study": study_uid("A"),
            "directory": str(tmp_path / "out" / study_uid("A")),
            "state": "open",
            "calling": "CT1",
            "objects": 2,
            "ended": None,
        }
        text = daemon.config_file.read_text().replace("end_of_study_timeout = 1000", "end_of_study_timeout = 1")
        daemon.config_file.write_text(text)
        daemon.signal(1)
        eventually(lambda: "study ended" in daemon.log())
        said = command(daemon, "--studies")
        assert "ended (quiet)  2 objects" in said
        assert study_uid("A") in said
