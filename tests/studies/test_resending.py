"""Objects that come again while the files of their study are being renamed, on a file system that is slow at it."""

import threading

from tests.studies.studies import (
    SUCCESS,
    associate,
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
from tests.support.processes import eventually
from tests.support.tracing import traced

OBJECTS, AGAIN = 60, range(30, 54)
SLOW = "renameat2:delay_enter=30000"
"""Microseconds."""


def test_what_comes_again_meanwhile_is_kept_and_each_hook_finds_its_file(tmp_path):
    out, log = tmp_path / "out", tmp_path / "log"
    settings = {
        "naming": {"sort": "study-uid"},
        "studies": {"end_of_study_timeout": 1, "rename": True},
        "hooks": {"on_reception": ["/bin/sh", "-c", f"grep -c Doe^ '#p/#f' >> {log} 2>&1 || echo none >> {log}"]},
    }
    statuses: list[int] = []

    def send(share: int) -> None:
        with associate(daemon.port) as association:
            statuses.extend(store(association, "A", number, name=b"Doe^Again") for number in AGAIN[share::3])
            association.release()

    with storescpd(out, settings, workers=2) as daemon:
        with associate(daemon.port) as association, associate(daemon.port) as other:
            for number in range(OBJECTS):
                assert store(association, "A", number, name=b"Doe^First") == SUCCESS
            with traced(keeper_pid(daemon), "renameat2", tmp_path / "trace", SLOW):
                eventually(lambda: "CT000001" in next(iter(tree(out).values())))
                threads = [threading.Thread(target=send, args=(share,)) for share in range(3)]
                for thread in threads:
                    thread.start()
                # Nobody else waits for it.
                assert store(other, "B", 1) == SUCCESS
                assert "CT000060" not in tree(out)[study_uid("A")]
                for thread in threads:
                    thread.join()
                assert statuses == [SUCCESS] * len(AGAIN)
                ended = "SELECT count(*) FROM episodes WHERE state = 'ended'"
                eventually(lambda: rows(ledger_of(out), ended) == [(3,)])
    folder = out / study_uid("A")
    kept = {file.name: file.read_bytes() for file in folder.iterdir()}
    assert sorted(kept) == [f"CT{number:06d}" for number in range(1, OBJECTS + len(AGAIN) + 1)]
    for number in AGAIN:
        uid = instance_uid("A", number).encode()
        assert any(uid in content and b"Doe^Again" in content for content in kept.values())
    named = rows(ledger_of(out), f"SELECT name FROM objects WHERE study = '{study_uid('A')}'")
    assert {name for (name,) in named} == set(kept)
    assert lines(log) == ["1"] * (OBJECTS + len(AGAIN) + 1)
