"""The package itself: what it holds, how it comes and goes."""

import re
import shutil
import subprocess
import tomllib
from typing import Any

import pytest

from storescpd import __version__
from tests.support.daemon import ROOT
from tests.support.processes import eventually
from tests.support.scenes import SUCCESS, small, whole
from tests.support.tools import need
from tests.systemd.service import CONFIG, EXAMPLES, UNIT

UNIT_FILES = sorted((ROOT / "systemd").glob("storescpd*.s*t")) + sorted((ROOT / "systemd").glob("storescpd*.service"))
THRESHOLD = "15"
"""Tenths of a point: 1.5."""


def output(*words: str) -> str:
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_lintian_has_nothing_to_say(package):
    need("lintian")
    [changes] = package.parent.glob("*.changes")
    # CI is root.
    assert output("lintian", "--allow-root", "--fail-on=error,warning", str(changes)) == ""
    assert not list((ROOT / "debian").rglob("*lintian-overrides*"))


def project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def test_versions_are_in_step():
    changelog = (ROOT / "debian/changelog").read_text()
    assert re.match(r"storescpd \(([^)]+)\)", changelog)[1] == __version__
    assert project()["version"] == __version__


def test_every_dependency_is_locked_with_hashes():
    names = [re.match(r"[A-Za-z0-9-]+", one)[0] for one in project()["dependencies"]]
    lock = (ROOT / "requirements.lock").read_text()
    assert names
    for name in names:
        assert re.search(rf"^{name}==\S+ \\\n    --hash=sha256:", lock, re.MULTILINE), name


def test_the_compiler_is_locked_at_the_version_that_the_tests_use():
    [mypy] = [one for one in project()["optional-dependencies"]["dev"] if one.startswith("mypy==")]
    lock = (ROOT / "requirements-build.lock").read_text()
    assert re.search(rf"^{mypy} \\\n    --hash=sha256:", lock, re.MULTILINE)


def test_it_is_compiled(bed):
    program = "import storescpd.worker.session as module; print(module.__file__)"
    assert bed.run("/usr/lib/storescpd/bin/python3", "-I", "-c", program).strip().endswith(".so")


def test_it_holds_no_path_of_the_build_and_no_cache(package, tmp_path):
    output("dpkg-deb", "--extract", str(package), str(tmp_path))
    names = [path.name for path in tmp_path.rglob("*")]
    assert "__pycache__" not in names
    assert "direct_url.json" not in names
    assert (tmp_path / CONFIG.lstrip("/")).read_text() == (ROOT / "debian/storescpd.toml").read_text()
    conffiles = output("dpkg-deb", "--info", str(package), "conffiles").split()
    assert conffiles == [CONFIG.replace("storescpd.toml", "profiles.cfg"), CONFIG]
    assert {path.name for path in tmp_path.joinpath("usr/bin").iterdir()} == {"storescpd", "storescpd-storescp"}


def test_units_give_systemd_no_reason_to_complain(bed):
    names = [path.name for path in UNIT_FILES]
    assert len(names) == 4
    words = [f"/lib/systemd/system/{name}" for name in names]
    assert bed.run("systemd-analyze", "verify", "--man=no", *words) == ""


@pytest.mark.parametrize("drop_in", ["", "port-104", "group"])
@pytest.mark.parametrize("unit", [UNIT, "storescpd@.service"])
def test_exposure(unit, drop_in, service):
    if drop_in:
        service.example(drop_in)
        service.bed.run("cp", "-r", f"/etc/systemd/system/{UNIT}.d", "/etc/systemd/system/storescpd@.service.d")
    words = ["security", "--offline=true", "--no-pager", f"--threshold={THRESHOLD}"]
    service.bed.run("systemd-analyze", *words, f"/lib/systemd/system/{unit}")


