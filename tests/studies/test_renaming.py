"""Renaming: the numbers, what stays untouched, and what an interruption leaves."""

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from storescpd.studies import episodes, moving, receptions, renaming
from storescpd.studies.clock import Moment
from storescpd.studies.episodes import Episode
from storescpd.studies.ledger import Ledger, lock
from storescpd.studies.messages import Record, Sender, StudyKey
from storescpd.studies.renaming import Renaming

NOW = Moment("boot", 1.0, 1.0)
SENDER = Sender("CT1", "ARCHIVE", "10.0.0.1", "dicom")


@pytest.fixture
def ledger(tmp_path):
    made = Ledger(str(tmp_path / "ledger.sqlite"), lock(str(tmp_path / "ledger.sqlite")), synchronous=False)
    yield made
    made.close()


def study(ledger: Ledger, root: Path, names: list[str], folder: str = "study") -> Episode:
    """An episode with these files, in this order of reception."""
    (root / folder).mkdir(exist_ok=True)
    database = ledger.begin()
    key = StudyKey(str(root), "study-uid:", "A")
    episode = episodes.insert(database, "", key, folder, folder, SENDER, NOW, episodes.State.WAITING)
    for name in names:
        (root / folder / name).write_text(name)
        code = name.partition(".")[0]
        token = f"{episode.id}.{os.urandom(8).hex()}"
        record = Record(token, "", episode.id, str(root), folder, name, code, "", "", "A", "", 0, SENDER)
        receptions.insert(database, record, episode.id, NOW)
    return episode


def rename(ledger: Ledger, episode: Episode) -> None:
    renaming.plan(ledger.begin(), episode)
    carry_out(ledger, episode)


def carry_out(ledger: Ledger, episode: Episode) -> None:
    work = Renaming(ledger.database, episode, durable=True)
    while work.go_on(ledger.begin()):
        pass


def contents(path: Path) -> dict[str, str]:
    return {file.name: file.read_text() for file in path.iterdir()}


def test_one_number_an_instance_in_the_order_of_reception(ledger, tmp_path):
    names = ["MR.1", "CT.2", "CT.1", "CT.2", "UNKNOWN.5", "SRde.7.dcm", "MR.1"]
    rename(ledger, study(ledger, tmp_path, names))
    assert contents(tmp_path / "study") == {
        "MR000001": "MR.1", "CT000002": "CT.2", "CT000003": "CT.1", "UN000004": "UNKNOWN.5", "SR000005": "SRde.7.dcm",
    }  # fmt: skip
    named = ledger.database.execute("SELECT name FROM objects ORDER BY id").fetchall()
    assert [name for (name,) in named] == [
        "MR000001", "CT000002", "CT000003", "CT000002", "UN000004", "SR000005", "MR000001",
    ]  # fmt: skip


def test_numbers_go_on_when_a_study_does(ledger, tmp_path):
    """storescp begins anew at 1 and destroys what was there (storescp facts 2.10)."""
    rename(ledger, study(ledger, tmp_path, ["CT.1", "CT.2"]))
    rename(ledger, study(ledger, tmp_path, ["CT.1", "CT.3"]))
    assert contents(tmp_path / "study") == {
        "CT000001": "CT.1", "CT000002": "CT.2", "CT000003": "CT.1", "CT000004": "CT.3",
    }  # fmt: skip


def test_numbers_go_on_where_consumers_have_taken_the_files(ledger, tmp_path):
    rename(ledger, study(ledger, tmp_path, ["CT.1", "CT.2"]))
    for file in (tmp_path / "study").iterdir():
        file.unlink()
    rename(ledger, study(ledger, tmp_path, ["CT.3"]))
    assert contents(tmp_path / "study") == {"CT000003": "CT.3"}


def test_files_that_were_taken_get_no_number(ledger, tmp_path):
    episode = study(ledger, tmp_path, ["CT.1", "CT.2", "CT.3"])
    (tmp_path / "study/CT.2").unlink()
    rename(ledger, episode)
    assert contents(tmp_path / "study") == {"CT000001": "CT.1", "CT000002": "CT.3"}


def test_a_directory_that_was_taken_is_no_error(ledger, tmp_path):
    episode = study(ledger, tmp_path, ["CT.1"])
    renaming.plan(ledger.begin(), episode)
    (tmp_path / "study").rename(tmp_path / "taken")
    carry_out(ledger, episode)
    assert contents(tmp_path / "taken") == {"CT.1": "CT.1"}


def test_what_others_have_put_there_is_never_replaced(ledger, tmp_path):
    episode = study(ledger, tmp_path, ["CT.1", "CT.2"])
    renaming.plan(ledger.begin(), episode)
    (tmp_path / "study/CT000001").write_text("foreign")
    carry_out(ledger, episode)
    assert contents(tmp_path / "study") == {"CT000001": "foreign", "CT000002": "CT.1", "CT000003": "CT.2"}


def without_renameat2(patch: pytest.MonkeyPatch) -> None:
    """A file system that has hard links alone."""

    def refused(*_: object) -> None:
        raise OSError(errno.EINVAL, "Invalid argument")

    patch.setattr(moving, "rename_exclusively", refused)


def dying(real: Callable[..., None], interrupted_at: int) -> Callable[..., None]:
    """A function that works until the process dies in it."""
    calls = iter(range(1, 1000))

    def dies(*arguments: object, **options: object) -> None:
        if next(calls) == interrupted_at:
            raise KeyboardInterrupt
        real(*arguments, **options)

    return dies


