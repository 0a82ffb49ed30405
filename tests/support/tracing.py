"""strace on a running process: what it asks of the kernel, in order, and calls that fail on purpose."""

import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.tools import need

CALL = re.compile(r"^(?:\[pid +)?(\d+)\]? +(\w+)\((.*)\) += +(-?\d+)")


@dataclass(frozen=True, slots=True)
class Call:
    """A finished system call."""

    thread: int
    name: str
    arguments: str
    """As strace shows them, descriptors with their paths."""
    result: int


class Trace:
    """What strace has written."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def calls(self) -> list[Call]:
        """The finished calls in their order."""
        found = (CALL.match(line) for line in self._path.read_text(errors="replace").splitlines())
        return [Call(int(one[1]), one[2], one[3], int(one[4])) for one in found if one]


@contextmanager
def traced(pid: int, calls: str, output: Path, injection: str = "") -> Iterator[Trace]:
    """Trace a process with all its threads, those to come included; `injection` is strace's, without the calls."""
    need("strace")
    inject = ["-e", f"inject={injection}"] if injection else []
    tracer = subprocess.Popen(
        ["strace", "-f", "-y", "-s", "0", "-o", str(output), "-e", f"trace={calls}", *inject, "-p", str(pid)],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
    )  # fmt: skip
    assert tracer.stderr is not None
    try:
        line = tracer.stderr.readline()
        if b"ttach" not in line or b"not permitted" in line:
            pytest.skip(f"no tracing here: {line.decode()}")
        yield Trace(output)
    finally:
        tracer.terminate()
        tracer.communicate()
