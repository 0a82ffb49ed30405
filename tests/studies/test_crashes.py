"""Supervisor, workers and keeper are killed at random while senders go on.

Whatever was answered 0000 is on disk and in the ledger, and every study ends exactly once.
"""

import os
import random
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.studies.studies import (
    SUCCESS,
    associate,
    data_set,
    instance_uid,
    ledger_of,
    lines,
    rows,
    store,
    study_uid,
    tree,
)
from tests.support.compare import dissect
from tests.support.daemon import Daemon, storescpd
from tests.support.processes import end, eventually, free_port
from tests.support.rawclient import Aborted, Closed, Rejected

SENDERS, STUDIES, OBJECTS, KILLS = 8, 40, 12, 50
PACE = 0.3
"""Seconds between two objects, so that sending lasts as long as the killing."""


@dataclass(slots=True)
class Sending:
    """Senders that repeat each object until it is answered with success."""

    port: int
    acknowledged: list[tuple[str, int]] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)

    def run(self, number: int) -> None:
        """One sender: its share of the studies, one after another, each object until it is taken."""
        own = range(number, STUDIES, SENDERS)
        work = [(f"S{study}", item) for study in own for item in range(OBJECTS)]
        while work and not self.stop.is_set():
            try:
                with associate(self.port, timeout=20) as association:
                    while work and store(association, *work[0]) == SUCCESS:
                        self.acknowledged.append(work.pop(0))
                        self.stop.wait(PACE)
            except (OSError, Aborted, Closed, Rejected):
                self.stop.wait(PACE)


def kill_one(daemon: Daemon, chance: random.Random) -> bool:
    """Kill a process of the daemon; whether it was the supervisor."""
    victim = chance.choice([daemon.pid, *daemon.worker_pids()])
    end(victim)
    if victim == daemon.pid:
        daemon.process.wait()
    return victim == daemon.pid


def disturb(directory: Path, settings: dict[str, object]) -> None:
    """Kill again and again; start again whenever the supervisor was hit."""
    chance = random.Random(17)
    kills = 0
    while kills < KILLS:
        with storescpd(directory, settings, workers=2) as daemon:
            over = False
            while kills < KILLS and not over:
                time.sleep(chance.uniform(0.1, 1.0))
                kills += 1
                over = kill_one(daemon, chance)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_nothing_is_lost_and_nothing_ends_twice(tmp_path):
    out, log, port = tmp_path / "out", tmp_path / "log", free_port()
    settings = {
        "listeners": [{"address": "127.0.0.1", "port": port}],
        "process": {"drain_timeout": 0},
        "naming": {"sort": "study", "prefix": "P"},
        "studies": {"end_of_study_timeout": 6, "rename": True},
        "hooks": {
            "on_reception": f"echo $STORESCPD_SOP_INSTANCE_UID >> {log}.objects",
            "on_end_of_study": f"sleep 0.1; echo #p $STORESCPD_STUDY_UID $STORESCPD_OBJECTS >> {log}",
        },
    }
    sending = Sending(port)
    threads = [threading.Thread(target=sending.run, args=(number,)) for number in range(SENDERS)]
    for thread in threads:
        thread.start()
    try:
        disturb(out, settings)
        with storescpd(out, settings, workers=2):
            for thread in threads:
                thread.join(120)
            assert not any(thread.is_alive() for thread in threads)
            query = "SELECT count(*) FROM episodes WHERE state != 'ended'"
            eventually(lambda: rows(ledger_of(out), query) == [(0,)], 60)
    finally:
        sending.stop.set()
        for thread in threads:
            thread.join()
    check(out, log, sending)


def check(out: Path, log: Path, sending: Sending) -> None:
    """Disk, ledger and hooks against what was answered."""
    acknowledged = Counter(sending.acknowledged)
    assert len(acknowledged) == STUDIES * OBJECTS
    folders = tree(out)
    for folder, names in folders.items():
        assert names == [f"CT{number:06d}" for number in range(1, len(names) + 1)], folder
    on_disk = {dissect(out / folder / name).data for folder, names in folders.items() for name in names}
    sent = {instance_uid(*one): data_set(study_uid(one[0]), instance_uid(*one)) for one in acknowledged}
    assert [uid for uid, data in sent.items() if data not in on_disk] == []
    recorded = rows(ledger_of(out), "SELECT DISTINCT sop_instance FROM objects")
    assert {uid for (uid,) in recorded} >= set(sent)
    episodes = [folder for (folder,) in rows(ledger_of(out), "SELECT folder FROM episodes")]
    assert sorted(episodes) == sorted(folders), "each directory is one study's, and each study's is there"
    told = [line.rpartition("/")[2].split() for line in lines(log)]
    assert Counter(words[0] for words in told) == Counter(episodes)
    assert {words[0]: int(words[2]) for words in told} == {folder: len(names) for folder, names in folders.items()}
    received = rows(ledger_of(out), "SELECT sop_instance FROM objects WHERE token NOT LIKE 'adopted%'")
    assert Counter(lines(Path(f"{log}.objects"))) == Counter(uid for (uid,) in received)
    assert os.listdir(out / ".storescpd/incoming") == []
