"""The package, built without a network: on this machine, or in the root of another Debian."""

import subprocess
from pathlib import Path

from tests.support.daemon import ROOT
from tests.support.tools import need

NEEDED = ["build-essential", "debhelper", "python3-dev", "python3-pip", "python3-setuptools", "python3-wheel"]

# As in the bed, nothing of it outlives the namespace.
_IN_ROOT = """
mount -t tmpfs build "$1"
mkdir "$1/upper" "$1/work" "$1/root"
mount -t overlay -o "lowerdir=$2,upperdir=$1/upper,workdir=$1/work" build "$1/root"
mount -t proc proc "$1/root/proc"
mount --bind /dev "$1/root/dev"
cp -r "$3" "$1/root/build-of-storescpd"
chroot "$1/root" sh -euc 'cd /build-of-storescpd && dpkg-buildpackage -us -uc -b'
cp "$1"/root/*.deb "$1"/root/*.changes "$4"
"""


def build_here(target: Path) -> Path:
    """Build for this machine's Debian; the package."""
    need("dpkg-buildpackage", "dh", "lintian", "unshare", "/usr/bin/pip3", "/usr/lib/python3/dist-packages/wheel")
    subprocess.run(["make", "--silent", "vendor/.stamp"], cwd=ROOT, check=True)
    return _built(["unshare", "--net", ".ci/make-deb", str(target)], target)


def build_in(root: Path, folder: Path) -> Path:
    """Build for the Debian in a root, which has what that needs and is not changed; the package."""
    source, target, mounted = folder / "source", folder / "package", folder / "mounted"
    for directory in (source, target, mounted):
        directory.mkdir()
    archive = subprocess.run(
        "git ls-files -z --cached --others --exclude-standard | xargs -0 ls -d -- 2>/dev/null | tar -c -T -",
        shell=True, cwd=ROOT, stdout=subprocess.PIPE, check=False,
    )  # fmt: skip
    subprocess.run(["tar", "-x", "-C", str(source)], input=archive.stdout, check=True)
    python = (root / "usr/bin/python3").readlink().name.removeprefix("python")
    subprocess.run([str(ROOT / "debian/vendor"), str(source / "vendor"), python], check=True)
    words = [str(mounted), str(root), str(source), str(target)]
    private = ["unshare", "--mount", "--net", "--propagation=private"]
    return _built([*private, "sh", "-euc", _IN_ROOT, "build", *words], target)


def _built(command: list[str], target: Path) -> Path:
    built = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stdout[-4000:] + built.stderr[-4000:]
    [package] = target.glob("*.deb")
    return package
