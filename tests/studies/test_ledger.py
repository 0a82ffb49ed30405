"""The ledger's file: who may use it, and which."""

import os
import sqlite3
import subprocess
from itertools import pairwise
from pathlib import Path

import pytest

from storescpd.cli.check import check_config
from storescpd.cli.status import Exit
from storescpd.studies import ledger, schema
from storescpd.studies.errors import LedgerError, LockedError
from storescpd.studies.ledger import Ledger, inspect, lock
from storescpd.studies.listing import studies
from storescpd.studies.pruning import ROWS, STUDIES, prune
from storescpd.studies.soundness import look_for_damage
from tests.studies.studies import SUCCESS, associate, ledger_of, store
from tests.support.daemon import storescpd
from tests.support.processes import eventually

SORTED = {"naming": {"sort": "study"}, "studies": {"end_of_study_timeout": 60}}


def made(path: Path, **options: bool) -> Ledger:
    return Ledger(str(path), lock(str(path)), **{"synchronous": True, **options})


def test_it_is_synchronous_and_has_a_log(tmp_path):
    one = made(tmp_path / "l")
    assert one.database.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert one.database.execute("PRAGMA synchronous").fetchone() == (2,)
    one.close()
    other = made(tmp_path / "m", synchronous=False)
    assert other.database.execute("PRAGMA synchronous").fetchone() == (0,)
    other.close()


def test_a_newer_schema_is_refused_by_name(tmp_path):
    made(tmp_path / "l").close()
    database = sqlite3.connect(tmp_path / "l")
    database.execute(f"PRAGMA user_version = {len(schema.MIGRATIONS) + 1}")
    database.close()
    for attempt in (
        lambda: inspect(str(tmp_path / "l")),
        lambda: made(tmp_path / "l"),
        lambda: list(studies(str(tmp_path / "l"))),
    ):
        with pytest.raises(LedgerError, match=r"newer storescpd.*schema is 3"):
            attempt()


def damaged(path: Path) -> None:
    made(path).close()
    content = bytearray(path.read_bytes())
    content[4096:] = bytes(len(content) - 4096)
    path.write_bytes(content)


def foreign(path: Path) -> None:
    database = sqlite3.connect(path)
    database.execute("CREATE TABLE mine (x)")
    database.close()


def newer(path: Path) -> None:
    made(path).close()
    database = sqlite3.connect(path)
    database.execute("PRAGMA user_version = 99")
    database.close()


def no_database(path: Path) -> None:
    path.write_bytes(b"no database" * 1000)


@pytest.mark.parametrize(
    ("make", "remedy"),
    [
        (damaged, "images are not touched"),
        (no_database, "images are not touched"),
        (newer, "images are not touched"),
        (foreign, "name another file in studies.ledger"),
    ],
)
def test_a_ledger_that_cannot_be_used_is_found_by_the_check_and_at_the_start(make, remedy, tmp_path, capsys):
    out = tmp_path / "out"
    path = ledger_of(out)
    path.parent.mkdir(parents=True)
    make(path)
    before = {file.name: file.read_bytes() for file in path.parent.glob("*.sqlite")}
    with storescpd(out, SORTED, wait=False) as daemon:
        assert daemon.wait() == 1
        assert remedy in daemon.log()
        assert check_config(daemon.config_file) == Exit.CONFIG
        said = capsys.readouterr().err
        assert "studies.ledger: " in said
        assert remedy in said
    assert all((path.parent / name).read_bytes() == content for name, content in before.items())


def test_the_check_leaves_a_ledger_in_use_alone(tmp_path):
    with storescpd(tmp_path / "out", SORTED) as daemon, associate(daemon.port) as association:
        assert store(association, "A", 1) == SUCCESS
        look_for_damage(str(ledger_of(tmp_path / "out")))
        assert store(association, "A", 2) == SUCCESS
        association.release()
    names = sorted(os.listdir(tmp_path / "out/.storescpd"))
    look_for_damage(str(ledger_of(tmp_path / "out")))
    assert sorted(os.listdir(tmp_path / "out/.storescpd")) == names


def test_another_programs_database_is_left_alone(tmp_path):
    database = sqlite3.connect(tmp_path / "l")
    database.execute("CREATE TABLE mine (x)")
    database.commit()
    database.close()
    before = (tmp_path / "l").read_bytes()
    for attempt in (lambda: inspect(str(tmp_path / "l")),):
        with pytest.raises(LedgerError, match="another program"):
            attempt()
    assert (tmp_path / "l").read_bytes() == before


def test_migrations_are_made_one_after_another_and_whole_or_not(tmp_path, monkeypatch):
    made(tmp_path / "l").close()
    third = ("ALTER TABLE episodes ADD COLUMN more TEXT", "CREATE TABLE nonsense (")
    released = schema.MIGRATIONS
    monkeypatch.setattr(schema, "MIGRATIONS", (*released, third))
    with pytest.raises(LedgerError):
        made(tmp_path / "l")
    monkeypatch.setattr(schema, "MIGRATIONS", (*released, third[:1]))
    one = made(tmp_path / "l")
    assert "more" in [row[1] for row in one.database.execute("PRAGMA table_info(episodes)")]
    assert one.database.execute("PRAGMA user_version").fetchone() == (3,)
    one.close()


def test_network_file_systems_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(ledger, "file_system_type", lambda _path: 0x6969)
    with pytest.raises(LedgerError, match="NFS"):
        inspect(str(tmp_path / "l"))


