"""Reloads of a running daemon."""

import signal
from typing import Any

import tomli_w

from tests.support.daemon import Daemon, settings
from tests.support.processes import eventually


def rewrite(daemon: Daemon, config: dict[str, Any], workers: int = 1) -> None:
    """Another configuration file in place of the first, on top of what every test shares."""
    daemon.config_file.write_text(tomli_w.dumps(settings(daemon.directory, config, workers)))


def count(daemon: Daemon, message: str) -> int:
    """Lines of the log that hold a message."""
    return sum(message in line for line in daemon.log().splitlines())


def reload(daemon: Daemon, *, message: str = "] serving") -> None:
    """SIGHUP, and wait until the log has this message once more."""
    before = count(daemon, message)
    daemon.signal(signal.SIGHUP)
    eventually(lambda: count(daemon, message) > before)


def reconfigure(daemon: Daemon, config: dict[str, Any], workers: int = 1) -> None:
    """Serve by another configuration."""
    rewrite(daemon, config, workers)
    reload(daemon)


def listener(port: int = 0, name: str = "dicom", address: str = "127.0.0.1") -> dict[str, Any]:
    """A table of [[listeners]]."""
    return {"name": name, "address": address, "port": port}
