"""The name is taken: four rules, objects that may replace nothing, and many that come at the same moment."""

import errno
import itertools
import os
from types import SimpleNamespace

import pytest

from storescpd.store import DuplicateError, OnDuplicate, Outcome, StorageError, noreplace
from storescpd.store.meta import FileMeta
from tests.store.sink import contents, directory, header, no_leak, put, put_many, race, temporaries

OLD, NEW = b"the first object", b"another of its name"
NAME = "CT.1.2.dcm"

# rule, may replace, what comes second -> files afterwards, outcome
SECOND = [
    (OnDuplicate.OVERWRITE, True, NEW, {NAME: NEW}, Outcome.REPLACED),
    (OnDuplicate.OVERWRITE, False, NEW, {NAME: OLD, "CT.1.2+1.dcm": NEW}, Outcome.SET_ASIDE),
    (OnDuplicate.OVERWRITE, False, OLD, {NAME: OLD}, Outcome.UNCHANGED),
    (OnDuplicate.KEEP, True, NEW, {NAME: OLD, "CT.1.2+1.dcm": NEW}, Outcome.SET_ASIDE),
    (OnDuplicate.KEEP, True, OLD, {NAME: OLD}, Outcome.UNCHANGED),
    (OnDuplicate.KEEP, False, NEW, {NAME: OLD, "CT.1.2+1.dcm": NEW}, Outcome.SET_ASIDE),
    (OnDuplicate.RENAME, True, NEW, {NAME: OLD, "CT.1.2+1.dcm": NEW}, Outcome.SET_ASIDE),
    (OnDuplicate.RENAME, True, OLD, {NAME: OLD, "CT.1.2+1.dcm": OLD}, Outcome.SET_ASIDE),
    (OnDuplicate.REJECT, True, NEW, {NAME: OLD}, None),
    (OnDuplicate.REJECT, True, OLD, {NAME: OLD}, None),
    (OnDuplicate.REJECT, False, NEW, {NAME: OLD, "CT.1.2+1.dcm": NEW}, Outcome.SET_ASIDE),
]


def unsupported(number: int):
    """A system call that this file system does not know."""

    def refuse(*_arguments, **_options):
        raise OSError(number, os.strerror(number))

    return refuse


OLD_LIBRARY = SimpleNamespace()
"""A C library without renameat2."""


@pytest.fixture(params=["link", "renameat2", "placeholder"])
def file_system(request, monkeypatch):
    """One with hard links, one without, and one that cannot even rename without replacing."""
    if request.param != "link":
        monkeypatch.setattr(os, "link", unsupported(errno.EPERM))
    if request.param == "placeholder":
        monkeypatch.setattr(noreplace, "_LIBC", OLD_LIBRARY)
    return request.param


@pytest.mark.parametrize(("rule", "may_replace", "data", "expected", "outcome"), SECOND)
def test_a_second_object_of_the_name(file_system, rule, may_replace, data, expected, outcome, tmp_path):
    sink = directory(tmp_path, on_duplicate=rule, extension=".dcm")
    assert put(sink, NAME, OLD, exclusive=not may_replace).outcome is Outcome.STORED
    with no_leak():
        if outcome is None:
            with pytest.raises(DuplicateError):
                put(sink, NAME, data, exclusive=not may_replace)
        else:
            stored = put(sink, NAME, data, exclusive=not may_replace)
            assert stored.outcome is outcome
            assert contents(tmp_path)[stored.name] == data
    assert contents(tmp_path) == expected
    assert temporaries(tmp_path) == []


@pytest.mark.parametrize("rule", [OnDuplicate.KEEP, OnDuplicate.OVERWRITE])
def test_what_was_set_aside_is_not_set_aside_again(rule, tmp_path):
    """A sender that tries again and again fills no disk."""
    sink = directory(tmp_path, on_duplicate=rule)
    for data in (b"a", b"b", b"c", b"b", b"c", b"a", b"c"):
        put(sink, "CT.1", data, exclusive=True)
    assert contents(tmp_path) == {"CT.1": b"a", "CT.1+1": b"b", "CT.1+2": b"c"}


KEPT = {
    "another sender": (header("OTHER"), NEW, True),
    "no meta header": (b"", NEW, True),
    "another data set": (header(), NEW + b"!", False),
    "another byte": (header(), NEW[:-1] + b"?", False),
    "another transfer syntax": (header(syntax="1.2.840.10008.1.2.4.80"), NEW, False),
}