def test_the_type_of_a_file_system_is_the_kernels(tmp_path):
    said = subprocess.run(["stat", "-f", "-c", "%t", tmp_path], capture_output=True, text=True, check=True).stdout
    assert ledger.file_system_type(str(tmp_path)) == int(said, 16)


def test_it_has_one_user(tmp_path):
    one = made(tmp_path / "l")
    with pytest.raises(LockedError, match="another storescpd"):
        made(tmp_path / "l")
    one.close()
    made(tmp_path / "l").close()


def test_a_second_daemon_does_not_start(tmp_path):
    shared = {"studies": {"ledger": str(tmp_path / "shared.sqlite")}}
    with storescpd(tmp_path / "one", {**SORTED, "studies": {**SORTED["studies"], **shared["studies"]}}) as first:
        settings = {**SORTED, "studies": {**SORTED["studies"], **shared["studies"]}}
        with storescpd(tmp_path / "two", settings, wait=False) as second:
            assert second.wait() == 1
            assert "another storescpd uses the ledger" in second.log()
        with associate(first.port) as association:
            assert store(association, "A", 1) == SUCCESS


def test_a_ledger_of_the_future_stops_the_start(tmp_path):
    (tmp_path / "out/.storescpd").mkdir(parents=True)
    made(ledger_of(tmp_path / "out")).close()
    database = sqlite3.connect(ledger_of(tmp_path / "out"))
    database.execute("PRAGMA user_version = 99")
    database.close()
    with storescpd(tmp_path / "out", SORTED, wait=False) as daemon:
        assert daemon.wait() == 1
        assert "newer storescpd" in daemon.log()


def test_without_studies_and_hooks_there_is_nothing(tmp_path):
    with storescpd(tmp_path / "out", workers=2) as daemon:
        with associate(daemon.port) as association:
            assert store(association, "A", 1) == SUCCESS
            association.release()
        assert len(daemon.worker_pids()) == 2, "a keeper would be a third"
        assert not ledger_of(tmp_path / "out").exists()


def test_what_ended_long_ago_leaves_and_what_has_failed_stays(tmp_path):
    one = made(tmp_path / "l")
    database = one.begin()
    for number, (state, ended, hook) in enumerate(
        [("ended", 10.0, "done"), ("ended", 10.0, "failed"), ("ended", 99.0, "done"), ("open", None, "done")], 1
    ):
        database.execute(
            "INSERT INTO episodes (id, slot, root, scheme, study, folder, shown, state, boot, monotonic, wall, opened,"
            " ended, calling, called, peer, listener)"
            " VALUES (?, '', '', '', ?, '', '', ?, '', 0, 0, 0, ?, '', '', '', '')",
            (number, str(number), state, ended),
        )
        database.execute(
            "INSERT INTO hooks (kind, lane, slot, episode, state, created) VALUES ('end', '', '', ?, ?, 0)",
            (number, hook),
        )
    assert not prune(database, 50.0)
    assert database.execute("SELECT id FROM episodes").fetchall() == [(2,), (3,), (4,)]
    assert database.execute("SELECT episode FROM hooks").fetchall() == [(2,), (3,), (4,)]
    one.close()


def test_a_huge_study_leaves_in_slices(tmp_path):
    """Workers wait for their records meanwhile."""
    one = made(tmp_path / "l", synchronous=False)
    database = one.begin()
    tables = ("hooks", "renames", "objects", "episodes")
    for episode in (1, 2):
        database.execute(
            "INSERT INTO episodes (id, slot, root, scheme, study, folder, shown, state, boot, monotonic, wall, opened,"
            " ended, calling, called, peer, listener)"
            " VALUES (?, '', '', '', ?, '', '', 'ended', '', 0, 0, 0, 1, '', '', '', '')",
            (episode, str(episode)),
        )
        numbers = [(episode * 10_000 + number, episode) for number in range(3000)]
        database.executemany(
            "INSERT INTO objects (id, episode, token, slot, root, folder, name, code, sop_class, sop_instance, study,"
            " transfer_syntax, status, received, calling, called, peer, listener)"
            " VALUES (?1, ?2, ?1, '', '', '', ?1, '', '', '', '', '', 0, 0, '', '', '', '')",
            numbers,
        )
        database.executemany("INSERT INTO renames (episode, old, new) VALUES (?2, ?1, ?1)", numbers)
        database.executemany(
            "INSERT INTO hooks (kind, lane, slot, object, episode, state, created)"
            " VALUES ('reception', '', '', ?1, ?2, 'done', 0)",
            numbers,
        )

    def left() -> int:
        return sum(database.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in tables)

    sizes = [left()]
    while prune(database, 50.0):
        sizes.append(left())
    assert left() == 0
    assert max(before - after for before, after in pairwise([*sizes, 0])) <= ROWS + STUDIES
    one.close()


def test_a_ledger_that_moves_needs_a_restart(tmp_path):
    with storescpd(tmp_path / "out", SORTED) as daemon:
        text = daemon.config_file.read_text()
        daemon.config_file.write_text(text.replace("[studies]", f'[studies]\nledger = "{tmp_path}/other.sqlite"'))
        daemon.signal(1)
        eventually(lambda: "reload failed" in daemon.log())
        assert "with a restart only" in daemon.log()


def test_a_keeper_that_cannot_listen_stops_the_start(tmp_path):
    (tmp_path / "out/.storescpd/ledger.sqlite.keeper").mkdir(parents=True)
    with storescpd(tmp_path / "out", SORTED, wait=False) as daemon:
        assert daemon.wait() == 1
        assert "the ledger cannot be used" in daemon.log()
        assert "defect" not in daemon.log()