@pytest.mark.parametrize("interrupted_at", range(1, 7))
@pytest.mark.parametrize("call", ["renameat2", "link", "rename", "unlink"])
def test_an_interrupted_renaming_is_finished_by_the_same_plan(call, interrupted_at, ledger, tmp_path, monkeypatch):
    names = [f"CT.{number}" for number in range(1, 6)]
    episode = study(ledger, tmp_path, names)
    renaming.plan(ledger.begin(), episode)
    ledger.commit()
    with monkeypatch.context() as patch:
        if call == "renameat2":
            patch.setattr(moving, "rename_exclusively", dying(moving.rename_exclusively, interrupted_at))
        else:
            without_renameat2(patch)
            patch.setattr(os, call, dying(getattr(os, call), interrupted_at))
        try:
            carry_out(ledger, episode)
        except KeyboardInterrupt:
            ledger.rollback()
    with monkeypatch.context() as patch:
        if call != "renameat2":
            without_renameat2(patch)
        carry_out(ledger, episode)
    assert contents(tmp_path / "study") == {f"CT{number:06d}": f"CT.{number}" for number in range(1, 6)}
    named = ledger.database.execute("SELECT name FROM objects ORDER BY id").fetchall()
    assert [name for (name,) in named] == [f"CT{number:06d}" for number in range(1, 6)]


@pytest.mark.parametrize("call", ["link", "rename", "unlink"])
@pytest.mark.parametrize("how", ["before", "after"])
def test_an_object_that_comes_again_meanwhile_is_never_removed(how, call, ledger, tmp_path, monkeypatch):
    """Nobody is given the directory meanwhile, but a worker that had lost the keeper may have been."""
    episode = study(ledger, tmp_path, ["CT.1"])
    renaming.plan(ledger.begin(), episode)
    real, came = getattr(os, call), []

    def comes(*arguments, **options):
        if how == "after":
            real(*arguments, **options)
        if not came:
            came.append(1)
            (tmp_path / "new").write_text("again")
            (tmp_path / "new").replace(tmp_path / "study/CT.1")
        if how == "before":
            real(*arguments, **options)

    with monkeypatch.context() as patch:
        without_renameat2(patch)
        patch.setattr(os, call, comes)
        carry_out(ledger, episode)
    assert "again" in contents(tmp_path / "study").values()
    assert set(contents(tmp_path / "study")) <= {"CT000001", "CT.1"}


def test_rows_follow_the_file_whatever_episode_they_are_of(ledger, tmp_path):
    """An object came again while hooks of the last episode were still to run, and replaced a file of it."""
    first = study(ledger, tmp_path, ["CT.1", "CT.2"])
    second = study(ledger, tmp_path, ["CT.1"])
    rename(ledger, first)
    assert contents(tmp_path / "study") == {"CT.1": "CT.1", "CT000001": "CT.2"}
    rename(ledger, second)
    assert contents(tmp_path / "study") == {"CT000002": "CT.1", "CT000001": "CT.2"}
    named = ledger.database.execute("SELECT name FROM objects ORDER BY id").fetchall()
    assert [name for (name,) in named] == ["CT000002", "CT000001", "CT000002"]


def test_an_object_that_is_told_of_after_its_file_was_renamed_is_found(ledger, tmp_path):
    episode = study(ledger, tmp_path, ["CT.1"])
    rename(ledger, episode)
    inode = (tmp_path / "study/CT000001").stat().st_ino
    late = Record("late", "", episode.id, str(tmp_path), "study", "CT.1", "CT", "", "", "A", "", 0, SENDER, inode)
    assert receptions.present_name(ledger.database, late) == "CT000001"
    (tmp_path / "study/CT.1").write_text("another")
    other = late._replace(inode=(tmp_path / "study/CT.1").stat().st_ino)
    assert receptions.present_name(ledger.database, other) == "CT.1"
    assert receptions.present_name(ledger.database, late) == "CT000001"


def test_many_files_are_renamed_in_slices(ledger, tmp_path):
    episode = study(ledger, tmp_path, [f"CT.{number}" for number in range(renaming.SLICE + 7)])
    renaming.plan(ledger.begin(), episode)
    work = Renaming(ledger.database, episode, durable=False)
    slices = 1
    while work.go_on(ledger.begin()):
        renamed = sum(name.startswith("CT0") for name in os.listdir(tmp_path / "study"))
        entered = ledger.database.execute("SELECT count(*) FROM objects WHERE name LIKE 'CT0%'").fetchone()
        assert (renamed,) == (work.count,) == entered
        assert renamed <= slices * renaming.SLICE
        slices += 1
    assert work.count == renaming.SLICE + 7


def test_a_slow_file_system_holds_nobody_up(ledger, tmp_path, monkeypatch):
    episode = study(ledger, tmp_path, ["CT.1", "CT.2"])
    renaming.plan(ledger.begin(), episode)
    monkeypatch.setattr(renaming, "SLICE_TIME", 0.0)
    work = Renaming(ledger.database, episode, durable=False)
    assert work.go_on(ledger.begin())
    assert sorted(contents(tmp_path / "study")) == ["CT.2", "CT000001"]


def test_without_a_plan_nothing_is_looked_at(ledger, tmp_path):
    """Where files keep their names, it does not matter what consumers have made of the directory."""
    episode = study(ledger, tmp_path, [])
    (tmp_path / "study").rmdir()
    (tmp_path / "study").write_text("taken")
    work = Renaming(ledger.database, episode, durable=True)
    assert not work.go_on(ledger.begin())
    assert work.count == 0
