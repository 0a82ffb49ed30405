"""Storage that fails: A700, the association lives, what was there stays, and after the repair objects are stored."""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.daemon import storescpd
from tests.support.mounts import mount, tmpfs
from tests.support.objects import ct
from tests.support.scenes import (
    ECHO,
    OUT_OF_RESOURCES,
    SUCCESS,
    associate,
    begin,
    file_of,
    finish,
    small,
    store,
    whole,
)
from tests.support.tools import need, needs_root


def refused_then_stored(directory: Path, port: int, repair: Callable[[], object]) -> None:
    """Object 1 is there already; the store of 2 fails, and of 1 again, until the repair."""
    template = small()
    with associate(port) as association:
        assert store(association, template, 2) == OUT_OF_RESOURCES
        assert association.echo(ECHO) == SUCCESS
        assert store(association, template, 1) == OUT_OF_RESOURCES
        assert not file_of(directory, template, 2).exists()
        repair()
        assert store(association, template, 2) == SUCCESS
        assert store(association, template, 1) == SUCCESS
        association.release()
    assert whole(directory, template, 1)
    assert whole(directory, template, 2)


def store_first(port: int) -> None:
    with associate(port) as association:
        assert store(association, small(), 1) == SUCCESS
        association.release()


def without_blocks(directory: Path) -> Callable[[], object]:
    """Leave less room than an object needs; returns the repair."""
    mount("-o", "remount,size=112k", str(directory))
    return lambda: mount("-o", "remount,size=4m", str(directory))


def without_inodes(directory: Path) -> Callable[[], object]:
    """Use up all the inodes; returns the repair."""
    fillers = [directory / f"filler-{number}" for number in range(os.statvfs(directory).f_ffree)]
    for filler in fillers:
        filler.mkdir()
    return lambda: [filler.rmdir() for filler in fillers]


@needs_root
@pytest.mark.root
@pytest.mark.parametrize("exhaust", [without_blocks, without_inodes])
@pytest.mark.parametrize("bit_preserving", [False, True])
def test_a_full_disk(exhaust, bit_preserving, tmp_path):
    config = {"storage": {"bit_preserving": bit_preserving}}
    with tmpfs(tmp_path / "out", "size=4m,nr_inodes=100") as target, storescpd(target, config) as daemon:
        store_first(daemon.port)
        repair = exhaust(target)
        refused_then_stored(target, daemon.port, repair)
        assert daemon.incoming() == []


@needs_root
@pytest.mark.root
def test_an_earlier_copy_survives_a_full_disk(tmp_path):
    template = small()
    with tmpfs(tmp_path / "out", "size=4m") as target, storescpd(target) as daemon:
        store_first(daemon.port)
        mount("-o", "remount,size=112k", str(target))
        before = file_of(target, template, 1).read_bytes()
        with associate(daemon.port) as association:
            assert association.store(1, template.sop_class, template.instance(1), ct().bytes(1)) == OUT_OF_RESOURCES
            association.release()
        assert file_of(target, template, 1).read_bytes() == before
        assert daemon.incoming() == []


@needs_root
@pytest.mark.root
def test_a_read_only_file_system(tmp_path):
    with tmpfs(tmp_path / "out", "size=4m") as target, storescpd(target) as daemon:
        store_first(daemon.port)
        mount("-o", "remount,ro", str(target))
        refused_then_stored(target, daemon.port, lambda: mount("-o", "remount,rw", str(target)))
        assert daemon.incoming() == []


MORTAL = ("setpriv", "--bounding-set=-dac_override,-dac_read_search", "--inh-caps=-all")
"""Root who may not write everywhere."""


def test_a_read_only_directory(tmp_path):
    target = tmp_path / "out"
    need("setpriv")
    with storescpd(target, prefix=MORTAL if os.geteuid() == 0 else ()) as daemon:
        store_first(daemon.port)
        folders = [target, target / ".storescpd", target / ".storescpd" / "incoming"]
        for folder in folders:
            folder.chmod(0o555)
        refused_then_stored(target, daemon.port, lambda: [folder.chmod(0o755) for folder in folders])


def test_a_directory_that_was_moved_away(tmp_path):
    target = tmp_path / "out"
    with storescpd(target) as daemon:
        store_first(daemon.port)
        target.rename(tmp_path / "elsewhere")
        refused_then_stored(target, daemon.port, lambda: (tmp_path / "elsewhere").rename(target))


def test_a_directory_that_was_removed(tmp_path):
    target = tmp_path / "out"
    with storescpd(target) as daemon:
        store_first(daemon.port)
        shutil.rmtree(target)
        refused_then_stored(target, daemon.port, target.mkdir)


def test_a_directory_that_vanishes_under_an_object(tmp_path):
    template, target = small(), tmp_path / "out"
    with storescpd(target) as daemon, associate(daemon.port) as association:
        rest = begin(association, template, 1)
        while not daemon.incoming():
            assert daemon.process.poll() is None
        shutil.rmtree(target)
        assert finish(association, rest) == OUT_OF_RESOURCES
        target.mkdir()
        assert store(association, template, 1) == SUCCESS
        association.release()
        assert whole(target, template, 1)


