"""Our command as running processes."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.support.build import PATH
from tests.support.processes import alive, end, eventually, free_port, group
from tests.support.reference import listening


class Zygote:
    """Starts the command without importing everything each time."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process
        self._turn = threading.Lock()

    def start(self, arguments: Sequence[str], log: Path) -> int:
        """The process id of the command with these arguments."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with self._turn:
            self._process.stdin.write(json.dumps({"arguments": list(arguments), "log": str(log)}) + "\n")
            self._process.stdin.flush()
            return int(self._process.stdout.readline())


@contextmanager
def zygote(directory: Path) -> Iterator[Zygote]:
    """One that starts commands in a directory."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.dropin.zygote"],
        cwd=directory, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONPATH": PATH},
    ) as process:  # fmt: skip
        try:
            yield Zygote(process)
        finally:
            process.terminate()


@contextmanager
def serving(starter: Zygote, options: Sequence[str], directory: Path) -> Iterator[int]:
    """The command with these options and its output in a directory, which is made; yields its port."""
    directory.mkdir()
    log = directory.with_suffix(".log")
    while True:
        port = free_port()
        pid = starter.start([*options, "-od", str(directory), str(port)], log)
        if eventually(lambda pid=pid, port=port: not alive(pid) or listening(port, pid)) and alive(pid):
            break
        if "listens there" not in (said := log.read_text()):
            raise RuntimeError(f"storescp did not start with {options}: {said}")
    try:
        yield port
    finally:
        end(pid, signal.SIGINT)
        eventually(lambda: not [member for member in group(pid) if alive(member)])
