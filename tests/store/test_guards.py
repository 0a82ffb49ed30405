"""Free space, inodes, the file that tells a mounted spool, modes and groups."""

import itertools
import os
import stat
import threading
import zlib
from contextlib import contextmanager

import pytest

from storescpd.store import StorageError
from tests.dataset.build import DEFLATED, element, item
from tests.dataset.build import LITTLE as EXPLICIT_LITTLE
from tests.store.sink import INCOMING, contents, directory, no_leak, put, temporaries
from tests.support.daemon import storescpd
from tests.support.mounts import tmpfs
from tests.support.processes import eventually
from tests.support.rawclient import RawAssociation
from tests.support.scenes import SUCCESS, associate, file_of, small, store
from tests.support.tools import needs_root

MIB = 1 << 20
CT_IMAGE, INSTANCE = "1.2.840.10008.5.1.4.1.1.2", b"1.2.3\0"
OUT_OF_RESOURCES = 0xA700
HEAD = element(0x00080016, "UI", CT_IMAGE.encode() + b"\0") + element(0x00080018, "UI", INSTANCE)
BIG_OBJECT = HEAD + element(0x7FE00010, "OW", bytes(60 * MIB))
MANY_ITEMS = HEAD + element(0x00081140, "SQ", item(element(0x00100020, "LO")) * 4000)


def deflated(data: bytes) -> bytes:
    deflate = zlib.compressobj(9, wbits=-zlib.MAX_WBITS)
    made = deflate.compress(data) + deflate.flush()
    return made + bytes(len(made) % 2)


def free(directory) -> int:
    space = os.statvfs(directory)
    return space.f_bavail * space.f_frsize


@contextmanager
def watching(look):
    """Look again and again meanwhile."""
    done = threading.Event()

    def run() -> None:
        while not done.is_set():
            look()

    watcher = threading.Thread(target=run)
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()


def association_for(port: int, syntax: str) -> RawAssociation:
    return RawAssociation(port, [(1, CT_IMAGE, [syntax])])


def fill(sink) -> None:
    for number in itertools.count(1):
        put(sink, f"CT.{number}", b"")


@contextmanager
def umask(mask: int):
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)


@needs_root
@pytest.mark.root
def test_min_free_is_what_must_be_left_before_an_object(tmp_path):
    with tmpfs(tmp_path / "out", "size=4m") as target:
        sink = directory(target, min_free=2 * MIB)
        put(sink, "CT.1", bytes(MIB))
        put(sink, "CT.2", bytes(MIB))
        put(sink, "CT.3", b"with exactly so much left")
        with no_leak(), pytest.raises(StorageError, match="min_free"):
            put(sink, "CT.4", b"")
        assert temporaries(target) == []
        (target / "CT.1").unlink()
        put(sink, "CT.4", b"")
        assert set(contents(target)) == {"CT.2", "CT.3", "CT.4"}


GROWING = {
    "plain": (EXPLICIT_LITTLE, BIG_OBJECT, {}),
    "inflated": (DEFLATED, deflated(BIG_OBJECT), {}),
    "inflated and deflated again": (DEFLATED, deflated(BIG_OBJECT), {"transfer_syntax": "deflated"}),
    "padded items": (EXPLICIT_LITTLE, MANY_ITEMS, {"padding": {"item": 16384}}),
    "padded files": (EXPLICIT_LITTLE, HEAD, {"padding": {"file": 64 * MIB}}),
}


@needs_root
@pytest.mark.root
@pytest.mark.parametrize("kind", GROWING)
@pytest.mark.parametrize("limit", ["min_free", "max_object_size"])
def test_limits_hold_while_an_object_is_written(limit, kind, tmp_path):
    syntax, data, encoding = GROWING[kind]
    if limit == "max_object_size" and kind == "padded files":
        # Padding beyond the limit is refused at the start: here the object and its padding are too large together.
        data, encoding = HEAD + element(0x7FE00010, "OW", bytes(12 * MIB)), {"padding": {"file": 11 * MIB}}
    limits = {"min_free": "40 MiB"} if limit == "min_free" else {"min_free": 0, "max_object_size": "20 MiB"}
    config = {"storage": limits, "encoding": encoding, "negotiation": {"prefer": "deflated"}}
    with tmpfs(tmp_path / "out", "size=72m") as target, storescpd(target, config) as daemon:
        least = [free(target)]
        with watching(lambda: least.append(free(target))), association_for(daemon.port, syntax) as association:
            assert association.store(1, CT_IMAGE, "1.2.3", data) == OUT_OF_RESOURCES
        assert daemon.stored() == daemon.incoming() == []
        assert min(least) >= (30 if limit == "min_free" else 40) * MIB