def test_both_services_have_the_same_sandbox():
    def sandbox(name: str) -> str:
        return (ROOT / "systemd" / name).read_text().partition("# The sandbox")[2].partition("[Install]")[0].strip()

    assert sandbox("storescpd@.service") == sandbox(UNIT)
    assert "ProtectSystem=strict" in sandbox(UNIT)


def test_every_example_and_unit_is_described():
    text = (ROOT / "docs/systemd.md").read_text()
    for path in (*EXAMPLES.rglob("*.conf"), *UNIT_FILES):
        name = str(path.relative_to(EXAMPLES)) if path.is_relative_to(EXAMPLES) else path.name
        assert f"`{name}`" in text, name


def test_manual_pages_are_installed(bed, package, tmp_path):
    need("man")
    output("dpkg-deb", "--extract", str(package), str(tmp_path))
    for page in ("man8/storescpd.8.gz", "man5/storescpd.toml.5.gz", "man1/storescpd-storescp.1.gz"):
        assert "storescp" in output("man", "--local-file", str(tmp_path / "usr/share/man" / page))


def test_the_command_stands_beside_dcmtks_own(service):
    """Under its own name, and as storescp for whoever puts its folder first."""
    assert "dcmtk" in service.bed.run("storescp", "--version").lower()
    assert "storescpd" in service.bed.run("/usr/lib/storescpd/dropin/storescp", "--version")
    service.bed.run("install", "-d", "-o", "storescpd", "/run/storescpd-test")
    run = ["systemd-run", "--quiet", "--unit=drop-in", "--uid=storescpd", "storescpd-storescp"]
    service.bed.run(*run, "-od", "/run/storescpd-test", "+B", "11119")
    try:
        eventually(lambda: service.send("echoscu", "127.0.0.1", "11119").returncode == 0)
        assert service.store(1, 11119) == SUCCESS
        assert whole(service.bed.root / "run/storescpd-test", small(), 1)
    finally:
        service.control("stop", "drop-in")


def test_removing_and_purging_keep_what_was_received(service, package):
    service.control("start", "storescpd.socket")
    assert service.store(1) == SUCCESS
    service.bed.write(CONFIG, service.bed.root.joinpath(CONFIG.lstrip("/")).read_text() + "\n# mine\n")
    try:
        service.bed.run("dpkg", "--install", f"/root/{package.name}")
        # An upgrade restarts the service and keeps the administrator's file.
        assert service.state() == ("active", "success", "0")
        assert "# mine" in service.bed.root.joinpath(CONFIG.lstrip("/")).read_text()
        service.bed.run("dpkg", "--remove", "storescpd")
        assert not service.bed.succeeds("systemctl", "is-active", UNIT, "storescpd.socket")
        assert whole(service.spool, small(), 1)
        service.bed.run("dpkg", "--purge", "storescpd")
        assert whole(service.spool, small(), 1)
        assert service.bed.run("stat", "-c", "%U", "/var/lib/storescpd").strip() == "storescpd"
        left = service.bed.run("find", "/etc", "/usr", "/lib", "/run", "-xdev", "-name", "*storescpd*").split()
        assert [path for path in left if "systemd" not in path] == []
    finally:
        service.bed.run("dpkg", "--install", f"/root/{package.name}")


def test_the_tests_of_the_package(service, package):
    """autopkgtest, in the system that has it installed; the restrictions are about systems that have no own one."""
    service.bed.run("rm", "-rf", "/root/source")
    shutil.copytree(ROOT / "debian", service.bed.root / "root/source/debian", symlinks=True)
    control = service.bed.root / "root/source/debian/tests/control"
    control.write_text(control.read_text().replace("isolation-container, ", ""))
    # All that it would ask the network for is here.
    service.bed.write("/etc/apt/sources.list", "")
    service.control("start")
    said = service.bed.run("autopkgtest", "--no-built-binaries", f"/root/{package.name}", "/root/source/", "--", "null")
    summary = said.rpartition("@@ summary")[2]
    assert re.findall(r"^(\w+) +PASS$", summary, re.MULTILINE) == ["smoke", "foreground"], said