@pytest.mark.parametrize("second", KEPT)
def test_the_same_content_is_the_same_data_set(second, tmp_path):
    head, data, same = KEPT[second]
    sink = directory(tmp_path, on_duplicate=OnDuplicate.KEEP)
    first = header() if head else b""
    put(sink, "CT.1", NEW, first)
    assert put(sink, "CT.1", data, head).outcome is (Outcome.UNCHANGED if same else Outcome.SET_ASIDE)
    assert contents(tmp_path)["CT.1"] == first + NEW
    assert len(contents(tmp_path)) == (1 if same else 2)


def pretending(length: int, differing: bytes) -> bytes:
    """A data set that looks like a file, with this length of its meta information."""
    return bytes(128) + b"DICM\2\0\0\0UL\4\0" + length.to_bytes(4, "little") + differing + b"the same end"


@pytest.mark.parametrize("length", [0, 5, 17, 1000, 0x7FFFFFFF, 0xFFFFFFFF])
@pytest.mark.parametrize("rule", [OnDuplicate.KEEP, OnDuplicate.OVERWRITE])
def test_a_bare_data_set_is_not_asked_what_it_is(rule, length, tmp_path):
    sink = directory(tmp_path, on_duplicate=rule, bare_data_set=True)
    first, second = pretending(length, b"FIRST"), pretending(length, b"OTHER")
    outcomes = [put(sink, "CT.1", data, exclusive=True).outcome for data in (first, second, first, second)]
    assert outcomes == [Outcome.STORED, Outcome.SET_ASIDE, Outcome.UNCHANGED, Outcome.UNCHANGED]
    assert contents(tmp_path) == {"CT.1": first, "CT.1+1": second}


@pytest.mark.parametrize("length", [1000, 0x7FFFFFFF, 0xFFFFFFFF])
def test_what_begins_beyond_the_end_of_its_file_differs(length, tmp_path):
    (tmp_path / "CT.1").write_bytes(pretending(length, b"FIRST"))
    sink = directory(tmp_path, on_duplicate=OnDuplicate.KEEP)
    for data in (b"", NEW):
        assert put(sink, "CT.1", data, header()).outcome is Outcome.SET_ASIDE


def test_long_uids_do_not_hide_the_transfer_syntax(tmp_path):
    sink = directory(tmp_path, on_duplicate=OnDuplicate.KEEP)
    uids = "1" * 65000, "2" * 65000
    heads = [FileMeta(*uids, syntax, "1.2.3", "TEST", "SENDER").encode() for syntax in ("1.2", "1.3")]
    outcomes = [put(sink, "CT.1", NEW, head).outcome for head in (*heads, *heads)]
    assert outcomes == [Outcome.STORED, Outcome.SET_ASIDE, Outcome.UNCHANGED, Outcome.UNCHANGED]


def test_large_objects_are_compared_to_their_last_byte_however_little_is_read_at_a_time(tmp_path, monkeypatch):
    """Some network file systems give less than was asked for."""
    pread = os.pread
    monkeypatch.setattr(os, "pread", lambda fd, count, offset: pread(fd, min(count, 65536), offset))
    sink = directory(tmp_path, on_duplicate=OnDuplicate.KEEP)
    data = bytes(range(256)) * 13000
    put(sink, "CT.1", data, header())
    assert put(sink, "CT.1", data, header("OTHER")).outcome is Outcome.UNCHANGED
    for position in (65536, 1 << 20, len(data) - 1):
        changed = data[:position] + bytes([data[position] ^ 1]) + data[position + 1 :]
        assert put(sink, "CT.1", changed, header()).outcome is Outcome.SET_ASIDE


OBSTACLES = {
    "directory": lambda path: path.mkdir(),
    "fifo": os.mkfifo,
    "symbolic link": lambda path: path.symlink_to("/etc/hostname"),
    "dangling link": lambda path: path.symlink_to("nowhere"),
}


@pytest.mark.parametrize("rule", [OnDuplicate.KEEP, OnDuplicate.RENAME])
@pytest.mark.parametrize("obstacle", OBSTACLES)
def test_a_name_that_is_no_file(obstacle, rule, tmp_path):
    OBSTACLES[obstacle](tmp_path / "CT.1")
    sink = directory(tmp_path, on_duplicate=rule)
    with no_leak():
        assert put(sink, "CT.1", NEW).name == "CT.1+1"
    assert (tmp_path / "CT.1+1").read_bytes() == NEW


def counted(calls: list[str], name: str, call):
    """A system call that leaves a mark when it is about a name in a directory."""

    def mark(*arguments, **options):
        calls.extend([name] if set(options) & {"dir_fd", "dst_dir_fd"} else [])
        return call(*arguments, **options)

    return mark


