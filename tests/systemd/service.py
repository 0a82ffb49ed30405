"""The installed service in its bed: configured, given drop-ins, asked, and sent to."""

import os
import shutil
import subprocess
from pathlib import Path

import tomli_w

from tests.support.daemon import Settings
from tests.support.processes import children, eventually
from tests.support.rawclient import RawAssociation
from tests.support.scenes import associate, small, store
from tests.support.tools import need
from tests.systemd.bed import Bed

PORT = 11112
UNIT = "storescpd.service"
UNITS = (UNIT, "storescpd.socket", "storescpd-tls.socket", "storescpd@*.service")
CONFIG = "/etc/storescpd/storescpd.toml"
SPOOL = "/var/lib/storescpd"
EXAMPLES = Path(__file__).parents[2] / "systemd" / "examples"
SETTINGS: Settings = {"storage": {"directory": SPOOL, "min_free": 0}, "process": {"workers": 2}}


class Service:
    """storescpd.service and what belongs to it."""

    def __init__(self, bed: Bed) -> None:
        self.bed = bed
        self._shipped = Path(__file__).parents[2].joinpath("debian/storescpd.toml").read_text()

    @property
    def spool(self) -> Path:
        """The spool, seen from outside."""
        return self.bed.root / SPOOL.lstrip("/")

    @property
    def supervisor(self) -> int:
        """Process id outside the container."""
        return self._outside(int(self.bed.show(UNIT, "MainPID")[0]))

    def _outside(self, pid: int) -> int:
        """The process id outside of one inside."""
        groups = self.bed.show(UNIT, "ControlGroup")[0].lstrip("/")
        for folder in self.bed.root.joinpath("sys/fs/cgroup", groups).rglob("cgroup.procs"):
            for number in folder.read_text().split():
                if number != "0" and _inside(int(number)) == pid:
                    return int(number)
        raise LookupError(f"no process {pid} in {groups}")

    def workers(self) -> list[int]:
        """Process ids outside the container of the supervisor's children."""
        return children(self.supervisor)

    def keeper(self) -> int:
        """Process id outside the container of the one that holds the ledger."""
        return eventually(lambda: next((pid for pid in self.workers() if _holds_ledger(pid)), 0))

    def configure(self, settings: Settings | str) -> None:
        """Write the configuration file; who may read it stays."""
        mode = (self.bed.root / CONFIG.lstrip("/")).stat().st_mode & 0o777
        self.bed.write(CONFIG, settings if isinstance(settings, str) else tomli_w.dumps(settings), mode)

    def drop_in(self, text: str, unit: str = UNIT, name: str = "test") -> None:
        """Add to a unit."""
        self.bed.write(f"/etc/systemd/system/{unit}.d/{name}.conf", text)
        self.bed.run("systemctl", "daemon-reload")

    def example(self, name: str, unit: str = UNIT) -> None:
        """Add a shipped example to a unit."""
        self.drop_in((EXAMPLES / f"{unit}.d" / f"{name}.conf").read_text(), unit, name)

    def control(self, verb: str, *units: str, check: bool = True) -> str:
        """systemctl; what it said."""
        return self.bed.run("systemctl", verb, *(units or (UNIT,)), check=check)

    def state(self) -> tuple[str, str, str]:
        """ActiveState, Result and the last exit status."""
        active, result, status = self.bed.show(UNIT, "ActiveState", "Result", "ExecMainStatus")
        return active, result, status

    def reset(self) -> None:
        """As after the installation, but stopped."""
        self.control("stop", "storescpd.socket", "storescpd-tls.socket", check=False)
        self.control("stop", *UNITS, check=False)
        system = self.bed.root / "etc/systemd/system"
        for folder in (*system.glob("storescpd*.d"), self.bed.root / "run/storescpd-test"):
            shutil.rmtree(folder, ignore_errors=True)
        self.bed.run("systemctl", "daemon-reload")
        self.bed.run("systemctl", "reset-failed")
        self.bed.run("find", SPOOL, "-mindepth", "1", "-delete")
        self.configure(self._shipped)
        self.bed.forget()

    def associate(self, port: int = PORT, **options) -> RawAssociation:
        """An association from inside the container's network."""
        with self.bed.network():
            return associate(port, **options)

    def store(self, number: int, port: int = PORT) -> int:
        """Send one object over an association of its own; the status."""
        with self.associate(port) as association:
            status = store(association, small(), number)
            association.release()
        return status

    def send(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a program of this machine in the container's network."""
        need(words[0])
        with self.bed.network():
            return subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)

    def stored(self) -> list[Path]:
        """Every stored file."""
        own = self.spool / ".storescpd"
        return sorted(path for path in self.spool.rglob("*") if path.is_file() and own not in path.parents)

    def eventually_active(self) -> None:
        """Wait until it serves."""
        eventually(lambda: self.state()[0] == "active")


def _holds_ledger(pid: int) -> bool:
    try:
        links = [os.readlink(f"/proc/{pid}/fd/{name}") for name in os.listdir(f"/proc/{pid}/fd")]
    except OSError:
        return False
    return any(link.endswith(".sqlite.lock") for link in links)


def _inside(pid: int) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("NSpid:"):
            return int(line.split()[-1])
    return 0
