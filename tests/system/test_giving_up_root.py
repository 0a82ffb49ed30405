"""process.user: ports, keys and logs are had as root, all the rest is done as the user, and there is no way back."""

import os
import pwd
import socket
import ssl
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.build import PATH
from tests.support.certificates import issue
from tests.support.processes import children, end, eventually
from tests.support.scenes import ECHO, SUCCESS, associate, small, store, whole
from tests.support.tools import need, needs_root
from tests.system.background import Background

pytestmark = [pytest.mark.root, needs_root]

USER = "nobody"
UID, GID = pwd.getpwnam(USER).pw_uid, pwd.getpwnam(USER).pw_gid


def identities(pid: int) -> tuple[set[int], set[int], set[int], int]:
    """Real, effective, saved and file system user ids; group ids; supplementary groups; capabilities."""
    lines = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    numbers = [set(map(int, lines[name].split())) for name in ("Uid", "Gid", "Groups")]
    return numbers[0], numbers[1], numbers[2], int(lines["CapEff"], 16) | int(lines["CapPrm"], 16)


@pytest.fixture
def low_port():
    """A port that is root's alone, in a network namespace where none is for everybody."""
    if int(Path("/proc/sys/net/ipv4/ip_unprivileged_port_start").read_text()) < 1024:
        pytest.skip("here ports below 1024 are for everybody")
    with socket.socket() as probe:
        for port in range(700, 1023):
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    pytest.skip("no port below 1024 is free")


def give(background: Background, *paths: Path) -> None:
    for path in paths:
        os.chown(path, UID, GID)


@pytest.mark.parametrize("there", [False, True], ids=["dangling", "leading to a file"])
def test_root_follows_no_link_of_the_user_to_a_log(there, background: Background):
    """The daemon would have made, or go on writing to, a file that is root's alone."""
    secret = background.folder / "roots"
    secret.mkdir(mode=0o700)
    if there:
        (secret / "file").write_text("content")
    background.log_file.symlink_to(secret / "file")
    os.chown(background.log_file, UID, GID, follow_symlinks=False)
    give(background, background.spool, background.log_file.parent)
    background.configure({"process": {"user": USER}})
    done = background.start()
    assert done.returncode == 1
    assert str(background.log_file) in done.stderr
    assert [(path.read_text(), path.stat().st_uid) for path in secret.iterdir()] == [("content", 0)] * there


def test_what_root_has_and_what_the_user_does(low_port, background: Background):
    keys = background.folder / "keys"
    keys.mkdir(mode=0o700)
    pair = issue(keys, "server")
    give(background, background.spool)
    config = {
        "process": {"user": USER},
        "listeners": [
            {"name": "low", "address": "127.0.0.1", "port": low_port},
            {"name": "tls", "address": "127.0.0.1", "port": 0, "tls": True},
        ],
        "tls": {
            "key": str(pair.key_file), "certificate": str(pair.certificate_file), "peer_certificate": "ignore",
        },
    }  # fmt: skip
    background.configure(config)
    done = background.start()
    assert (done.returncode, done.stderr) == (0, "")
    for pid in (background.pid, *children(background.pid)):
        assert identities(pid) == ({UID}, {GID}, {GID}, 0)
    with associate(low_port) as association:
        assert store(association, small(), 1) == SUCCESS
        association.release()
    assert whole(background.spool, small(), 1)
    for path in background.spool.rglob("*"):
        assert path.stat().st_uid == UID, path
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with socket.create_connection(("127.0.0.1", background.ports()["tls"])) as plain, context.wrap_socket(plain):
        pass
    assert background.log_file.stat().st_uid == UID
    assert "runs as root" not in background.log()
    # The key can be read no more.
    done = background.command("--reload")
    assert done.returncode == 1
    assert "tls.certificate: cannot read" in done.stderr
    assert "root was given up at the start" in done.stderr
    give(background, keys, pair.key_file)
    done = background.command("--reload")
    assert (done.returncode, done.stderr) == (0, "")
    assert identities(children(background.pid)[0])[0] == {UID}
    with associate(low_port) as association:
        assert association.echo(ECHO) == SUCCESS
    # Nor another port of root's be had, nor another user.
    config["listeners"].append({"name": "more", "address": "127.0.0.1", "port": low_port - 1})
    background.configure(config)
    done = background.command("--reload")
    assert done.returncode == 1
    assert f"port {low_port - 1}: no permission" in done.stderr
    config["listeners"].pop()
    background.configure({**config, "process": {"user": "daemon"}})
    done = background.command("--reload")
    assert done.returncode == 1
    assert "process.user: changes with a restart only" in done.stderr
    background.configure(config)
    assert background.command("--reload").returncode == 0
    # A log that is rotated is made again by the user, in a folder that is the user's.
    give(background, background.log_file.parent)
    background.log_file.rename(background.log_file.with_name("log.1"))
    assert background.command("--reload").returncode == 0
    eventually(lambda: "serving" in background.log())
    assert background.log_file.stat().st_uid == UID


