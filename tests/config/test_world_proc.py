"""/proc, written by hand: who listens, and what is mounted."""

from pathlib import Path

import pytest

from storescpd.config.world.mounts import file_system, is_network
from storescpd.config.world.processes import holder

STORAGE = "[storage]\ndirectory = 'SPOOL'\nmin_free = 0\n"

TCP = """\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000:0068 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4711 1 0 100 0 0 10 0
   1: 0100007F:0069 00000000:0000 01 00000000:00000000 00:00000000 00000000   118        0 4712 1 0 100 0 0 10 0
"""


@pytest.fixture
def proc(tmp_path):
    (tmp_path / "net").mkdir()
    (tmp_path / "net/tcp").write_text(TCP)

    def process(pid, command, *targets):
        folder = tmp_path / str(pid) / "fd"
        folder.mkdir(parents=True)
        (folder.parent / "cmdline").write_bytes(command)
        (folder.parent / "cwd").symlink_to("/")
        for number, target in enumerate(targets):
            (folder / str(number)).symlink_to(target)
        return tmp_path

    process.root = tmp_path
    return process


def test_nobody_listens(proc):
    assert holder(1, proc.root) is None
    # Port 105 is only connected.
    assert holder(105, proc.root) is None


def test_systemd_listens(proc):
    root = proc(1, b"/usr/lib/systemd/systemd\0--system\0", "/dev/null", "socket:[4711]")
    found = holder(104, root)
    assert (found.pid, found.uid, found.is_systemd) == (1, 0, True)


def test_of_a_daemon_the_oldest_process_counts(proc):
    proc(20, b"storescpd\0worker\0", "socket:[4711]")
    root = proc(10, b"/usr/bin/python3\0/usr/bin/storescpd\0", "socket:[4711]")
    found = holder(104, root)
    assert found.pid == 10
    assert found.is_storescpd(Path("/etc/storescpd/storescpd.toml"))
    assert not found.is_storescpd(Path("/etc/other.toml"))


def test_a_listener_that_cannot_be_seen(proc):
    found = holder(104, proc.root)
    assert (found.uid, found.pid) == (0, None)


MOUNTS = """\
22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
30 22 0:40 / /srv rw,relatime shared:2 master:1 - nfs4 server:/srv rw
31 30 0:41 / /srv/local\\040disk rw - xfs /dev/sdb1 rw
32 22 0:42 / /srv2 rw - fuse.sshfs h:/ rw
33 31 0:43 / /srv/local\\040disk rw - btrfs /dev/sdc1 rw
"""


@pytest.mark.parametrize(
    ("path", "kind", "network"),
    [
        ("/var", "ext4", False),
        ("/srv/dicom", "nfs4", True),
        ("/srv", "nfs4", True),
        ("/srv/local disk/x", "btrfs", False),
        ("/srv2/x", "fuse.sshfs", True),
    ],
)
def test_file_systems(tmp_path, path, kind, network):
    (tmp_path / "mountinfo").write_text(MOUNTS)
    assert file_system(path, tmp_path / "mountinfo") == kind
    assert is_network(kind) is network


def test_a_ledger_on_a_network_file_system(check, monkeypatch):
    monkeypatch.setattr("storescpd.config.world.files.file_system", lambda _path: "nfs4")
    (problem,) = check(STORAGE + "[naming]\nsort = 'study'")
    assert problem.key == "studies.ledger"
    assert "network file system (nfs4)" in problem.message
    assert check(STORAGE) == []
