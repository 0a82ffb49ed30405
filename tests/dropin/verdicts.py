"""What the two commands make of a command line: refused with a text, shown something, or accepted."""

import contextlib
import io
import socket
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pytest

from storescpd.cli.storescp import command
from storescpd.cli.storescp.line import Line
from storescpd.cli.storescp.model import config_of
from tests.support.processes import eventually, free_port
from tests.support.reference import listening, stop

PORT = "PORT"
"""In a line: a port that is taken, so that storescp, having accepted the line, cannot serve."""
_PATIENCE = 20


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a command did."""

    status: int
    """Exit status; 0 for lines that are accepted, too."""
    error: str = ""
    """What stands behind ``error:``."""
    accepted: bool = False
    """The line can be served by."""


@contextlib.contextmanager
def taken_port() -> Iterator[str]:
    """The number of a port that nobody else can listen on."""
    with socket.create_server(("0.0.0.0", 0)) as sock:
        yield str(sock.getsockname()[1])


def theirs(arguments: Sequence[str], port: str, directory: str) -> Verdict:
    """storescp's verdict, from a process of its own that works in a directory."""
    words = [port if word == PORT else word for word in arguments]
    done = subprocess.run(
        ["storescp", *words],
        cwd=directory, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=_PATIENCE, check=False,
    )  # fmt: skip
    # A log line says why it could not serve; where errors are not told, a port that is free has to tell.
    if "Address already in use" in done.stderr or (done.returncode and not done.stderr and _serves(arguments)):
        return Verdict(0, accepted=True)
    return Verdict(done.returncode, _error(done.stderr))


def _serves(arguments: Sequence[str]) -> bool:
    port = free_port()
    words = [str(port) if word == PORT else word for word in arguments]
    with subprocess.Popen(["storescp", *words], stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        eventually(lambda: process.poll() is not None or listening(port, process.pid))
        return stop(process) < 0


def ours(arguments: Sequence[str], port: str, monkeypatch: pytest.MonkeyPatch) -> Verdict:
    """Ours, up to where it would serve."""
    accepted: list[Line] = []

    def instead_of_serving(line: Line) -> int:
        config_of(line, 0o022)
        accepted.append(line)
        return 0

    monkeypatch.setattr(command, "_serve", instead_of_serving)
    words = [port if word == PORT else word for word in arguments]
    output, errors = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(output), contextlib.redirect_stderr(errors):
        status = command.main(words)
    return Verdict(status, _error(errors.getvalue()), bool(accepted))


def _error(text: str) -> str:
    """What is wrong with the line, the last of what is told."""
    errors = [line.removeprefix("error: ") for line in text.splitlines() if line.startswith("error: ")]
    return errors[-1] if errors else ""