def test_the_user_may_ask_and_the_pid_file_goes(background: Background):
    """The folder is root's: the file in it cannot be removed, but it is empty, and taken over."""
    need("setpriv")
    give(background, background.spool)
    background.configure({"process": {"user": USER}})
    assert background.start().returncode == 0
    prefix = ("setpriv", f"--reuid={UID}", f"--regid={GID}", "--clear-groups")
    program = (
        "import json, socket, sys; s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]);"
        " s.sendall(b'{\"ask\": \"status\"}\\n'); print(json.loads(s.makefile().readline())['pid'])"
    )
    [path] = (background.spool / ".storescpd").glob("*.sock")
    line = [*prefix, "/usr/bin/python3", "-c", program, str(path)]
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    assert done.stdout.strip() == str(background.pid), done.stderr
    pid = background.pid
    end(pid, 15)
    eventually(lambda: background.pid_file.read_text() == "", 60)
    eventually(lambda: not list((background.spool / ".storescpd").glob("*.sock")))
    assert background.start().returncode == 0
    give(background, background.pid_file.parent)
    background.stop()
    assert list(background.pid_file.parent.iterdir()) == []


def test_a_spool_that_is_not_the_users(background: Background):
    background.configure({"process": {"user": USER}})
    background.spool.chmod(0o700)
    done = background.start()
    assert done.returncode == 1
    assert str(background.spool) in done.stderr
    assert "Permission denied" in done.stderr


def test_another_group(background: Background):
    os.chown(background.spool, UID, 1)
    background.configure({"process": {"user": USER, "group": "daemon"}})
    done = background.start()
    assert done.returncode == 0, done.stderr
    assert identities(background.pid)[:2] == ({UID}, {1})


@pytest.mark.parametrize("user", ["", "root"])
def test_root_is_warned_of(user, background: Background):
    background.configure({"process": {"user": user}})
    assert background.start().returncode == 0
    [line] = [line for line in background.log().splitlines() if "runs as root" in line]
    assert "process.user" in line


def test_who_is_not_root_cannot_become_another(background: Background):
    """Python itself may lie where the user cannot go: the process has loaded it before it becomes the user."""
    background.configure({"process": {"user": "daemon"}})
    give(background, background.spool, background.log_file.parent)
    program = (
        "import os, sys\n"
        "from storescpd.cli import storescpd, serve, daemon\n"
        "storescpd.parser()\n"
        f"os.setgroups([]); os.setgid({GID}); os.setuid({UID})\n"
        "sys.exit(storescpd.main(sys.argv[1:]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, "--config", str(background.config_file)],
        capture_output=True, text=True, check=False, cwd="/", env={**os.environ, "PYTHONPATH": PATH},
    )  # fmt: skip
    assert done.returncode == 1
    assert "only root can become another" in done.stderr
