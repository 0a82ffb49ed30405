"""Objects are counted over all workers, also those that have ended, and are forgotten by the rate after a minute."""

import os
import time

from storescpd.worker.tally import Tally


def test_children_count_and_the_rate_forgets(monkeypatch):
    tally = Tally(4)
    for slot in (0, 3):
        pid = os.fork()
        if not pid:
            for _ in range(1000):
                tally.count(slot)
            os._exit(0)
        os.waitpid(pid, 0)
    assert (tally.total(), tally.a_minute()) == (2000, 2000)
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now + 30)
    tally.count(0)
    assert tally.a_minute() == 2001
    monkeypatch.setattr(time, "monotonic", lambda: now + 75)
    assert (tally.total(), tally.a_minute()) == (2001, 1)
    monkeypatch.setattr(time, "monotonic", lambda: now + 64 + 30)
    tally.count(0)
    assert (tally.total(), tally.a_minute()) == (2002, 1)
