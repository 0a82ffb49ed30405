"""Each system call of a store fails in turn: nothing leaks, nothing half-written is seen, nothing old is lost."""

import errno
import itertools
from pathlib import Path
from tempfile import gettempdir

import pytest

from storescpd.dataset import Extent, Patch, Plan
from storescpd.store import Directory, DuplicateError, Durability, OnDuplicate, Place, StorageError, Stored
from tests.store.faults import failing, short
from tests.store.sink import committed, contents, directory, header, no_leak, put, temporaries

NAME, OLD = "CT.1", b"what was there before"
PIECES = [b"first ", b"second ", b"third"]
HEAD = header()


def plain(sink: Directory) -> Stored:
    writer = sink.begin(HEAD)
    return finished(writer, lambda: writer.write(PIECES))


def rearranged(sink: Directory) -> Stored:
    """Every way of a writer: pieces, a patch, another header, another order."""
    writer = sink.begin(HEAD)

    def steps() -> None:
        writer.emit([PIECES[1], PIECES[0], Patch(0, b"S"), Patch(0, b"s"), PIECES[2]])
        writer.finish(header("SOMEBODY ELSE"), Plan((Extent(7, 6), Extent(0, 7), Extent(13, 5)), None))

    return finished(writer, steps)


def finished(writer, steps) -> Stored:
    """What the reception of an object does with a writer: an error of any step before the commit abandons it."""
    try:
        steps()
    except OSError as error:
        writer.abandon()
        raise StorageError(str(error)) from error
    return committed(writer, Place(NAME))


WAYS = {
    "overwrite": (plain, {}, HEAD, {NAME}),
    "rearranged": (rearranged, {}, header("SOMEBODY ELSE"), {NAME}),
    "keep": (plain, {"on_duplicate": OnDuplicate.KEEP}, HEAD, {"CT.1+1"}),
    "rename": (plain, {"on_duplicate": OnDuplicate.RENAME}, HEAD, {"CT.1+1"}),
    "reject": (plain, {"on_duplicate": OnDuplicate.REJECT}, HEAD, {NAME}),
    "nameless": (plain, {"aside": ()}, HEAD, {NAME}),
    "nameless, rearranged": (rearranged, {"aside": (gettempdir(),)}, header("SOMEBODY ELSE"), {NAME}),
    "unsynced": (plain, {"durability": Durability.NONE}, HEAD, {NAME}),
    "group and guards": (plain, {"group": 0, "min_free": 1, "required_file": "mounted"}, HEAD, {NAME}),
}


def store(way, sink: Directory) -> Stored | None:
    """The object's place, or nothing when its sender is told that it has none."""
    try:
        return way(sink)
    except (StorageError, DuplicateError):
        return None


def prepared(path: Path) -> None:
    (path / "mounted").touch()
    (path / NAME).write_bytes(OLD)


@pytest.mark.parametrize("number", [errno.EIO, errno.ENOSPC, errno.EMFILE], ids=errno.errorcode.get)
@pytest.mark.parametrize("way", WAYS)
def test_every_call_that_can_fail(way, number, tmp_path):
    steps, settings, head, may_hold = WAYS[way]
    whole = head + b"".join(PIECES)
    failed = []
    for when in itertools.count(1):
        target = tmp_path / str(when)
        # A mode that the umask takes from: it has to be set.
        sink = directory(target, file_mode=0o666, **settings)
        prepared(target)
        with no_leak(), failing(when, number) as fault:
            stored = store(steps, sink)
        found = contents(target)
        assert found.pop("mounted") == b""
        assert found[NAME] in (OLD, whole), fault.failed
        assert set(found) <= {NAME} | may_hold, fault.failed
        assert all(data in (OLD, whole) for data in found.values()), fault.failed
        if stored:
            assert found[stored.name] == whole, fault.failed
        if fault.failed != "unlink":
            assert temporaries(target) == [], fault.failed
        if not fault.failed:
            break
        failed.append(fault.failed)
        if fault.failed in {"fdatasync", "writev", "fchmod", "flock"}:
            assert stored is None, fault.failed
            assert found == {NAME: OLD}, fault.failed
    assert stored is None if way == "reject" else stored
    assert {"open", "writev", "fchmod", "close", "flock"} <= set(failed)
    assert ("fdatasync" in failed) == (way != "unsynced")


def test_a_failed_sync_is_not_tried_again(tmp_path):
    """After the first failure the kernel may say that all is well while the pages are lost."""
    sink = directory(tmp_path)
    writer = sink.begin(HEAD)
    writer.write(PIECES)
    with failing(1) as fault, pytest.raises(StorageError):
        writer.commit(Place(NAME))
    # 1: fdatasync fails; then the temporary file is removed and two descriptors are closed.
    assert (fault.failed, fault.count) == ("fdatasync", 4)
    assert contents(tmp_path) == {}


def test_a_failure_of_the_directory_alone_leaves_the_new_object_whole(tmp_path):
    """It is not told as success, but the old one is gone already: the new one stands (and may be sent again)."""
    for when in itertools.count(1):
        sink = directory(tmp_path / str(when))
        (tmp_path / str(when) / NAME).write_bytes(OLD)
        with failing(when) as fault:
            stored = store(plain, sink)
        if fault.failed == "fsync":
            break
    assert stored is None
    assert contents(tmp_path / str(when)) == {NAME: HEAD + b"".join(PIECES)}


@pytest.mark.parametrize("most", [1, 7, 100])
def test_short_writes_lose_nothing(most, tmp_path):
    pieces = [bytes([number]) * (number % 5) for number in range(200)]
    with short(most):
        writer = directory(tmp_path).begin(HEAD)
        writer.emit([*pieces, Patch(3, b"patched"), b"the end"])
        writer.finish(HEAD, None)
        committed(writer, Place(NAME))
    data = b"".join(pieces)
    assert contents(tmp_path) == {NAME: HEAD + data[:3] + b"patched" + data[10:] + b"the end"}


@pytest.mark.parametrize("error", [MemoryError, KeyboardInterrupt])
def test_what_is_no_error_of_the_file_system_leaves_nothing_either(error, tmp_path, monkeypatch):
    def unexpected(*_arguments, **_options):
        raise error

    sink = directory(tmp_path, file_mode=0o666)
    put(sink, "first", b"makes the folders")
    for name in ("os.rename", "os.fchmod", "os.fdatasync"):
        with no_leak(), monkeypatch.context() as patch:
            patch.setattr(name, unexpected)
            with pytest.raises(error):
                put(sink, NAME, b"data")
        assert set(contents(tmp_path)) == {"first"}
        assert temporaries(tmp_path) == []
