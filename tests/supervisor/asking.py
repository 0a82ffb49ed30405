"""The commands that speak to a running daemon, run as people and units run them."""

import json
import os
import subprocess
import sys
from typing import Any

from tests.support.build import PATH
from tests.support.daemon import Daemon


def command(daemon: Daemon, *arguments: str, prefix: tuple[str, ...] = (), **env: str) -> subprocess.CompletedProcess:
    """``storescpd --config FILE ...`` with the daemon's own file."""
    return subprocess.run(
        [*prefix, sys.executable, "-m", "storescpd", "--config", str(daemon.config_file), *arguments],
        capture_output=True, text=True, check=False, cwd="/", env={**os.environ, "PYTHONPATH": PATH, **env},
    )  # fmt: skip


def status(daemon: Daemon, *arguments: str, **env: str) -> dict[str, Any]:
    """What ``--status --json`` says."""
    done = command(daemon, "--status", "--json", *arguments, **env)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
