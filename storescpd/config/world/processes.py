"""Who listens on a port (proc_net(5), proc_pid_fd(5))."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from storescpd.config.document import DEFAULT_PATH

_LISTEN = "0A"
"""TCP_LISTEN in /proc/net/tcp."""
_PROGRAMS = frozenset({"storescpd", "storescp"})


@dataclass(frozen=True, slots=True)
class Holder:
    """A listening socket's process, as far as this user can see it."""

    uid: int
    pid: int | None = None
    """``None``: not visible."""
    words: tuple[str, ...] = ()
    """Its command line."""
    directory: str = "/"
    """Where it works."""

    @property
    def command(self) -> str:
        """The program's name."""
        return os.path.basename(self.words[0]) if self.words else "unknown"

    @property
    def is_systemd(self) -> bool:
        """It waits on behalf of a socket unit."""
        return self.pid == 1 or self.command == "systemd"

    def is_storescpd(self, path: Path) -> bool:
        """It is our daemon, with the configuration file ``path``."""
        if not any(os.path.basename(word) in _PROGRAMS for word in self.words[:4]):
            return False
        named = [os.path.join(self.directory, word.partition("=")[2] or word) for word in self.words[1:]]
        if any(_same_file(name, path) for name in named):
            return True
        return path == DEFAULT_PATH and not any(word.startswith(("--config", "-c")) for word in self.words)


def _same_file(name: str, path: Path) -> bool:
    try:
        return os.path.samefile(name, path)
    except (OSError, ValueError):
        return False


def holder(port: int, proc: Path = Path("/proc")) -> Holder | None:
    """Who listens on a TCP port of this network namespace; ``None``: nobody. systemd is preferred where several do."""
    found = list(_listening(port, proc))
    for uid, inode in found:
        pid = process_with(f"socket:[{inode}]", proc)
        if pid is not None:
            return _seen(uid, pid, proc)
    return Holder(found[0][0]) if found else None


def _listening(port: int, proc: Path) -> Iterator[tuple[int, str]]:
    for table in ("tcp", "tcp6"):
        try:
            lines = (proc / "net" / table).read_text(encoding="ascii").splitlines()[1:]
        except OSError:
            continue
        for fields in (line.split() for line in lines):
            if fields[3] == _LISTEN and int(fields[1].rpartition(":")[2], 16) == port:
                yield int(fields[7]), fields[9]


def process_with(target: str, proc: Path = Path("/proc")) -> int | None:
    """The oldest process that has this open: of a daemon with workers, the supervisor."""
    holders = (pid for pid in sorted(_pids(proc)) if target in _open_files(proc / str(pid) / "fd"))
    return next(holders, None)


def _pids(proc: Path) -> list[int]:
    return [int(name) for name in os.listdir(proc) if name.isdecimal()]


def _open_files(folder: Path) -> set[str]:
    targets: set[str] = set()
    try:
        names = os.listdir(folder)
    except OSError:
        return targets
    for name in names:
        try:
            targets.add(os.readlink(folder / name))
        except OSError:
            continue
    return targets


def _seen(uid: int, pid: int, proc: Path) -> Holder:
    try:
        line = (proc / str(pid) / "cmdline").read_bytes()
        directory = os.readlink(proc / str(pid) / "cwd")
    except OSError:
        return Holder(uid, pid)
    words = tuple(os.fsdecode(word) for word in line.rstrip(b"\0").split(b"\0"))
    return Holder(uid, pid, words, directory)