def test_how_far_a_deflated_object_may_inflate_can_be_limited(tmp_path):
    with (
        storescpd(
            tmp_path / "out", {"storage": {"max_inflation": 100}, "negotiation": {"prefer": "deflated"}}
        ) as daemon,
        association_for(daemon.port, DEFLATED) as association,
    ):
        assert association.store(1, CT_IMAGE, "1.2.3", deflated(BIG_OBJECT)) == OUT_OF_RESOURCES
        assert association.store(1, CT_IMAGE, "1.2.3", deflated(HEAD)) == SUCCESS
        assert [path.name for path in daemon.stored()] == ["CT.1.2.3"]


@needs_root
@pytest.mark.root
@pytest.mark.parametrize(("min_free", "stored"), [(1, range(980, 991)), (0, range(991, 1000))])
def test_the_last_hundredth_of_the_inodes_is_left_alone(min_free, stored, tmp_path):
    with tmpfs(tmp_path / "out", "size=16m,nr_inodes=1000") as target:
        sink = directory(target, min_free=min_free)
        with no_leak(), pytest.raises(StorageError):
            fill(sink)
        assert len(contents(target)) in stored


@pytest.mark.parametrize("required", ["mounted", "below/mounted"])
def test_the_required_file(required, tmp_path):
    sink = directory(tmp_path, required_file=required)
    with no_leak(), pytest.raises(StorageError, match="mounted"):
        put(sink, "CT.1", b"data")
    assert list(tmp_path.iterdir()) == []
    (tmp_path / required).parent.mkdir(exist_ok=True)
    (tmp_path / required).mkdir()
    put(sink, "CT.1", b"data")


@pytest.mark.parametrize("mask", [0o000, 0o022, 0o077, 0o177])
@pytest.mark.parametrize("mode", [0o640, 0o600, 0o444, 0o664, 0o777])
def test_the_mode_is_exact_whatever_the_umask(mode, mask, tmp_path):
    with umask(mask):
        sink = directory(tmp_path / "out", file_mode=mode)
        # The second one is the copy of a rewrite.
        put(sink, "CT.1", b"data")
        writer = sink.begin(b"")
        writer.write([b"data"])
        writer.finish(b"header", None)
        [temporary] = (tmp_path / "out" / INCOMING).iterdir()
        found = [stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "out" / "CT.1", temporary)]
        writer.abandon()
    assert found == [mode, mode]


def test_nobody_else_sees_an_object_before_it_has_its_place(tmp_path):
    with umask(0):
        sink = directory(tmp_path, file_mode=0o777)
        put(sink, "CT.1", b"data")
    assert stat.S_IMODE((tmp_path / ".storescpd").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / INCOMING).stat().st_mode) == 0o700


@needs_root
@pytest.mark.root
def test_the_group_is_the_configured_one(tmp_path):
    sink = directory(tmp_path, group=12345)
    put(sink, "CT.1", b"data")
    assert (tmp_path / "CT.1").stat().st_gid == 12345


@needs_root
@pytest.mark.root
def test_without_one_the_directorys_own_rule_decides(tmp_path):
    os.chown(tmp_path, -1, 12345)
    tmp_path.chmod(0o2770)
    put(directory(tmp_path), "CT.1", b"data")
    assert (tmp_path / "CT.1").stat().st_gid == 12345


@needs_root
@pytest.mark.root
def test_mode_group_and_umask_of_the_configuration(tmp_path):
    template = small()
    config = {
        "process": {"umask": "0077"},
        "storage": {"file_mode": "0664", "group": "12345"},
        "logging": {"destination": str(tmp_path / "log")},
    }
    with storescpd(tmp_path / "out", config, wait=False) as daemon:
        eventually(lambda: (tmp_path / "log").exists() and "serving" in (tmp_path / "log").read_text())
        port = int((tmp_path / "log").read_text().split("127.0.0.1:")[1].split()[0])
        with associate(port) as association:
            assert store(association, template, 1) == SUCCESS
            association.release()
        status = file_of(daemon.directory, template, 1).stat()
    assert (stat.S_IMODE(status.st_mode), status.st_gid) == (0o664, 12345)
    assert stat.S_IMODE((tmp_path / "log").stat().st_mode) == 0o600


def test_a_group_that_does_not_exist_ends_the_start(tmp_path):
    for group in ("no-such-group", "99999999999"):
        with storescpd(tmp_path / "out", {"storage": {"group": group}}, wait=False) as daemon:
            assert daemon.wait() == 1
            assert "storage.group" in daemon.log()
