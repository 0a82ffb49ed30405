"""DCMTK's ``storescp``, the independent reference: started on a free port, stopped by its process id."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.support.build import PATH
from tests.support.processes import LISTEN, connections, end, eventually, free_port, group, socket_inodes
from tests.support.tools import path_of_others

PROGRAM = shutil.which("storescp", path=path_of_others()) or "storescp"

THEIRS = (PROGRAM,)
ROOT = Path(__file__).parents[2]
OURS = (sys.executable, "-m", "storescpd.cli.storescp")
"""The storescp command of this source tree, for `program`."""


def listening(port: int, pid: int) -> bool:
    """Whether this process listens on a port; asked of the kernel, because a probe would count as a connection."""
    return any(
        row.state == LISTEN and row.local_port == port and row.inode in socket_inodes(pid) for row in connections()
    )


def stop(process: subprocess.Popen[bytes], patience: float = 10) -> int:
    """End a process that we started, kindly at first; its exit status."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(patience)
        except subprocess.TimeoutExpired:
            process.kill()
    return process.wait()


class Receiver:
    """A running storescp."""

    def __init__(self, process: subprocess.Popen[bytes], port: int, directory: Path, log_file: Path) -> None:
        self.process, self.port, self.directory, self.log_file = process, port, directory, log_file

    @property
    def pid(self) -> int:
        """Its process id."""
        return self.process.pid

    def log(self) -> str:
        """What it has said so far."""
        return self.log_file.read_text(errors="replace")


def environment(extra: Mapping[str, str] | None, *, nodelay: bool) -> dict[str, str]:
    """Ours, with Nagle's algorithm switched off in DCMTK unless a test wants it as installed."""
    own = {"PYTHONPATH": PATH, **({"TCP_NODELAY": "1"} if nodelay else {})}
    return {**os.environ, **own, **(extra or {})}


@contextmanager
def storescp(
    directory: str | os.PathLike[str],
    *options: str,
    env: Mapping[str, str] | None = None,
    nodelay: bool = True,
    log_file: Path | None = None,
    program: Sequence[str] = (PROGRAM,),
    out_file: Path | None = None,
) -> Iterator[Receiver]:
    """Run storescp, or another program with its options, on a free port.

    Its output goes below `directory`, which is made if it is missing. What it prints goes to `out_file`, where that is
    not the log's.
    """
    target = Path(directory)
    target.mkdir(parents=True, exist_ok=True)
    log_file = log_file or target.with_name(target.name + ".storescp.log")
    arguments = [*program, *options, "-od", str(target)]
    process, port = _started(arguments, environment(env, nodelay=nodelay), log_file, out_file or log_file)
    try:
        yield Receiver(process, port, target, log_file)
    finally:
        stop(process)
        for child in group(process.pid):
            end(child)


def _started(
    arguments: list[str], env: dict[str, str], log_file: Path, out_file: Path
) -> tuple[subprocess.Popen[bytes], int]:
    """A storescp that listens; another port is tried when somebody else was faster."""
    while True:
        port = free_port()
        with log_file.open("wb") as log, out_file.open("wb") as out:
            process = subprocess.Popen(
                [*arguments, str(port)],
                stdin=subprocess.DEVNULL, stdout=log if out_file == log_file else out, stderr=log, env=env,
                process_group=0,
            )  # fmt: skip
        if _listens(process, port):
            return process, port
        stop(process)
        if "Address already in use" not in (said := log_file.read_text(errors="replace")):
            raise RuntimeError(f"storescp did not start: {said}")


def _listens(process: subprocess.Popen[bytes], port: int) -> bool:
    eventually(lambda: process.poll() is not None or listening(port, process.pid))
    return process.poll() is None


def version() -> str:
    """The version of the installed storescp."""
    output = subprocess.run([PROGRAM, "--version"], capture_output=True, text=True, check=False).stdout
    found = re.search(r"storescp v(\S+)", output)
    return found[1] if found else ""
