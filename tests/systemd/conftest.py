"""The package, built once and installed once into a booted system; each test finds it as after the installation."""

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.daemon import ROOT
from tests.support.tools import need
from tests.systemd.bed import Bed, CannotBoot, booted, make_root
from tests.systemd.service import Service

ROOTS = ROOT / ".venv" / "roots"
PACKAGES = ["systemd", "systemd-sysv", "dbus", "python3", "iproute2", "procps", "netbase", "openbsd-inetd"]
CALLED_BY_ITS_TESTS = ["autopkgtest", "dpkg-dev", "dcmtk"]
# It conflicts with the other inetd, so it cannot be installed; its program needs no installation.
XINETD = "cd /tmp; apt-get download -qq xinetd; dpkg --extract xinetd_*.deb /; rm xinetd_*.deb"


def pytest_collection_modifyitems(items):
    for item in items:
        if Path(__file__).parent in item.path.parents:
            # One system, one process.
            item.add_marker(pytest.mark.xdist_group("systemd"))
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
    need("dpkg-buildpackage", "dh", "lintian", "unshare", "/usr/bin/pip3", "/usr/lib/python3/dist-packages/wheel")
    subprocess.run(["make", "--silent", "vendor/.stamp"], cwd=ROOT, check=True)
    target = tmp_path_factory.mktemp("package")
    built = subprocess.run(
        ["unshare", "--net", ".ci/make-deb", str(target)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert built.returncode == 0, built.stdout[-4000:] + built.stderr[-4000:]
    [package] = target.glob("*.deb")
    return package


def root_of(suite: str, packages: list[str], hooks: list[str]) -> Path:
    """A Debian root, made once."""
    need("mmdebstrap", "systemd-nspawn", "nsenter")
    key = hashlib.sha256(repr((suite, packages, hooks)).encode()).hexdigest()[:8]
    root = ROOTS / f"{suite}-{key}"
    if not root.exists():
        for old in ROOTS.glob(f"{suite}-*"):
            shutil.rmtree(old)
        make_root(root, suite, packages, hooks)
    return root


@pytest.fixture(scope="session")
def bed(package, tmp_path_factory) -> Bed:
    """systemd 252 in a Debian 12 that has nothing but what the tests call, and the package."""
    if os.geteuid() != 0:
        pytest.skip("needs root")
    lower = root_of("bookworm", PACKAGES + CALLED_BY_ITS_TESTS, [XINETD])
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
