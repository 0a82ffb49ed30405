"""Finding the daemon that runs, and asking it through its control socket."""

import contextlib
import json
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from storescpd.config import ConfigError, Environment
from storescpd.config.document import read
from storescpd.config.reading import assessed
from storescpd.config.world.processes import process_with
from storescpd.store.incoming import OWN_FOLDER
from storescpd.studies.link import bound_address
from storescpd.supervisor.control import socket_name

RUNTIME_DIRECTORY = "/run/storescpd"
"""Of the service unit that we ship."""
_UNIX_SOCKETS = "/proc/self/net/unix"
"""proc_net(5): every Unix socket by its name."""


class NoAnswerError(Exception):
    """No daemon says anything; the text says why."""


def ask(config: Path, pid_file: Path | None, question: str, timeout: float) -> dict[str, Any]:
    """Ask the daemon that serves by a configuration file; waits for the answer so many seconds.

    Raises:
        NoAnswerError: it does not run, or says nothing, or not to us.
    """
    refused: OSError | None = None
    for path in dict.fromkeys(_candidates(config, pid_file)):
        try:
            answer = _asked(path, question, timeout)
        except (FileNotFoundError, ConnectionRefusedError, NotADirectoryError):
            continue
        except OSError as error:
            refused = error
            continue
        if "error" in answer:
            raise NoAnswerError(f"the daemon says: {answer['error']}")
        return answer
    if refused is not None:
        raise NoAnswerError(f"the daemon cannot be asked: {refused.strerror or refused}")
    lost = next(iter(_listening(socket_name(config))), None)
    if lost is not None:
        path, inode = lost
        # One whose path was too long for an address was bound by another name.
        shown = path if not path.startswith("/proc/") else next(_in_storage(config), path)
        raise NoAnswerError(_gone(shown, inode))
    raise NoAnswerError(f"no daemon runs with the configuration file {config}, or it belongs to another user")


def _asked(path: str, question: str, timeout: float) -> dict[str, Any]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection, bound_address(path) as address:
        connection.settimeout(timeout)
        connection.connect(address)
        connection.sendall(json.dumps({"ask": question}).encode("ascii") + b"\n")
        with connection.makefile("rb") as stream:
            line = stream.readline()
    try:
        answer: dict[str, Any] = json.loads(line)
    except ValueError:
        raise NoAnswerError("the daemon ended before it answered; its log says why") from None
    return answer


def _candidates(config: Path, pid_file: Path | None) -> Iterator[str]:
    """Where the socket may be: the file may have become unreadable, or name another directory than the daemon has."""
    name = socket_name(config)
    runtime = os.environ.get("RUNTIME_DIRECTORY", "").split(":")[0]
    if runtime:
        yield os.path.join(runtime, name)
    if pid_file is not None:
        yield os.path.join(os.path.dirname(os.path.abspath(pid_file)), name)
    yield from (path for path, _ in _listening(name))
    yield from _in_storage(config)
    yield os.path.join(RUNTIME_DIRECTORY, name)


def _in_storage(config: Path) -> Iterator[str]:
    """Below the storage directory, where the file can be read."""
    with contextlib.suppress(ConfigError):
        directory = assessed(read(config), Environment(), ()).config.storage.directory
        yield os.path.join(os.path.abspath(directory), OWN_FOLDER, socket_name(config))


def _listening(name: str) -> Iterator[tuple[str, str]]:
    """Sockets of this name, whether their file is still there or not: paths and inodes."""
    with contextlib.suppress(OSError):
        for line in Path(_UNIX_SOCKETS).read_text(errors="surrogateescape").splitlines():
            before, _, path = line.partition("/")
            if path.endswith(f"/{name}"):
                yield f"/{path}", before.split()[-1]


def _gone(path: str, inode: str) -> str:
    """A daemon listens where nobody finds it any more."""
    pid = process_with(f"socket:[{inode}]")
    daemon = "the daemon" if pid is None else f"the daemon, process {pid},"
    order = "SIGHUP" if pid is None else f"kill -HUP {pid}"
    return (
        f"{daemon} runs, but its socket {path} is gone: the directory was removed, or made anew, while it runs "
        f"({order} has it read its file again and make the socket anew)"
    )
