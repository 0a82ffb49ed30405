"""The daemon under test: configured, started, awaited, and stopped by process id."""

import contextlib
import os
import re
import signal
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import tomli_w

from tests.support.build import PATH
from tests.support.logs import written
from tests.support.processes import alive, children, end, eventually, group

ROOT = Path(__file__).parents[2]
LISTENING = re.compile(r"listening on \S+:(\d+)(?: \((\S+)\))?")

LOG_PATIENCE = 2
"""Seconds that the process which writes the log may take for what it has been given."""

Settings = Mapping[str, Any]


class NotStarted(Exception):
    """The daemon ended before it served; the text is its log."""


def merged(base: Settings, over: Settings) -> dict[str, Any]:
    """Two configurations, tables key by key, the second one wins."""
    result = dict(base)
    for key, value in over.items():
        old = result.get(key)
        tables = isinstance(old, Mapping) and isinstance(value, Mapping)
        result[key] = merged(dict(old or {}), value) if tables else value
    return result


def settings(directory: Path, config: str | Settings, workers: int) -> dict[str, Any]:
    """What a test asks for on top of: any free port on the loopback interface, a log in a plain file."""
    base = {
        "process": {"workers": workers},
        "listeners": [{"name": "dicom", "address": "127.0.0.1", "port": 0}],
        "storage": {"directory": str(directory), "min_free": 0},
        "logging": {"destination": "stderr", "format": "text"},
    }
    return merged(base, tomllib.loads(config) if isinstance(config, str) else config)


def unused(directory: Path, suffix: str) -> Path:
    """A file name beside a directory that an earlier daemon there has not taken."""
    names = (directory.with_name(f"{directory.name}{number or ''}{suffix}") for number in range(1000))
    return next(name for name in names if not name.exists())


class Daemon:
    """A running storescpd."""

    def __init__(self, process: subprocess.Popen[bytes], directory: Path, config_file: Path, log_file: Path) -> None:
        self.process, self.directory = process, directory
        self.config_file, self.log_file = config_file, log_file

    @property
    def pid(self) -> int:
        """The supervisor."""
        return self.process.pid

    @property
    def port(self) -> int:
        """The first port that it listens on."""
        return next(iter(self.ports().values()))

    def ports(self) -> dict[str, int]:
        """Its ports by the listener's name."""
        return {name or "": int(port) for port, name in LISTENING.findall(self.log())}

    def worker_pids(self) -> list[int]:
        """The supervisor's children."""
        return children(self.pid)

    def members(self) -> list[int]:
        """Every living process of this daemon, orphans included."""
        return [pid for pid in group(self.pid) if alive(pid)]

    def log(self) -> str:
        """What it has said so far, unless its log is held up."""
        if self.process.poll() is None:
            with contextlib.suppress(TimeoutError):
                eventually(lambda: written(self.pid), LOG_PATIENCE)
        return self.log_file.read_text(errors="replace")

    def serving(self) -> bool:
        """Whether it has said that it serves; raises when it ended instead."""
        if "serving" in self.log():
            return True
        if self.process.poll() is not None:
            raise NotStarted(f"exit status {self.process.returncode}: {self.log()}")
        return False

    def signal(self, number: int) -> None:
        """Signal the supervisor."""
        if self.process.poll() is None:
            end(self.pid, number)

    def wait(self, timeout: float = 60) -> int:
        """The supervisor's exit status."""
        return self.process.wait(timeout)

    def terminate(self, timeout: float = 60) -> int:
        """SIGTERM; the exit status."""
        self.signal(signal.SIGTERM)
        return self.wait(timeout)

    def kill(self) -> None:
        """SIGKILL for the supervisor alone."""
        self.signal(signal.SIGKILL)
        self.process.wait()

    def incoming(self) -> list[Path]:
        """The temporary files that exist now."""
        folder = self.directory / ".storescpd" / "incoming"
        return [path for path in folder.iterdir() if path.is_file()] if folder.is_dir() else []

    def stored(self) -> list[Path]:
        """Every stored file, sorted."""
        own = self.directory / ".storescpd"
        return sorted(path for path in self.directory.rglob("*") if path.is_file() and own not in path.parents)

    def clean_up(self) -> None:
        """Leave nothing running."""
        self.signal(signal.SIGINT)
        try:
            self.process.wait(10)
            eventually(lambda: not self.members(), 5)
        except (subprocess.TimeoutExpired, TimeoutError):
            for pid in self.members():
                end(pid)
            self.process.wait()
            eventually(lambda: not self.members())


@contextmanager
def storescpd(
    directory: str | os.PathLike[str],
    config: str | Settings = "",
    *,
    workers: int = 1,
    wait: bool = True,
    env: Mapping[str, str] | None = None,
    prefix: tuple[str, ...] = (),
    pass_fds: tuple[int, ...] = (),
) -> Iterator[Daemon]:
    """Run the daemon with its output in `directory`, which is made if it is missing.

    `config` is laid over the settings that every test shares; `prefix` is a command to run it under. The log and the
    configuration lie beside the directory, named after it.
    """
    target = Path(directory)
    target.mkdir(parents=True, exist_ok=True)
    config_file, log_file = unused(target, ".toml"), unused(target, ".log")
    config_file.write_text(tomli_w.dumps(settings(target, config, workers)))
    with log_file.open("wb") as log:
        process = subprocess.Popen(
            [*prefix, sys.executable, "-m", "storescpd", "--config", str(config_file)],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log, pass_fds=pass_fds, process_group=0,
            env={**os.environ, "PYTHONPATH": PATH, **(env or {})},
        )  # fmt: skip
    daemon = Daemon(process, target, config_file, log_file)
    try:
        if wait:
            eventually(daemon.serving)
        yield daemon
    finally:
        daemon.clean_up()
