"""What the kernel is asked for before a success status leaves, seen from outside of the daemon."""

import re

import pytest

from tests.support.daemon import storescpd
from tests.support.scenes import ECHO, OUT_OF_RESOURCES, SUCCESS, associate, file_of, small, store, whole
from tests.support.tracing import Call, traced

CALLS = "openat,write,writev,pwrite64,fsync,fdatasync,sync_file_range,rename,renameat,renameat2,link,linkat,sendto"
MOVES = {"rename", "renameat", "renameat2", "link", "linkat"}
SYNCS = {"fsync", "fdatasync"}


def step(call: Call, directory: str) -> str:
    """What a call means for the object; nothing for those that mean nothing."""
    on_temporary = f"<{directory}/.storescpd/incoming/" in call.arguments
    on_directory = re.match(rf"\d+<{re.escape(directory)}>", call.arguments) is not None
    if call.name in {"write", "writev", "pwrite64"} and on_temporary:
        return "write"
    if call.name in SYNCS and on_temporary:
        return "sync file"
    if call.name in SYNCS and on_directory:
        return "sync directory"
    if call.name in SYNCS:
        return "sync existing"
    if call.name in MOVES and on_directory:
        return "move"
    return "answer" if call.name == "sendto" else ""


def steps(calls: list[Call], directory: str) -> list[str]:
    """The steps in their order, each run of equal ones once."""
    found = [name for call in calls if call.result >= 0 and (name := step(call, directory))]
    return [name for number, name in enumerate(found) if not number or found[number - 1] != name]


ORDER = {
    "full": ["write", "sync file", "move", "sync directory", "answer"],
    "file": ["write", "sync file", "move", "answer"],
    "none": ["write", "move", "answer"],
}


@pytest.mark.parametrize("rule", ["overwrite", "rename"])
@pytest.mark.parametrize("durability", ORDER)
def test_the_order_of_an_object(durability, rule, tmp_path):
    template, target = small(), tmp_path / "out"
    config = {"storage": {"durability": durability, "on_duplicate": rule}}
    with storescpd(target, config) as daemon, associate(daemon.port) as association:
        assert store(association, template, 1) == SUCCESS
        [worker] = daemon.worker_pids()
        with traced(worker, CALLS, tmp_path / "trace") as trace:
            assert store(association, template, 1) == SUCCESS
            assert association.echo(ECHO) == SUCCESS  # the call that sent the status has returned for the trace too
        assert steps(trace.calls(), str(target)) == ORDER[durability]
        association.release()


SAME = {
    "full": ["write", "sync file", "sync existing", "sync directory", "answer"],
    "file": ["write", "sync file", "sync existing", "answer"],
    "none": ["write", "answer"],
}


@pytest.mark.parametrize("durability", SAME)
def test_an_object_that_is_there_already_is_made_durable_too(durability, tmp_path):
    """Another thread may have stored it without having come to its own sync."""
    template, target = small(), tmp_path / "out"
    config = {"storage": {"durability": durability, "on_duplicate": "keep"}}
    with storescpd(target, config) as daemon, associate(daemon.port) as association:
        assert store(association, template, 1) == SUCCESS
        [worker] = daemon.worker_pids()
        with traced(worker, CALLS, tmp_path / "trace") as trace:
            assert store(association, template, 1) == SUCCESS
            assert association.echo(ECHO) == SUCCESS  # the call that sent the status has returned for the trace too
        assert steps(trace.calls(), str(target)) == SAME[durability]
        synced = [call.arguments for call in trace.calls() if call.name in SYNCS]
        assert any(f"<{file_of(target, template, 1)}>" in one for one in synced) == (durability != "none")
        association.release()
        assert daemon.stored() == [file_of(target, template, 1)]


@pytest.mark.parametrize("durability", ["full", "file"])
@pytest.mark.parametrize("error", ["EIO", "ENOSPC", "EDQUOT"])
def test_a_sync_that_fails_is_final(error, durability, tmp_path):
    """The kernel forgets a failure that it has told once: asked again it would say that all is well."""
    template, target = small(), tmp_path / "out"
    with storescpd(target, {"storage": {"durability": durability}}) as daemon, associate(daemon.port) as association:
        assert store(association, template, 1) == SUCCESS
        [worker] = daemon.worker_pids()
        with traced(worker, CALLS, tmp_path / "trace", f"fdatasync,fsync:error={error}:when=1") as trace:
            assert store(association, template, 2) == OUT_OF_RESOURCES
        assert [call.name for call in trace.calls() if call.name in SYNCS] == ["fdatasync"]
        assert [call.name for call in trace.calls() if call.name in MOVES] == []
        assert daemon.stored() == [file_of(target, template, 1)]
        assert daemon.incoming() == []
        assert store(association, template, 2) == SUCCESS
        association.release()
        assert whole(target, template, 2)


@pytest.mark.parametrize("injection", ["linkat:error=EPERM", "linkat,renameat2:error=EOPNOTSUPP"])
def test_a_file_system_without_hard_links(injection, tmp_path):
    template, target = small(), tmp_path / "out"
    with (
        storescpd(target, {"storage": {"on_duplicate": "rename"}}) as daemon,
        associate(daemon.port) as association,
    ):
        assert store(association, template, 1) == SUCCESS
        [worker] = daemon.worker_pids()
        with traced(worker, CALLS, tmp_path / "trace", injection) as trace:
            assert [store(association, template, number) for number in (1, 2)] == [SUCCESS] * 2
        refused = {call.name for call in trace.calls() if call.result < 0 and call.name in MOVES}
        assert refused >= set(injection.partition(":")[0].split(","))
        association.release()
        first, second = (file_of(target, template, number) for number in (1, 2))
        again = first.with_name(first.name + "+1")
        assert daemon.stored() == sorted([first, again, second])
        assert again.read_bytes() == first.read_bytes()
        assert whole(target, template, 2)
        assert daemon.incoming() == []
