"""The package, built once and installed once into a booted system; each test finds it as after the installation."""

import fcntl
import hashlib
import os
import shutil
from pathlib import Path

import pytest

from tests.support.daemon import ROOT
from tests.support.tools import need
from tests.systemd.bed import Bed, CannotBoot, booted, make_root
from tests.systemd.building import NEEDED, build_here, build_in
from tests.systemd.service import Service

HERE = "bookworm"
"""systemd 252."""
SUITE = os.environ.get("STORESCPD_SUITE", HERE)
"""Another Debian than this one: trixie has systemd 257."""
ROOTS = ROOT / ".venv" / "roots"
PACKAGES = ["systemd", "systemd-sysv", "dbus", "python3", "iproute2", "procps", "netbase", "openbsd-inetd"]
CALLED_BY_ITS_TESTS = ["autopkgtest", "dpkg-dev", "dcmtk"]
# It conflicts with the other inetd, so it cannot be installed; its program needs no installation.
XINETD = "cd /tmp; apt-get download -qq xinetd; dpkg --extract xinetd_*.deb /; rm xinetd_*.deb"


def pytest_itemcollected(item):
    if Path(__file__).parent in item.path.parents:
        item.add_marker(pytest.mark.root)
        # The first one waits until the package and the system are made.
        item.add_marker(pytest.mark.timeout(900))


@pytest.fixture(scope="session")
def package(tmp_path_factory) -> Path:
    """The built package, without a network; ``STORESCPD_DEB`` names one that is built already."""
    if given := os.environ.get("STORESCPD_DEB"):
        return Path(given).resolve()
    if os.geteuid() != 0:
        pytest.skip("needs root")
    folder = tmp_path_factory.mktemp("package")
    if SUITE == HERE:
        return build_here(folder)
    return build_in(root_of("build", PACKAGES + NEEDED, []), folder)


def root_of(purpose: str, packages: list[str], hooks: list[str]) -> Path:
    """A Debian root, made once."""
    need("mmdebstrap", "systemd-nspawn", "nsenter")
    key = hashlib.sha256(repr((packages, hooks)).encode()).hexdigest()[:8]
    root = ROOTS / f"{SUITE}-{purpose}-{key}"
    ROOTS.mkdir(parents=True, exist_ok=True)
    with (ROOTS / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not root.exists():
            for old in ROOTS.glob(f"{SUITE}-{purpose}-*"):
                shutil.rmtree(old)
            make_root(root, SUITE, packages, hooks)
    return root


@pytest.fixture(scope="session")
def bed(package, tmp_path_factory) -> Bed:
    """The systemd of a Debian that has nothing but what the tests call, and the package."""
    if os.geteuid() != 0:
        pytest.skip("needs root")
    lower = root_of("bed", PACKAGES + CALLED_BY_ITS_TESTS, [XINETD])
    try:
        with booted(lower, tmp_path_factory.mktemp("bed")) as bed:
            shutil.copy(package, bed.root / "root")
            bed.run("dpkg", "--install", f"/root/{package.name}")
            yield bed
    except CannotBoot as reason:
        pytest.skip(f"no systemd can be booted here: {reason}")


@pytest.fixture
def service(bed):
    """The installed service as after the installation, but stopped."""
    service = Service(bed)
    service.reset()
    return service