def test_a_name_that_is_a_directory(tmp_path):
    template, target = small(), tmp_path / "out"
    with storescpd(target) as daemon:
        obstacle = file_of(target, template, 1)
        obstacle.mkdir()
        (obstacle / "kept").touch()
        with associate(daemon.port) as association:
            assert store(association, template, 1) == OUT_OF_RESOURCES
            assert store(association, template, 2) == SUCCESS
            assert (obstacle / "kept").exists()
            shutil.rmtree(obstacle)
            assert store(association, template, 1) == SUCCESS
            association.release()
        assert whole(target, template, 1)
        assert daemon.incoming() == []


@pytest.mark.parametrize("bit_preserving", [False, True])
def test_a_short_write_is_never_a_success(bit_preserving, tmp_path):
    """A file size limit cuts the write short and fails the next one."""
    need("prlimit")
    template, target = small(), tmp_path / "out"
    config = {"storage": {"bit_preserving": bit_preserving}}
    with (
        storescpd(target, config, prefix=("prlimit", "--fsize=100000")) as daemon,
        associate(daemon.port) as association,
    ):
        assert store(association, template, 1) == SUCCESS
        big = ct()
        assert association.store(1, big.sop_class, big.instance(2), big.bytes(2)) == OUT_OF_RESOURCES
        assert association.store(1, big.sop_class, big.instance(1), big.bytes(1)) == OUT_OF_RESOURCES
        assert association.echo(ECHO) == SUCCESS
        assert store(association, template, 3) == SUCCESS
        association.release()
        assert [path.name for path in daemon.stored()] == [f"CT.{template.instance(number)}" for number in (1, 3)]
        assert whole(target, template, 1)
        assert whole(target, template, 3)
        assert daemon.incoming() == []


FAILING_CALLS = {
    "sync of the file": ("full", "fsync,fdatasync:error=EIO"),
    "sync of the data": ("file", "fsync,fdatasync:error=EIO"),
    "move": ("none", "rename,renameat,renameat2,link,linkat:error=EIO"),
    "write": ("none", "writev,pwritev,pwritev2,pwrite64:error=ENOSPC"),
}


@pytest.mark.parametrize("failing", FAILING_CALLS)
def test_a_call_that_fails_is_never_a_success(failing, tmp_path):
    """Injected into the worker alone once it serves, and taken away again: the same worker goes on."""
    need("strace")
    durability, injection = FAILING_CALLS[failing]
    template, target = small(), tmp_path / "out"
    with storescpd(target, {"storage": {"durability": durability}}) as daemon, associate(daemon.port) as association:
        assert store(association, template, 1) == SUCCESS
        [worker] = daemon.worker_pids()
        with injected(worker, injection):
            assert store(association, template, 1) == OUT_OF_RESOURCES
            assert store(association, template, 2) == OUT_OF_RESOURCES
            assert association.echo(ECHO) == SUCCESS
        assert whole(target, template, 1)
        assert not file_of(target, template, 2).exists()
        assert daemon.incoming() == []
        assert store(association, template, 2) == SUCCESS
        association.release()
        assert whole(target, template, 2)


@contextmanager
def injected(pid: int, injection: str) -> Iterator[None]:
    """Make system calls of a running process, all its threads included, fail."""
    calls = injection.partition(":")[0]
    tracer = subprocess.Popen(
        ["strace", "-f", "-e", f"trace={calls}", "-e", f"inject={injection}", "-p", str(pid)],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
    )  # fmt: skip
    assert tracer.stderr is not None
    try:
        line = tracer.stderr.readline()
        if b"ttach" not in line or b"not permitted" in line:
            pytest.skip(f"no tracing here: {line.decode()}")
        yield
    finally:
        tracer.terminate()
        tracer.communicate()


def test_a_required_file(tmp_path):
    target = tmp_path / "out"
    target.mkdir()
    (target / "mounted").touch()
    with storescpd(target, {"storage": {"required_file": "mounted"}}) as daemon:
        store_first(daemon.port)
        (target / "mounted").unlink()
        refused_then_stored(target, daemon.port, (target / "mounted").touch)


def test_too_little_free_space(tmp_path):
    with storescpd(tmp_path / "out", {"storage": {"min_free": "1000000 GiB"}}) as daemon:
        with associate(daemon.port) as association:
            assert store(association, small(), 1) == OUT_OF_RESOURCES
            assert association.echo(ECHO) == SUCCESS
            association.release()
        assert daemon.stored() == daemon.incoming() == []


def test_an_object_that_is_too_large(tmp_path):
    template, target = small(), tmp_path / "out"
    with storescpd(target, {"storage": {"max_object_size": 100_000}}) as daemon, associate(daemon.port) as association:
        big = ct()
        assert association.store(1, big.sop_class, big.instance(1), big.bytes(1)) == OUT_OF_RESOURCES
        assert store(association, template, 2) == SUCCESS
        association.release()
        assert [path.name for path in daemon.stored()] == [f"CT.{template.instance(2)}"]
        assert daemon.incoming() == []