@pytest.mark.parametrize("gap", [None, 1, 4, 299])
def test_however_many_have_the_name_a_number_is_found_in_few_attempts(gap, tmp_path, monkeypatch):
    numbers = range(1, 301)
    for name in ("CT.1.dcm", *(f"CT.1+{number}.dcm" for number in numbers if number != gap)):
        (tmp_path / name).write_bytes(OLD)
    sink = directory(tmp_path, on_duplicate=OnDuplicate.RENAME, extension=".dcm")
    calls: list[str] = []
    for name in ("link", "stat"):
        monkeypatch.setattr(os, name, counted(calls, name, getattr(os, name)))
    with no_leak():
        stored = put(sink, "CT.1.dcm", NEW)
    assert stored.outcome is Outcome.SET_ASIDE
    assert stored.name in {"CT.1+301.dcm", f"CT.1+{gap}.dcm"}
    assert calls.count("link") == 2
    assert calls.count("stat") <= 2 * len(f"{300:b}") + 2
    found = contents(tmp_path)
    assert found.pop(stored.name) == NEW
    assert set(found.values()) == {OLD}


@pytest.mark.parametrize("rule", [OnDuplicate.KEEP, OnDuplicate.RENAME, OnDuplicate.REJECT])
def test_a_failed_move_takes_no_name(rule, tmp_path, monkeypatch):
    """Without hard links and without renameat2 the name is reserved first."""
    sink = directory(tmp_path, on_duplicate=rule)
    with monkeypatch.context() as broken, no_leak():
        broken.setattr(os, "link", unsupported(errno.EPERM))
        broken.setattr(noreplace, "_LIBC", OLD_LIBRARY)
        broken.setattr(os, "rename", unsupported(errno.EIO))
        with pytest.raises(StorageError):
            put(sink, "CT.1", OLD)
    assert contents(tmp_path) == {}
    assert temporaries(tmp_path) == []
    assert put(sink, "CT.1", NEW).outcome is Outcome.STORED


PROCESSES, EACH = 4, 25


def flat(lists):
    return list(itertools.chain.from_iterable(lists))


def distinct() -> list[list[bytes]]:
    return [[f"{process} {number} ".encode() * 500 for number in range(EACH)] for process in range(PROCESSES)]


@pytest.mark.parametrize("rule", [OnDuplicate.KEEP, OnDuplicate.RENAME])
def test_of_many_at_once_none_is_lost(rule, tmp_path):
    payloads = distinct()
    outcomes = flat(race(put_many, PROCESSES, tmp_path, rule, payloads))
    assert sorted(contents(tmp_path).values()) == sorted(flat(payloads))
    assert sorted(contents(tmp_path)) == sorted(
        ["CT.1.dcm", *(f"CT.1+{number}.dcm" for number in range(1, PROCESSES * EACH))]
    )
    assert outcomes.count("STORED") == 1
    assert temporaries(tmp_path) == []


def test_of_many_at_once_one_is_stored_where_the_others_are_rejected(tmp_path):
    payloads = distinct()
    outcomes = race(put_many, PROCESSES, tmp_path, OnDuplicate.REJECT, payloads)
    [process] = [number for number, own in enumerate(outcomes) if "STORED" in own]
    assert contents(tmp_path) == {"CT.1.dcm": payloads[process][outcomes[process].index("STORED")]}
    assert flat(outcomes).count("DUPLICATE") == PROCESSES * EACH - 1
    assert temporaries(tmp_path) == []


def test_of_many_at_once_the_one_that_overwrote_last_is_whole(tmp_path):
    payloads = distinct()
    outcomes = race(put_many, PROCESSES, tmp_path, OnDuplicate.OVERWRITE, payloads)
    assert set(flat(outcomes)) <= {"STORED", "REPLACED"}
    [(name, data)] = contents(tmp_path).items()
    assert name == "CT.1.dcm"
    assert data in [own[-1] for own in payloads]
    assert temporaries(tmp_path) == []


def test_of_many_equal_ones_at_once_one_is_stored(tmp_path):
    payloads = [[b"the same" * 1000] * EACH] * PROCESSES
    outcomes = flat(race(put_many, PROCESSES, tmp_path, OnDuplicate.KEEP, payloads))
    assert contents(tmp_path) == {"CT.1.dcm": payloads[0][0]}
    assert sorted(outcomes) == ["STORED"] + ["UNCHANGED"] * (PROCESSES * EACH - 1)
