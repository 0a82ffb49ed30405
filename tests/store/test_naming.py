"""Names against the facts, against storescp, and against names that nobody should send."""

import datetime as dt
import itertools
import os
import re
import shutil
import stat
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storescpd.store import Directory, DuplicateError, Durability, OnDuplicate, Place, PlaceError, StorageSettings
from storescpd.store.incoming import TemporaryNames
from storescpd.store.names import file_stamp, patient_label, sanitised, study_uid_folder, time_names
from storescpd.store.naming import FileNames, Naming, Sort
from tests.store.sink import committed
from tests.support.objects import CT_IMAGE, encode
from tests.support.reference import storescp
from tests.support.scenes import CT, associate

ALLOWED = re.compile(r"[ \-.:@0-9A-Z_a-z]*")


def directory(path: Path, **settings: object) -> Directory:
    made = Directory(StorageSettings(str(path), Durability.NONE, **settings), TemporaryNames())
    made.prepare()
    return made


def put(target: Directory, content: bytes, place: Place) -> str:
    writer = target.begin(content)
    stored = committed(writer, place)
    return f"{stored.folder}/{stored.name}" if stored.folder else stored.name


def named_object(number: int, name: bytes) -> bytes:
    return (
        encode(0x00080005, "CS", b"ISO_IR 100")
        + encode(0x00080016, "UI", CT_IMAGE.encode())
        + encode(0x00080018, "UI", f"1.2.{number}".encode())
        + encode(0x00100010, "PN", name)
        + encode(0x0020000D, "UI", f"1.9.{number}".encode())
    )


def test_patients_names_are_mapped_as_storescp_maps_them(tmp_path):
    names = [b"X" + bytes([byte]) + b"Y" for byte in range(1, 256)]
    names += [b"", b" ", b"M\xfcller^J\xf6rg", b"A^B=C=D", b"../..", b"A\\B", b"A^B  ", b" lead"]
    with storescp(tmp_path / "out", "-sp") as receiver, associate(receiver.port) as association:
        for number, name in enumerate(names):
            assert association.store(CT, CT_IMAGE, f"1.2.{number}", named_object(number, name)) == 0
        association.release()
    for number, name in enumerate(names):
        (path,) = (tmp_path / "out").rglob(f"CT.1.2.{number}")
        label = re.fullmatch(r"(.*)_\d{8}_\d{9}", path.parent.name)
        assert label, path
        assert patient_label(name) == label[1], name


@given(st.binary(max_size=64))
def test_a_patients_name_cannot_leave_its_alphabet(name):
    assert re.fullmatch(r"[0-9A-Z_a-z]+", patient_label(name))


@given(st.text())
def test_sanitising_replaces_one_for_one(text):
    made = sanitised(text)
    assert len(made) == len(text)
    assert ALLOWED.fullmatch(made)
    assert all(old == new for old, new in zip(text, made, strict=True) if ALLOWED.fullmatch(old))


@pytest.mark.parametrize(
    ("prefix", "uid", "name"),
    [
        ("", "1.2.3", "1.2.3"),
        ("P", "1.2.3", "P_1.2.3"),
        ("", "../../x", ".._.._x"),
        ("", "a;b|c$(x)", "a_b_c__x_"),
        ("P", "..", "P_.."),
    ],
)
def test_study_directories_are_named_by_sanitised_uids(prefix, uid, name):
    assert study_uid_folder(prefix, uid) == name


@pytest.mark.parametrize("uid", ["", ".", "..", ".storescpd"])
def test_names_that_are_no_directory_of_a_study_are_refused(uid):
    with pytest.raises(PlaceError):
        study_uid_folder("", uid)


def test_time_names_count_up_as_storescp_does():
    assert list(itertools.islice(time_names("20261123101112345", "CT", ".dcm"), 3)) == [
        "20261123101112345.CT.dcm",
        "20261123101112345_0000.CT.dcm",
        "20261123101112345_0001.CT.dcm",
    ]


def test_stamps_are_local_time_with_three_digits_of_milliseconds():
    moment = dt.datetime(2026, 11, 23, 10, 11, 12, 7000).astimezone()
    assert file_stamp(round(moment.timestamp() * 1000)) == "20261123101112007"


def test_unique_names_are_new_each_time():
    naming = Naming(FileNames.UNIQUE, ".dcm")
    made = {naming.names("CT", "1.2.3", 0)[0] for _ in range(1000)}
    assert len(made) == 1000
    assert all(re.fullmatch(r"CT\.X\.2\.25\.[1-9]\d*\.dcm", name) for name in made)


def test_interleaved_classes_in_one_millisecond_are_all_kept(tmp_path):
    """storescp keeps 32 files of 60 (storescp facts 2.4)."""
    target = directory(tmp_path)
    naming = Naming(FileNames.TIME)
    for number in range(60):
        name, successors = naming.names("CT" if number % 2 else "MR", "1.2", 1_795_000_000_123)
        put(target, b"%d" % number, Place(name, successors=successors))
    files = [path for path in tmp_path.iterdir() if path.is_file()]
    assert sorted(int(path.read_bytes()) for path in files) == list(range(60))
    stamp = file_stamp(1_795_000_000_123)
    serials = [f"_{number:04d}" for number in range(29)]
    assert {path.name for path in files} == {f"{stamp}{s}.{code}" for code in ("CT", "MR") for s in ("", *serials)}


