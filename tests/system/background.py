"""A daemon in the background: no child of the test, found by its pid file, ended by its process id."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import tomli_w

from tests.support.build import PATH
from tests.support.daemon import LISTENING, settings
from tests.support.processes import alive, children, end, eventually


class Background:
    """What is needed to start it, and where it leaves its traces."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.spool, self.pid_file, self.log_file = folder / "spool", folder / "run" / "pid", folder / "log" / "log"
        self.config_file = folder / "storescpd.toml"
        for path in (self.spool, self.pid_file.parent, self.log_file.parent):
            path.mkdir()
        self.configure({})
        self.found: set[int] = set()

    def configure(self, config: Mapping[str, Any]) -> None:
        made = settings(self.spool, config, 1)
        made["logging"] = {**made["logging"], "destination": str(self.log_file), **config.get("logging", {})}
        self.config_file.write_text(tomli_w.dumps(made))

    def command(self, *arguments: str, prefix: tuple[str, ...] = (), **options: Any) -> subprocess.CompletedProcess:
        line = [*prefix, sys.executable, "-m", "storescpd", "--config", str(self.config_file), *arguments]
        environment = {**os.environ, "PYTHONPATH": PATH}
        return subprocess.run(line, capture_output=True, text=True, check=False, env=environment, **options)

    def start(self, **options: Any) -> subprocess.CompletedProcess:
        done = self.command("--daemon", "--pid-file", str(self.pid_file), **options)
        if done.returncode == 0:
            self.found.add(self.pid)
        return done

    @property
    def pid(self) -> int:
        return int(self.pid_file.read_text())

    def log(self) -> str:
        return self.log_file.read_text() if self.log_file.exists() else ""

    @property
    def port(self) -> int:
        return int(LISTENING.findall(self.log())[-1][0])

    def ports(self) -> dict[str, int]:
        return {name: int(port) for port, name in LISTENING.findall(self.log())}

    def stop(self, number: int = signal.SIGTERM) -> None:
        pid = self.pid
        end(pid, number)
        eventually(lambda: not alive(pid), 60)

    def clean_up(self) -> None:
        for pid in self.found:
            family = [pid, *children(pid)]
            end(pid, signal.SIGINT)
            try:
                eventually(lambda family=family: not any(map(alive, family)), 15)
            except TimeoutError:
                for member in family:
                    end(member)


@contextmanager
def folder_for_all() -> Iterator[Path]:
    """A folder that other users can enter, too; with a short name."""
    name = tempfile.mkdtemp(prefix="sd")
    try:
        Path(name).chmod(0o755)
        yield Path(name)
    finally:
        shutil.rmtree(name)
