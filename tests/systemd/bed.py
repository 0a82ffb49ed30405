"""A booted systemd of a test's own: an overlay of a Debian root, in namespaces that vanish with it.

The file systems are mounted in a mount namespace of its own, below a temporary folder: when the container ends, so do
they. Only its control groups are made outside, and removed here.
"""

import ctypes
import json
import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.processes import children, eventually

BOOT_PATIENCE = 60
"""Seconds; half a second on an idle machine."""
POWER_OFF = signal.SIGRTMIN + 4
"""systemd(1): start poweroff.target."""
CLONE_NEWNET = 0x4000_0000
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

# The upper layer is on a file system of its own, or overlayfs refuses it; nspawn's folder in /run would be left behind.
_START = """
mount -t tmpfs -o size=2G,mode=755 bed "$1"
mkdir "$1/upper" "$1/work" "$1/root"
mount -t overlay -o "lowerdir=$2,upperdir=$1/upper,workdir=$1/work" bed "$1/root"
rm -rf "$1"/root/etc/systemd/system/*.wants
: >"$1/root/etc/machine-id"
mkdir -p "$1/root/etc/systemd/journald.conf.d" /run/systemd/nspawn
printf '[Journal]\\nStorage=volatile\\nRateLimitIntervalSec=0\\n' >"$1/root/etc/systemd/journald.conf.d/bed.conf"
mount -t tmpfs nspawn /run/systemd/nspawn
for group in $3; do echo $$ >"$group/cgroup.procs"; done
exec setpriv --pdeathsig KILL env -i PATH="$PATH" LANG=C.UTF-8 SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1 \
    systemd-nspawn --quiet --directory="$1/root" --machine="$4" --register=no --keep-unit --console=pipe \
    --link-journal=no --resolv-conf=off --timezone=off --private-network --boot systemd.unit=basic.target
"""


class CannotBoot(Exception):
    """There can be no container here; the text is what was said."""


class Bed:
    """A running container."""

    def __init__(self, leader: int) -> None:
        self.leader = leader
        self._since: list[str] = []

    @property
    def root(self) -> Path:
        """Its file system, seen from outside."""
        return Path(f"/proc/{self.leader}/root")

    def run(self, *command: str, check: bool = True, timeout: float = 180, stdin: str = "") -> str:
        """Run a command in it as root; what it printed, both streams."""
        enter = ["nsenter", f"--target={self.leader}", "-m", "-u", "-i", "-n", "-p", "-C", "--root", "--wd", "--"]
        variables = [f"PATH={PATH}", "HOME=/root", "LANG=C.UTF-8", "SYSTEMD_PAGER=", "SYSTEMD_COLORS=0"]
        done = subprocess.run(
            [*enter, "env", "-i", *variables, *command],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=timeout, input=stdin,
            check=False,
        )  # fmt: skip
        if check and done.returncode:
            raise AssertionError(f"{' '.join(command)}: status {done.returncode}\n{done.stdout}")
        return done.stdout

    def succeeds(self, *command: str) -> bool:
        """Whether a command ends with status 0."""
        try:
            self.run(*command)
        except AssertionError:
            return False
        return True

    def write(self, path: str, text: str, mode: int = 0o644) -> None:
        """Write a file and its folders."""
        target = self.root / path.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
        target.chmod(mode)

    def show(self, unit: str, *properties: str) -> list[str]:
        """Properties of a unit, in the order asked for."""
        lines = self.run("systemctl", "show", unit, *(f"--property={name}" for name in properties)).splitlines()
        values = dict(line.partition("=")[::2] for line in lines)
        return [values[name] for name in properties]

    def journal(self, *matches: str, unit: str = "storescpd.service") -> list[dict[str, str]]:
        """Entries of the journal since ``forget``, oldest first."""
        self.run("journalctl", "--sync")
        words = ["--quiet", "--output=json", "--all", f"--unit={unit}", *self._since]
        return list(map(json.loads, self.run("journalctl", *words, *matches).splitlines()))

    def forget(self) -> None:
        """What the journal has now is no concern of whoever asks later."""
        # A cursor is not it: journalctl 252 leaves out entries where a cursor and matches come together.
        self.run("journalctl", "--sync")
        self._since = [f"--since=@{time.time():.6f}"]

    @contextmanager
    def network(self) -> Iterator[None]:
        """In this thread, new sockets and processes are in the container's network."""
        libc = ctypes.CDLL(None, use_errno=True)
        own = os.open(f"/proc/self/task/{threading.get_native_id()}/ns/net", os.O_RDONLY)
        its = os.open(f"/proc/{self.leader}/ns/net", os.O_RDONLY)
        try:
            _enter(libc, its)
            yield
        finally:
            _enter(libc, own)
            os.close(own)
            os.close(its)