def test_names_are_never_given_twice_by_threads_at_once(tmp_path):
    target = directory(tmp_path)
    naming = Naming(FileNames.TIME)

    def store(thread: int) -> None:
        for number in range(40):
            name, successors = naming.names("CT", "1.2", 1_795_000_000_123)
            put(target, b"%d.%d" % (thread, number), Place(name, folder="study", shown="study", successors=successors))

    threads = [threading.Thread(target=store, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    contents = {path.read_bytes() for path in (tmp_path / "study").iterdir()}
    assert contents == {b"%d.%d" % (thread, number) for thread in range(4) for number in range(40)}


@pytest.mark.parametrize("rule", [OnDuplicate.OVERWRITE, OnDuplicate.REJECT, OnDuplicate.KEEP])
def test_duplicates_are_decided_inside_the_study_directory(rule, tmp_path):
    target = directory(tmp_path, on_duplicate=rule)
    place = Place("CT.1", folder="study", shown="study")
    assert put(target, b"first", place) == "study/CT.1"
    if rule is OnDuplicate.REJECT:
        with pytest.raises(DuplicateError):
            put(target, b"second", place)
    else:
        put(target, b"second", place)
    contents = {path.name: path.read_bytes() for path in (tmp_path / "study").iterdir()}
    assert (
        contents
        == {
            OnDuplicate.OVERWRITE: {"CT.1": b"second"},
            OnDuplicate.REJECT: {"CT.1": b"first"},
            OnDuplicate.KEEP: {"CT.1": b"first", "CT.1+1": b"second"},
        }[rule]
    )
    assert list((tmp_path / ".storescpd/incoming").iterdir()) == []


def test_study_directories_get_their_mode_and_keep_one_that_was_changed(tmp_path):
    target = directory(tmp_path, directory_mode=0o2750)
    put(target, b"1", Place("CT.1", folder="study", shown="study"))
    assert stat.S_IMODE((tmp_path / "study").stat().st_mode) == 0o2750
    (tmp_path / "study").chmod(0o755)
    put(target, b"2", Place("CT.2", folder="study", shown="study"))
    assert stat.S_IMODE((tmp_path / "study").stat().st_mode) == 0o755


def test_a_directory_that_a_crash_left_without_its_mode_gets_it(tmp_path):
    (tmp_path / "study").mkdir(mode=0o700)
    put(directory(tmp_path, directory_mode=0o2770), b"1", Place("CT.1", folder="study", shown="study"))
    assert stat.S_IMODE((tmp_path / "study").stat().st_mode) == 0o2770


def test_a_directory_that_was_taken_away_is_made_again(tmp_path):
    target = directory(tmp_path)
    put(target, b"1", Place("CT.1", folder="study", shown="study"))
    (tmp_path / "study").rename(tmp_path / "taken")
    put(target, b"2", Place("CT.2", folder="study", shown="study"))
    assert [path.name for path in (tmp_path / "study").iterdir()] == ["CT.2"]


def test_a_directory_that_takes_the_inode_of_one_that_was_taken_away_gets_its_mode_too(tmp_path):
    target = directory(tmp_path, directory_mode=0o755)
    inodes = set()
    for _ in range(5):
        put(target, b"1", Place("CT.1", folder="study", shown="study"))
        found = (tmp_path / "study").stat()
        assert stat.S_IMODE(found.st_mode) == 0o755
        inodes.add(found.st_ino)
        shutil.rmtree(tmp_path / "study")
    if len(inodes) == 5:
        pytest.skip("no inode comes again on this file system")


def test_a_directory_below_one_with_setgid_gets_its_mode_and_inherits_that_bit(tmp_path):
    tmp_path.chmod(0o2755)
    (tmp_path / "other").mkdir(mode=0o750)
    put(directory(tmp_path, directory_mode=0o750), b"1", Place("CT.1", folder="study", shown="study"))
    modes = {stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("other", "study")}
    assert modes == {0o2750}


def test_a_directory_that_is_a_link_is_not_followed(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "out").mkdir()
    (tmp_path / "out/study").symlink_to(tmp_path / "elsewhere")
    target = directory(tmp_path / "out")
    with pytest.raises(PlaceError, match="study"):
        put(target, b"1", Place("CT.1", folder="study", shown="study"))
    assert list((tmp_path / "elsewhere").iterdir()) == []
    assert list((tmp_path / "out/.storescpd/incoming").iterdir()) == []


def test_a_file_in_the_place_of_the_directory_is_told(tmp_path):
    (tmp_path / "study").write_bytes(b"")
    with pytest.raises(PlaceError, match=os.strerror(20)):
        put(directory(tmp_path), b"1", Place("CT.1", folder="study", shown="study"))


def test_messages_show_a_directory_as_it_may_be_shown(tmp_path):
    (tmp_path / "Doe_John").write_bytes(b"")
    with pytest.raises(PlaceError) as caught:
        put(directory(tmp_path), b"1", Place("CT.1", folder="Doe_John", shown="***"))
    assert "***" in str(caught.value)
    assert "Doe" not in str(caught.value)


@pytest.mark.parametrize(
    ("sort", "uid", "name", "fits"),
    [
        (Sort.PATIENT_NAME, "1", b"x" * 236, True),
        (Sort.PATIENT_NAME, "1", b"x" * 237, False),
        (Sort.STUDY_UID, "1" * 255, b"", True),
        (Sort.STUDY_UID, "1" * 256, b"", False),
        (Sort.STUDY, "1" * 256, b"x" * 999, True),
    ],
)
def test_a_directory_name_that_is_too_long_is_refused(sort, uid, name, fits, tmp_path):
    naming = Naming(sort=sort)
    if not fits:
        with pytest.raises(PlaceError, match="255 are the most"):
            naming.folder(uid, name)
        return
    made = naming.folder(uid, name)
    (tmp_path / (f"{made.label}_20261123_101112345" if made.stamped else made.label)).mkdir()


def test_sorting_by_study_takes_no_name_from_the_peer():
    assert Naming(sort=Sort.STUDY, prefix="P").folder("../x", b"../y").label == "P"
