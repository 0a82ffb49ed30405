"""What the tests of studies share: small objects of many studies, hooks that write what they were told, and a clock."""

import os
import re
import sqlite3
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from storescpd.studies.clock import Moment
from tests.support.build import PATH
from tests.support.daemon import Daemon
from tests.support.objects import CT_IMAGE, EXPLICIT_LITTLE, encode
from tests.support.processes import eventually
from tests.support.rawclient import IMPLICIT_LITTLE, VERIFICATION, RawAssociation

MR_IMAGE = "1.2.840.10008.5.1.4.1.1.4"
SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"
CLASSES = {"CT": CT_IMAGE, "MR": MR_IMAGE, "SC": SECONDARY_CAPTURE}
CONTEXTS = {code: 2 * number + 1 for number, code in enumerate(CLASSES)}
ECHO = 99
SUCCESS = 0x0000
STAMP = re.compile(r"\d{8}_\d{9}")


def study_uid(study: str) -> str:
    """A UID for a study that a test calls by a letter or a number."""
    return f"1.2.826.0.1.3680043.8.498.9.{'.'.join(str(ord(letter)) for letter in study)}"


def instance_uid(study: str, number: int) -> str:
    """A UID for one of its objects."""
    return f"{study_uid(study)}.{number}"


def data_set(
    study: str | bytes | None, instance: str, sop_class: str = CT_IMAGE, name: bytes | None = b"Doe^John"
) -> bytes:
    """A small object of a study; ``None`` leaves the element out."""
    parts = [encode(0x00080016, "UI", sop_class.encode()), encode(0x00080018, "UI", instance.encode())]
    if name is not None:
        parts.append(encode(0x00100010, "PN", name))
    if study is not None:
        parts.append(encode(0x0020000D, "UI", study if isinstance(study, bytes) else study.encode()))
    return b"".join(parts)


def associate(port: int, **options: Any) -> RawAssociation:
    """An association for some classes and C-ECHO."""
    contexts = [(number, CLASSES[code], [EXPLICIT_LITTLE]) for code, number in CONTEXTS.items()]
    return RawAssociation(port, [*contexts, (ECHO, VERIFICATION, [IMPLICIT_LITTLE])], **options)


def store(association: RawAssociation, study: str, number: int, code: str = "CT", name: bytes = b"Doe^John") -> int:
    """Send one object of a study; the status."""
    instance = instance_uid(study, number)
    data = data_set(study_uid(study), instance, CLASSES[code], name)
    return association.store(CONTEXTS[code], CLASSES[code], instance, data)


def lines(path: Path) -> list[str]:
    """What hooks have written."""
    return path.read_text(errors="replace").splitlines() if path.exists() else []


def rows(ledger: Path, query: str) -> list[tuple[Any, ...]]:
    """What the ledger says."""
    database = sqlite3.connect(f"file:{ledger}?mode=ro", uri=True)
    try:
        return database.execute(query).fetchall()
    finally:
        database.close()


def ledger_of(directory: Path) -> Path:
    """Where a daemon keeps its ledger unless it is told otherwise."""
    return directory / ".storescpd" / "ledger.sqlite"


def tree(directory: Path) -> Mapping[str, list[str]]:
    """The study directories and what is in them."""
    folders = [path for path in directory.iterdir() if path.is_dir() and path.name != ".storescpd"]
    return {folder.name: sorted(path.name for path in folder.iterdir()) for folder in sorted(folders)}


@dataclass(slots=True)
class FakeClock:
    """Time that goes on when a test says so."""

    boot: str = "first"
    monotonic: float = 1000.0
    wall: float = 1_795_000_000.0
    steps: list[float] = field(default_factory=list)

    def now(self) -> Moment:
        """This moment."""
        return Moment(self.boot, self.monotonic, self.wall)

    def sleep(self, seconds: float) -> Moment:
        """Both clocks go on."""
        self.monotonic += seconds
        self.wall += seconds
        return self.now()

    def reboot(self, seconds: float) -> Moment:
        """The machine is off for so long."""
        self.boot += "+"
        self.monotonic = 10.0
        self.wall += seconds
        return self.now()


def keeper_pid(daemon: Daemon) -> int:
    """The process that holds the ledger."""
    return eventually(lambda: next((pid for pid in daemon.worker_pids() if _holds_ledger(pid)), 0))


def _holds_ledger(pid: int) -> bool:
    try:
        links = [os.readlink(f"/proc/{pid}/fd/{name}") for name in os.listdir(f"/proc/{pid}/fd")]
    except OSError:
        return False
    return any(link.endswith(".sqlite.lock") for link in links)


def command(daemon: Daemon, *words: str) -> str:
    """What a command about a daemon prints."""
    call = [sys.executable, "-m", "storescpd", "--config", str(daemon.config_file), *words]
    run = subprocess.run(call, capture_output=True, text=True, check=True, env={**os.environ, "PYTHONPATH": PATH})
    return run.stdout
