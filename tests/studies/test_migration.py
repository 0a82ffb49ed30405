"""A ledger that an older version has left is taken over with everything in it."""

import sqlite3
import time
from pathlib import Path

import pytest

from storescpd.studies.schema import MIGRATIONS
from tests.studies.studies import SUCCESS, associate, ledger_of, lines, rows, store, study_uid, tree
from tests.support.daemon import storescpd
from tests.support.processes import eventually

VERSION_1 = """
PRAGMA application_id = 1398033476;
PRAGMA user_version = 1;
CREATE TABLE policies (slot TEXT PRIMARY KEY, policy TEXT NOT NULL) STRICT;
CREATE TABLE episodes (
    id INTEGER PRIMARY KEY AUTOINCREMENT, slot TEXT NOT NULL, root TEXT NOT NULL, scheme TEXT NOT NULL,
    study TEXT NOT NULL, folder TEXT NOT NULL, shown TEXT NOT NULL, state TEXT NOT NULL,
    boot TEXT NOT NULL, monotonic REAL NOT NULL, wall REAL NOT NULL, opened REAL NOT NULL, ended REAL,
    calling TEXT NOT NULL, called TEXT NOT NULL, peer TEXT NOT NULL, listener TEXT NOT NULL,
    cause TEXT NOT NULL DEFAULT '', ended_by TEXT NOT NULL DEFAULT '') STRICT;
CREATE UNIQUE INDEX open_episodes ON episodes (root, scheme, study) WHERE state = 'open';
CREATE INDEX episodes_by_folder ON episodes (root, folder);
CREATE INDEX unended_episodes ON episodes (state) WHERE state != 'ended';
CREATE INDEX ended_episodes ON episodes (ended) WHERE state = 'ended';
CREATE INDEX episodes_by_trigger ON episodes (ended_by);
CREATE TABLE objects (
    id INTEGER PRIMARY KEY AUTOINCREMENT, token TEXT NOT NULL UNIQUE, slot TEXT NOT NULL,
    episode INTEGER REFERENCES episodes, root TEXT NOT NULL, folder TEXT NOT NULL, name TEXT NOT NULL,
    code TEXT NOT NULL, sop_class TEXT NOT NULL, sop_instance TEXT NOT NULL, study TEXT NOT NULL,
    transfer_syntax TEXT NOT NULL, status INTEGER NOT NULL, received REAL NOT NULL,
    calling TEXT NOT NULL, called TEXT NOT NULL, peer TEXT NOT NULL, listener TEXT NOT NULL) STRICT;
CREATE INDEX objects_by_episode ON objects (episode, name);
CREATE INDEX loose_objects ON objects (received) WHERE episode IS NULL;
CREATE TABLE renames (
    episode INTEGER NOT NULL REFERENCES episodes, old TEXT NOT NULL, new TEXT NOT NULL,
    done INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (episode, old)) STRICT, WITHOUT ROWID;
CREATE TABLE hooks (
    id INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, lane TEXT NOT NULL, slot TEXT NOT NULL,
    episode INTEGER REFERENCES episodes, object INTEGER REFERENCES objects, state TEXT NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0, interruptions INTEGER NOT NULL DEFAULT 0,
    pid INTEGER, start INTEGER, boot TEXT, monotonic REAL,
    created REAL NOT NULL, finished REAL, result TEXT NOT NULL DEFAULT '') STRICT;
CREATE INDEX hooks_by_state ON hooks (state);
CREATE INDEX hooks_by_episode ON hooks (episode, kind);
CREATE INDEX hooks_by_object ON hooks (object);
"""


@pytest.fixture
def old(tmp_path) -> Path:
    """The directory of a version 1: a study with one object, whose hook is to run still, open since a minute."""
    out = tmp_path / "out"
    (out / "P").mkdir(parents=True)
    (out / "P" / "CT.1").write_bytes(b"x")
    ledger_of(out).parent.mkdir()
    database = sqlite3.connect(ledger_of(out))
    database.executescript(VERSION_1)
    sender, then = ("CT1", "ARCHIVE", "10.1.2.3", "dicom"), time.time() - 60
    database.execute(
        "INSERT INTO episodes (id, slot, root, scheme, study, folder, shown, state, boot, monotonic, wall, opened,"
        " calling, called, peer, listener) VALUES (7, '', ?, 'x', ?, 'P', 'P', 'open', 'b', 1, ?, ?, ?, ?, ?, ?)",
        (str(out), study_uid("A"), then, then, *sender),
    )
    database.execute(
        "INSERT INTO objects (id, token, slot, episode, root, folder, name, code, sop_class, sop_instance, study,"
        " transfer_syntax, status, received, calling, called, peer, listener)"
        " VALUES (8, 't', '', 7, ?, 'P', 'CT.1', 'CT', '1', '2', ?, '3', 0, ?, ?, ?, ?, ?)",
        (str(out), study_uid("A"), then, *sender),
    )
    database.execute(
        "INSERT INTO hooks (kind, lane, slot, episode, object, state, created)"
        " VALUES ('reception', ?, '', 7, 8, 'waiting', ?)",
        (f"{out}\n{study_uid('A')}", then),
    )
    database.commit()
    database.close()
    return out


def test_studies_and_hooks_of_an_older_ledger_go_on(old, tmp_path):
    log = tmp_path / "log"
    config = {
        "association": {"host_lookup": True},
        "naming": {"sort": "study"},
        "studies": {"end_of_study_timeout": 1, "rename": True},
        "hooks": {"on_reception": f"echo object #r >> {log}", "on_end_of_study": f"echo study #r #a >> {log}"},
    }
    with storescpd(old, config) as daemon:
        eventually(lambda: len(lines(log)) == 2)
        # Nobody had looked for names then.
        assert lines(log) == ["object 10.1.2.3", "study 10.1.2.3 CT1"]
        assert tree(old)["P"] == ["CT000001"]
        with associate(daemon.port) as association:
            assert store(association, "B", 1) == SUCCESS
        eventually(lambda: len(lines(log)) == 4)
    assert lines(log)[2:] == ["object localhost", "study localhost RAWCLIENT"]
    assert rows(ledger_of(old), "PRAGMA user_version") == [(len(MIGRATIONS),)]
    assert rows(ledger_of(old), "SELECT peer, host FROM episodes ORDER BY id") == [
        ("10.1.2.3", ""), ("127.0.0.1", "localhost"),
    ]  # fmt: skip
