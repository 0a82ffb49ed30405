"""Directories in which nothing but objects may ever be: what is in them, what inotify tells, what a crash leaves."""

import errno
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from storescpd.store import Directory, OnDuplicate, Outcome, Place
from tests.store.sink import committed, contents, directory, no_leak, put
from tests.support.build import PATH
from tests.support.mounts import mount
from tests.support.tools import need
from tests.support.watching import OF_SCRIPTS, watching

ASIDE, HERE, HIDDEN = "aside", "here", "hidden"
NAME = "CT.1.2.3"


@pytest.fixture(params=[ASIDE, HERE, HIDDEN])
def way(request, monkeypatch) -> str:
    if request.param == HIDDEN:
        without_nameless_files(monkeypatch)
    return request.param


def without_nameless_files(patch: pytest.MonkeyPatch) -> None:
    """As NFS and FAT have it."""
    opened = os.open

    def refusing(path, flags, *arguments, **options):
        if flags & os.O_TMPFILE == os.O_TMPFILE:
            raise OSError(errno.EOPNOTSUPP, os.strerror(errno.EOPNOTSUPP))
        return opened(path, flags, *arguments, **options)

    patch.setattr(os, "open", refusing)


def sink(path: Path, way: str = ASIDE, **settings) -> Directory:
    made = path / "out"
    return directory(made, aside=(str(path),) if way == ASIDE else (), **settings)


def test_nothing_but_the_object_is_ever_there(way, tmp_path):
    made = sink(tmp_path, way)
    assert made.prepare() == []
    out = tmp_path / "out"
    with no_leak():
        writer = made.begin(b"half of ")
        writer.write([b"an object"])
        assert len(os.listdir(out)) == (way == HIDDEN)
        assert all(name.startswith(".storescpd.") for name in os.listdir(out))
        assert os.listdir(tmp_path) == ["out"]
        committed(writer, Place(NAME))
    assert contents(out) == {NAME: b"half of an object"}
    assert os.listdir(tmp_path) == ["out"]


def test_an_abandoned_object_leaves_nothing(way, tmp_path):
    with no_leak():
        writer = sink(tmp_path, way).begin(b"half")
        writer.write([b"..."])
        writer.abandon()
    assert os.listdir(tmp_path / "out") == []


def test_a_new_object_is_told_as_storescp_tells_it(way, tmp_path):
    """One complete file each for those who wait for CLOSE_WRITE, which is what scripts wait for with storescp."""
    made = sink(tmp_path, way)
    with watching(tmp_path / "out") as watch:
        put(made, NAME, b"object")
        told = watch.told(*OF_SCRIPTS)
    assert [name for kind, name in told if kind == "CLOSE_WRITE" and not name.startswith("#")] == [NAME]
    expected = {
        ASIDE: [("CREATE", NAME), ("CLOSE_WRITE", NAME)],
        HIDDEN: [("MOVED_TO", NAME), ("CLOSE_WRITE", NAME)],
    }
    if way in expected:
        assert [(kind, name) for kind, name in told if not name.startswith(".")] == expected[way]


def test_an_object_that_takes_anothers_place_is_told_once(way, tmp_path):
    made = sink(tmp_path, way)
    put(made, NAME, b"old")
    with watching(tmp_path / "out") as watch:
        assert put(made, NAME, b"the new one").outcome is Outcome.REPLACED
        told = watch.told(*OF_SCRIPTS)
    if way == ASIDE:
        assert told == [("MOVED_TO", NAME), ("CLOSE_WRITE", NAME)]
    assert [one for one in told if one[1] == NAME] == [("MOVED_TO", NAME), ("CLOSE_WRITE", NAME)]
    assert contents(tmp_path / "out") == {NAME: b"the new one"}
    assert os.listdir(tmp_path) == ["out"]


def test_it_is_told_when_the_object_is_complete(tmp_path):
    made = sink(tmp_path)
    with watching(tmp_path / "out") as watch:
        writer = made.begin(b"one ")
        writer.write([b"two "])
        assert watch.told() == []
        writer.write([b"three"])
        writer.commit(Place(NAME))
        assert ("CLOSE_WRITE", NAME) in watch.told()
        assert contents(tmp_path / "out") == {NAME: b"one two three"}
        writer.close()
        assert watch.told() == []


def test_every_entry_can_be_taken_away_between_two_objects(way, tmp_path):
    made = sink(tmp_path, way)
    for number in range(3):
        put(made, NAME, b"object %d" % number)
        for entry in os.listdir(tmp_path / "out"):
            os.remove(tmp_path / "out" / entry)
    writer = made.begin(b"")
    writer.write([b"last"])
    committed(writer, Place(NAME, folder="study", shown="study"))
    assert (tmp_path / "out" / "study" / NAME).read_bytes() == b"last"


