"""What the sandbox forbids, what it leaves possible, and the drop-ins for those who need more."""

import pytest

from tests.support.daemon import merged
from tests.support.processes import eventually
from tests.support.scenes import OUT_OF_RESOURCES, SUCCESS, small, store, whole
from tests.systemd.service import EXAMPLES, SETTINGS, SPOOL, UNIT

# Each line: what a hook tries, and a word for it when it succeeded.
ATTEMPTS = {
    "etc": "echo x > /etc/storescpd/storescpd.toml",
    "usr": "touch /usr/lib/storescpd/x",
    "home": "ls /home/somebody",
    "device": "test -e /dev/loop-control -o -e /dev/fuse",
    "setuid": "cp /bin/true $0.t && chmod 4755 $0.t",
    "mount": "unshare --mount true",
    "renice": "nice -n -5 sh -c 'test $(nice) -lt 0'",
    "spool": f"touch {SPOOL}/touched",
    "tmp": "touch /tmp/touched",
    "shell": "test $(echo a | tr a b) = b",
}
ALLOWED = {"spool", "tmp", "shell"}


def test_a_hook_can_write_to_the_spool_and_nowhere_else(service):
    service.bed.run("mkdir", "-p", "/home/somebody")
    script = "\n".join(f"( {attempt} ) >/dev/null 2>&1 && echo {name} >> $1.part" for name, attempt in ATTEMPTS.items())
    service.bed.write("/usr/local/bin/attempts", f"#!/bin/sh\ncd /tmp\n{script}\nmv $1.part $1\n", 0o755)
    service.configure(merged(SETTINGS, {"hooks": {"on_reception": ["/usr/local/bin/attempts", f"{SPOOL}/done"]}}))
    service.control("start")
    assert service.store(1) == SUCCESS
    done = service.spool / "done"
    eventually(done.exists)
    assert set(done.read_text().split()) == ALLOWED
    assert not (service.bed.root / "tmp/touched").exists()


def test_the_drop_in_for_hooks_gives_a_folder_to_write_to(service):
    service.bed.run("install", "-d", "-o", "storescpd", "/srv/forward")
    service.bed.run("mkdir", "-p", "/home/somebody")
    service.example("hooks")
    command = "ls /home/somebody && nice -n 5 cp #p/#f /srv/forward/#f"
    service.configure(merged(SETTINGS, {"hooks": {"on_reception": command}}))
    service.control("start")
    assert service.store(1) == SUCCESS
    eventually((service.bed.root / "srv/forward" / f"CT.{small().instance(1)}").exists)


@pytest.fixture
def mounted(service):
    """A unit that mounts a small file system on /srv/dicom."""
    unit = "[Mount]\nWhat=tmpfs\nType=tmpfs\nWhere=/srv/dicom\nOptions=size=512k,mode=755,uid=storescpd,gid=storescpd\n"
    service.bed.run("install", "-d", "-o", "storescpd", "-g", "storescpd", "/srv/dicom")
    service.bed.write("/etc/systemd/system/srv-dicom.mount", unit)
    service.example("spool")
    yield service.bed.root / "srv/dicom"
    service.control("stop", "srv-dicom.mount", check=False)


def test_a_full_spool_on_a_mount_of_its_own(service, mounted):
    settings = merged(SETTINGS, {"storage": {"directory": "/srv/dicom", "required_file": "mounted"}})
    service.configure(settings)
    service.control("start", "srv-dicom.mount")
    service.bed.run("touch", "/srv/dicom/mounted")
    service.control("start")
    with service.associate() as association:
        template = small()
        assert store(association, template, 1) == SUCCESS
        filler = mounted / "filler"
        fill(filler)
        assert store(association, template, 2) == OUT_OF_RESOURCES
        filler.unlink()
        assert store(association, template, 3) == SUCCESS
        association.release()
    assert [number for number in (1, 2, 3) if whole(mounted, template, number)] == [1, 3]
    [entry] = service.bed.journal("DICOM_STATUS=A700")
    assert entry["SOP_INSTANCE_UID"] == template.instance(2)
    assert "No space left" in entry["MESSAGE"]
    assert entry["PRIORITY"] == "4"
    assert service.state() == ("active", "success", "0")
    # Nobody writes into the folder below the mount: where that goes, the service goes first.
    service.control("stop", "srv-dicom.mount")
    assert service.state() == ("inactive", "success", "0")
    service.control("start")
    assert service.bed.show("srv-dicom.mount", "ActiveState") == ["active"]


def fill(path) -> None:
    with path.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            pass


def test_objects_for_another_group(service):
    service.bed.run("sh", "-c", "getent group pacs || groupadd pacs")
    service.example("group")
    service.configure(merged(SETTINGS, {"storage": {"group": "pacs"}, "naming": {"sort": "study-uid", "prefix": "s"}}))
    service.control("start")
    assert service.store(1) == SUCCESS
    [path] = service.stored()
    inside = f"{SPOOL}/{path.relative_to(service.spool)}"
    assert service.bed.run("stat", "-c", "%U:%G %a", inside).strip() == "storescpd:pacs 640"
    assert service.bed.run("stat", "-c", "%G %a", inside.rpartition("/")[0]).strip() == "pacs 750"


def test_without_the_drop_in_another_group_is_told_of_at_the_start(service):
    service.bed.run("sh", "-c", "getent group pacs || groupadd pacs")
    service.configure(merged(SETTINGS, {"storage": {"group": "pacs"}}))
    service.control("start", check=False)
    assert any("storage.group" in entry["MESSAGE"] for entry in service.bed.journal("PRIORITY=3"))


def test_port_104_by_capability(service):
    service.example("port-104")
    service.configure(merged(SETTINGS, {"listeners": [{"port": 104}]}))
    service.control("start")
    assert service.bed.show(UNIT, "User") == ["storescpd"]
    assert service.store(1, 104) == SUCCESS


def test_port_104_without_it_is_refused(service):
    service.configure(merged(SETTINGS, {"listeners": [{"port": 104}]}))
    assert not service.bed.succeeds("systemctl", "start", UNIT)
    assert any("104" in entry["MESSAGE"] for entry in service.bed.journal())


def version(service) -> int:
    return int(service.bed.run("systemctl", "--version").split()[1])


def test_reload_as_systemd_253_does_it(service):
    if version(service) < 253:
        pytest.skip("for systemd 253 and later; STORESCPD_SUITE=trixie has it")
    service.example("notify-reload")
    service.configure(SETTINGS)
    service.control("start")
    assert service.bed.show(UNIT, "Type") == ["notify-reload"]
    service.configure(merged(SETTINGS, {"listeners": [{"port": 11112}, {"name": "second", "port": 11113}]}))
    service.control("reload")
    assert service.store(1, 11113) == SUCCESS


@pytest.mark.parametrize(
    "example", sorted(EXAMPLES.rglob("*.conf")), ids=lambda path: f"{path.parent.name}/{path.name}"
)
def test_systemd_understands_every_example(example, service):
    if example.name == "notify-reload.conf" and version(service) < 253:
        pytest.skip("for systemd 253 and later")
    unit = example.parent.name.removesuffix(".d")
    service.example(example.stem, unit)
    assert service.bed.run("systemd-analyze", "verify", "--man=no", unit) == ""
