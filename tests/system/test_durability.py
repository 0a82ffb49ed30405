"""What is done before an object is answered with success, and in which order, as the kernel sees it."""

import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.daemon import storescpd
from tests.support.scenes import ECHO, SUCCESS, associate, file_of, small, store
from tests.support.tools import need

WATCHED = "fsync,fdatasync,rename,renameat,renameat2,link,linkat,sendto,sendmsg,write,openat"
CALL = re.compile(r"(?P<name>\w+)\((?P<arguments>.*)\)\s+= (?P<result>-?\d+|\?)")
UNFINISHED, RESUMED = " <unfinished ...>", re.compile(r"<\.\.\. \w+ resumed>")


@contextmanager
def traced(pid: int, log: Path) -> Iterator[None]:
    """Write down a running process's calls, with paths for descriptors."""
    need("strace")
    tracer = subprocess.Popen(
        ["strace", "-f", "-y", "-o", str(log), "-e", f"trace={WATCHED}", "-p", str(pid)],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
    )  # fmt: skip
    assert tracer.stderr is not None
    try:
        line = tracer.stderr.readline()
        if b"ttached" not in line:
            pytest.skip(f"no tracing here: {line.decode()}")
        yield
    finally:
        tracer.terminate()
        tracer.communicate()


def completed(log: Path) -> Iterator[str]:
    """The calls in the order in which they ended; what another thread interrupted is put together again."""
    begun: dict[str, str] = {}
    for line in log.read_text().splitlines():
        thread, _, text = line.partition(" ")
        if text.endswith(UNFINISHED):
            begun[thread] = text.removesuffix(UNFINISHED)
        else:
            yield RESUMED.sub(lambda _, thread=thread: begun.pop(thread, ""), text).strip()


def steps(log: Path, directory: Path) -> list[str]:
    """The calls that matter, by what they do."""
    found = []
    for line in completed(log):
        call = CALL.match(line)
        if call is None or call["result"].startswith("-"):
            continue
        name, arguments = call["name"], call["arguments"]
        if name in {"fsync", "fdatasync"}:
            found.append("sync directory" if arguments.endswith(f"<{directory}>") else "sync file")
        elif name.startswith(("rename", "link")):
            found.append("move")
        elif "socket:" in arguments or "TCP:" in arguments:
            found.append("answer")
    return found


EXPECTED = {
    "none": ["move", "answer"],
    "file": ["sync file", "move", "answer"],
    "full": ["sync file", "move", "sync directory", "answer"],
}


@pytest.mark.parametrize("durability", EXPECTED)
@pytest.mark.parametrize("bit_preserving", [True, False])
def test_success_is_answered_last(durability, bit_preserving, tmp_path):
    template, target = small(), tmp_path / "out"
    config = {"storage": {"durability": durability, "bit_preserving": bit_preserving}}
    with storescpd(target, config) as daemon, associate(daemon.port) as association:
        assert store(association, template, 1) == SUCCESS
        [worker] = daemon.worker_pids()
        for number in (2, 1):
            with traced(worker, tmp_path / f"calls-{number}"):
                assert store(association, template, number) == SUCCESS
                assert association.echo(ECHO) == SUCCESS
            expected = EXPECTED[durability]
            assert steps(tmp_path / f"calls-{number}", target)[: len(expected)] == expected
            assert file_of(target, template, number).is_file()
        association.release()