def test_what_is_not_told_as_success_replaces_nothing(way, tmp_path):
    made = sink(tmp_path, way, on_duplicate=OnDuplicate.OVERWRITE)
    put(made, NAME, b"good")
    outcomes = [put(made, NAME, data, exclusive=True).outcome for data in (b"good", b"bad", b"bad", b"worse")]
    assert outcomes == [Outcome.UNCHANGED, Outcome.SET_ASIDE, Outcome.UNCHANGED, Outcome.SET_ASIDE]
    assert sorted(contents(tmp_path / "out").values()) == [b"bad", b"good", b"worse"]


def test_modes_are_those_of_the_settings(way, tmp_path):
    made = sink(tmp_path, way, file_mode=0o604)
    put(made, NAME, b"")
    assert stat.S_IMODE((tmp_path / "out" / NAME).stat().st_mode) == 0o604


def test_a_directory_of_a_group_gives_its_group(tmp_path):
    """Files are made where they are to be, where another directory would give them other owners."""
    out = tmp_path / "out"
    out.mkdir()
    out.chmod(0o2777)
    made = sink(tmp_path)
    with watching(tmp_path) as above, watching(out) as watch:
        put(made, NAME, b"object")
        assert above.told() == []
        assert any(name.startswith("#") for _, name in watch.told())


@pytest.mark.root
def test_another_mount_is_no_place_for_files(tmp_path):
    need("mount", "umount")
    out = tmp_path / "out"
    out.mkdir()
    try:
        mount("--bind", str(out), str(out))
    except subprocess.CalledProcessError:
        pytest.skip("no mounting here")
    try:
        put(sink(tmp_path), NAME, b"object")
        put(sink(tmp_path), NAME, b"another")
        assert contents(out) == {NAME: b"another"}
        assert os.listdir(tmp_path) == ["out"]
    finally:
        subprocess.run(["umount", "--lazy", str(out)], check=True)


def test_a_file_that_gets_no_name_is_copied(tmp_path, monkeypatch):
    """A quota of its own, or no hard links: known only when the name is wanted."""
    linked, refused = os.link, []

    def refusing(source, *arguments, **options):
        if len(refused) < 2:
            refused.append(source)
            raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))
        return linked(source, *arguments, **options)

    monkeypatch.setattr(os, "link", refusing)
    made = sink(tmp_path)
    with no_leak():
        writer = made.begin(b"header ")
        writer.write([b"and data"])
        committed(writer, Place(NAME))
    assert len(refused) == 2
    assert contents(tmp_path / "out") == {NAME: b"header and data"}


KILLED = """
import os, sys
from pathlib import Path
from tests.store.test_unseen import sink, put, NAME
made = sink(Path(sys.argv[1]))
os.rename = lambda *arguments, **options: os.kill(os.getpid(), 9)
put(made, NAME, b"new")
"""


def test_a_crash_while_an_object_is_replaced_leaves_the_old_one_and_is_swept(tmp_path):
    made = sink(tmp_path)
    put(made, NAME, b"old")
    mine = tmp_path / ".storescpd.mine"
    mine.touch()
    run = subprocess.run(
        [sys.executable, "-c", KILLED, str(tmp_path)], env={**os.environ, "PYTHONPATH": PATH}, check=False
    )
    assert run.returncode == -9
    assert contents(tmp_path / "out") == {NAME: b"old"}
    [left] = [name for name in os.listdir(tmp_path) if name not in {"out", mine.name}]
    assert made.prepare() == [left]
    assert sorted(os.listdir(tmp_path)) == sorted(["out", mine.name])


def test_a_crash_with_a_hidden_file_is_swept(tmp_path, monkeypatch):
    without_nameless_files(monkeypatch)
    living = sink(tmp_path, HERE).begin(b"still coming")
    dead = tmp_path / "out" / ".storescpd.0123abcd.17.4"
    dead.touch()
    assert sink(tmp_path, HERE).prepare() == [dead.name]
    committed(living, Place(NAME))
    assert contents(tmp_path / "out") == {NAME: b"still coming"}


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        (OnDuplicate.OVERWRITE, [("MOVED_TO", NAME), ("CLOSE_WRITE", NAME)]),
        (OnDuplicate.KEEP, [("CREATE", NAME)]),
        (OnDuplicate.REJECT, [("CREATE", NAME)]),
        (OnDuplicate.RENAME, [("CREATE", NAME)]),
    ],
)
def test_what_the_daemons_directory_tells(rule: OnDuplicate, told: list, tmp_path):
    """docs/storing.md says so."""
    made = directory(tmp_path / "out", on_duplicate=rule)
    made.prepare()
    with watching(tmp_path / "out") as watch:
        put(made, NAME, b"object")
        assert watch.told(*OF_SCRIPTS) == told