def _enter(libc: ctypes.CDLL, namespace: int) -> None:
    if libc.setns(namespace, CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "setns")


def control_group_trees() -> list[Path]:
    """Where systemd can keep its groups: the unified hierarchy, and on a hybrid machine the named one too."""
    rows = (line.split() for line in Path("/proc/self/mounts").read_text().splitlines())
    return [Path(row[1]) for row in rows if row[2] == "cgroup2" or (row[2] == "cgroup" and "name=systemd" in row[3])]


@contextmanager
def booted(lower: Path, folder: Path) -> Iterator[Bed]:
    """Boot a system over a root, which is not changed.

    Raises:
        CannotBoot: this machine does not allow it.
    """
    name = f"storescpd-bed-{os.getpid()}-{time.monotonic_ns() % 1_000_000}"
    base = folder / name
    base.mkdir()
    groups = [tree / name for tree in control_group_trees()]
    try:
        if not groups:
            raise CannotBoot("no control groups of version 2 are mounted")
        for group in groups:
            group.mkdir()
        with (base.with_suffix(".console")).open("w+") as console:
            yield from _running(base, lower, groups, name, console)
    except OSError as error:
        raise CannotBoot(str(error)) from error
    finally:
        for group in groups:
            _remove(group)
        base.rmdir()


def _running(base, lower, groups, name, console) -> Iterator[Bed]:
    words = [str(base), str(lower), " ".join(map(str, groups)), name]
    process = subprocess.Popen(
        ["unshare", "--mount", "--propagation=private", "sh", "-euc", _START, "bed", *words],
        stdin=subprocess.DEVNULL, stdout=console, stderr=console, start_new_session=True,
    )  # fmt: skip
    bed: Bed | None = None

    def up() -> Bed | None:
        if process.poll() is not None:
            console.seek(0)
            raise CannotBoot(f"systemd-nspawn ended: {console.read().strip()[-500:]}")
        for pid in children(process.pid):
            if Path(f"/proc/{pid}/comm").read_text().strip() == "systemd":
                found = Bed(pid)
                state = found.run("systemctl", "is-system-running", check=False).strip()
                return found if state in {"running", "degraded"} else None
        return None

    try:
        try:
            bed = eventually(up, BOOT_PATIENCE)
        except TimeoutError:
            console.seek(0)
            raise CannotBoot(f"systemd did not come up: {console.read().strip()[-500:]}") from None
        yield bed
    finally:
        if bed is not None:
            os.kill(bed.leader, POWER_OFF)
        try:
            process.wait(30 if bed is not None else 0.1)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _remove(group: Path) -> None:
    """Remove a control group with those below it, as soon as nobody is in them."""

    def gone() -> bool:
        for folder, _, _ in os.walk(group, topdown=False):
            try:
                os.rmdir(folder)
            except OSError:
                return False
        return True

    if group.exists():
        eventually(gone)


def make_root(target: Path, suite: str, packages: list[str], hooks: list[str]) -> None:
    """A minimal Debian in a folder, with these packages and after these shell commands in it."""
    partial = target.with_suffix(".part")
    shutil.rmtree(partial, ignore_errors=True)
    partial.parent.mkdir(parents=True, exist_ok=True)
    customize = [f"--customize-hook=chroot \"$1\" sh -ec '{hook}'" for hook in hooks]
    command = ["mmdebstrap", "--quiet", "--variant=minbase", f"--include={','.join(packages)}", *customize]
    done = subprocess.run([*command, suite, str(partial)], capture_output=True, text=True, check=False)
    if done.returncode:
        raise AssertionError(f"mmdebstrap: {done.stderr[-2000:]}")
    partial.rename(target)
