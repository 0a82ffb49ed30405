"""The programs that start a process for each connection: inetd in three makes, systemd, and a plain accept."""

import os
import socket
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType

from tests.support.build import PATH
from tests.support.daemon import ROOT
from tests.support.processes import children, end, eventually, free_port
from tests.support.reference import listening, stop
from tests.support.tools import need

PROGRAMS = ROOT / ".venv" / "inetd" / "usr" / "sbin"
"""Where .ci/install-tools unpacks them."""

Command = Sequence[str]


def _xinetd(folder: Path, port: int, user: str, command: Command) -> list[str]:
    config = folder / "xinetd.conf"
    config.write_text(
        "service dicom\n{\n type = UNLISTED\n socket_type = stream\n protocol = tcp\n wait = no\n bind = 127.0.0.1\n"
        f" port = {port}\n user = {user}\n server = {command[0]}\n server_args = {' '.join(command[1:])}\n"
        " instances = UNLIMITED\n per_source = UNLIMITED\n cps = 1000 1\n}\n"
    )
    return [str(PROGRAMS / "xinetd"), "-dontfork", "-f", str(config), "-pidfile", str(folder / "xinetd.pid")]


def _line(folder: Path, port: int, user: str, command: Command) -> str:
    config = folder / "inetd.conf"
    config.write_text(f"127.0.0.1:{port} stream tcp nowait {user} {command[0]} {' '.join(command)}\n")
    return str(config)


def _openbsd(folder: Path, port: int, user: str, command: Command) -> list[str]:
    return [str(PROGRAMS / "inetd"), "-i", _line(folder, port, user, command)]


def _inetutils(folder: Path, port: int, user: str, command: Command) -> list[str]:
    config = _line(folder, port, user, command)
    return [str(PROGRAMS / "inetutils-inetd"), "-d", "-p", str(folder / "inetd.pid"), config]


def _systemd(_folder: Path, port: int, _user: str, command: Command) -> list[str]:
    names = ("PYTHONPATH", "PYTHONSAFEPATH", "PYTHONWARNINGS")
    passed = [f"-E{name}={os.environ[name]}" for name in names if name in os.environ]
    return ["systemd-socket-activate", "-l", f"127.0.0.1:{port}", "--accept", *passed, *command]


def _systemd_inetd(folder: Path, port: int, user: str, command: Command) -> list[str]:
    activate, *rest = _systemd(folder, port, user, command)
    return [activate, "--inetd", *rest]


SERVERS: Mapping[str, Callable[[Path, int, str, Command], list[str]]] = MappingProxyType(
    {
        "xinetd": _xinetd,
        "openbsd-inetd": _openbsd,
        "inetutils-inetd": _inetutils,
        "systemd, descriptor 3": _systemd,
        "systemd, descriptor 0": _systemd_inetd,
    }
)
"""Each makes the command line of a server that starts a command for each connection to a port of this host."""

CLASSIC = ("xinetd", "openbsd-inetd", "inetutils-inetd")
"""Those that can start it as another user."""


@contextmanager
def inetd(which: str, folder: Path, command: Command, *, user: str = "root", prefix: Command = ()) -> Iterator[int]:
    """Run a server; the port that it listens on. `prefix` is a command to run it under."""
    need(*(["systemd-socket-activate"] if which.startswith("systemd") else [str(PROGRAMS / "xinetd")]))
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    log = (folder / "server.log").open("wb")
    # The program comes as an absolute path, so that nobody has to look for it.
    with log:
        process = subprocess.Popen(
            [*prefix, *SERVERS[which](folder, port, user, command)],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log, process_group=0,
            env={**os.environ, "PYTHONPATH": os.environ.get("PYTHONPATH", PATH), "TCP_NODELAY": "1"},
        )  # fmt: skip
    try:
        eventually(lambda: listening(port, process.pid) or process.poll() is not None)
        if process.poll() is not None:
            raise RuntimeError((folder / "server.log").read_text(errors="replace"))
        yield port
        eventually(lambda: not children(process.pid))
    finally:
        left = children(process.pid)
        stop(process)
        for pid in left:
            end(pid)


@contextmanager
def accepted(
    command: Command, *, env: Mapping[str, str] | None = None, stderr: int | None = None
) -> Iterator[tuple[socket.socket, subprocess.Popen[bytes]]]:
    """A connection to a process that has it on descriptors 0 to 2, as inetd starts it; our end, and the process."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        peer = socket.create_connection(server.getsockname(), timeout=60)
        connection, _ = server.accept()
    with connection:
        fd = connection.fileno()
        process = subprocess.Popen(
            command,
            stdin=fd,
            stdout=fd,
            stderr=fd if stderr is None else stderr,
            env={**os.environ, "PYTHONPATH": PATH, **(env or {})},
        )
    try:
        with peer:
            yield peer, process
        process.wait(60)
    finally:
        stop(process)
