"""Reloads of a running daemon."""

import signal
from pathlib import Path
from typing import Any

import tomli_w

from tests.support.build import PATH
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


def injected(folder: Path, code: str) -> dict[str, str]:
    """Variables for a daemon in which a defect is put in as it starts; FLAG in the code is a file's name."""
    folder.joinpath("site").mkdir()
    folder.joinpath("site/sitecustomize.py").write_text(code.replace("FLAG", repr(str(folder / "flag"))))
    return {"PYTHONPATH": f"{folder}/site:{PATH}"}
