"""What holds for an association without a supervisor: hooks, limits of access, ends, and mistakes that are refused."""

import os
import pwd
import signal
import socket
import subprocess
import sys

import pydicom.data
import pytest

from tests.inetd.scenes import configured, ours, storescp
from tests.support.certificates import issue
from tests.support.daemon import ROOT
from tests.support.inetd import accepted, inetd
from tests.support.objects import CT_IMAGE, EXPLICIT_LITTLE, ct
from tests.support.processes import end, eventually
from tests.support.rawclient import (
    ABORT,
    ASSOCIATE_AC,
    DATA,
    RELEASE_RP,
    RELEASE_RQ,
    associate_request,
    pdu,
    store_message,
    store_request,
)
from tests.support.tools import need

IMAGE = ct(64)
REQUEST = associate_request([(1, CT_IMAGE, [EXPLICIT_LITTLE])], calling="SENDER", called="CALLED")
RELEASE = pdu(RELEASE_RQ, bytes(4))


def stored(number: int) -> bytes:
    command = store_request(CT_IMAGE, IMAGE.instance(number))
    return store_message(1, command, IMAGE.bytes(number), 8192)


def answer(peer: socket.socket) -> int:
    """The type of the next PDU; 0 at the end."""
    head = b""
    while len(head) < 6:
        piece = peer.recv(6 - len(head))
        if not piece:
            return 0
        head += piece
    left = int.from_bytes(head[2:], "big")
    while left:
        left -= len(peer.recv(left))
    return head[0]


def test_the_next_command_waits_for_the_hook(tmp_path):
    """Whatever hooks.synchronous says: nobody would be there later."""
    gate, begun = tmp_path / "gate", tmp_path / "begun"
    os.mkfifo(gate)
    hook = f"echo #f >> {begun}; read word < {gate}"
    with accepted(ours(configured(tmp_path, {"hooks": {"on_reception": hook}}))) as (peer, process):
        peer.sendall(REQUEST + stored(1))
        assert [answer(peer), answer(peer)] == [ASSOCIATE_AC, DATA]
        eventually(begun.exists)
        peer.sendall(stored(2))
        peer.settimeout(0.5)
        with pytest.raises(TimeoutError):
            answer(peer)
        peer.settimeout(60)
        with gate.open("w") as opened:
            opened.write("go\n")
        assert answer(peer) == DATA
        with gate.open("w") as opened:
            opened.write("go\n")
        peer.sendall(RELEASE)
        while answer(peer):
            pass
    assert begun.read_text().split() == [f"CT.{IMAGE.instance(number)}" for number in (1, 2)]
    assert process.returncode == 0


def test_hooks_are_told_what_storescp_tells(tmp_path):
    need("/usr/bin/storescp")
    found = []
    for name in ("ours", "theirs"):
        folder = tmp_path / name
        folder.mkdir()
        line = f"echo #p #f #a #c >> {tmp_path}/{name}.told"
        theirs = storescp(folder / "out", "-xcr", line, "-xs")
        command = ours(configured(folder, {"hooks": {"on_reception": line}})) if name == "ours" else theirs
        with accepted(command) as (peer, _):
            peer.sendall(REQUEST + stored(1) + stored(2) + RELEASE)
            # storescp waits for its peer to close.
            while answer(peer) != RELEASE_RP:
                pass
        found.append((tmp_path / f"{name}.told").read_text().replace(str(folder), ""))
    assert found[0] == found[1]
    assert found[0].count("SENDER CALLED") == 2


def test_hooks_that_fail_and_take_too_long(tmp_path):
    hook = f"echo >> {tmp_path}/tries; exec sleep 1000"
    config = {"hooks": {"on_reception": hook, "timeout": 0.2, "retries": 1}}
    with accepted(ours(configured(tmp_path, config))) as (peer, _):
        peer.sendall(REQUEST + stored(1) + RELEASE)
        while answer(peer):
            pass
    log = (tmp_path / "log").read_text()
    assert (tmp_path / "tries").read_text() == "\n\n"
    assert log.count("hook takes too long") == 2
    assert log.count("hook failed and will be tried again") == 1
    assert "hook failed kind=reception" in log


@pytest.mark.parametrize(
    ("section", "values", "key"),
    [
        ("studies", {"rename": True}, "studies.rename"),
        ("hooks", {"on_end_of_study": "true"}, "hooks.on_end_of_study"),
        ("tls", {"prompt_password": True}, "tls.prompt_password"),
    ],
)
def test_what_does_not_go_with_it(section, values, key, tmp_path):
    config = configured(tmp_path, {"naming": {"sort": "study"}, section: values})
    with accepted(ours(config)) as (peer, process):
        assert answer(peer) == 0
    assert process.returncode == 78
    command = [sys.executable, "-m", "storescpd", "--inetd", "--check-config", "--config", str(config)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 78
    assert key in done.stderr


ACCESS = {
    "networks": {"access": {"deny": ["127.0.0.0/8"]}},
    "TCP wrappers": {"access": {"tcp_wrappers": True}},
}


@pytest.mark.parametrize("which", ACCESS)
def test_who_is_denied_gets_nothing(which, tmp_path):
    (tmp_path / "hosts.deny").write_text("storescp: 127.0.0.1\n")
    (tmp_path / "hosts.allow").write_text("other: 127.0.0.1\n")
    files = {"hosts_allow": str(tmp_path / "hosts.allow"), "hosts_deny": str(tmp_path / "hosts.deny")}
    config = configured(tmp_path, {"access": {**ACCESS[which]["access"], **files}})
    with accepted(ours(config)) as (peer, process):
        assert answer(peer) == 0
    assert process.returncode == 0
    assert "connection denied" in (tmp_path / "log").read_text()


def test_whom_tcp_wrappers_allow(tmp_path):
    (tmp_path / "hosts.deny").write_text("ALL: ALL\n")
    (tmp_path / "hosts.allow").write_text("dicom-in: 127.0.0.1\n")
    access = {
        "tcp_wrappers": True,
        "daemon_name": "dicom-in",
        "hosts_allow": str(tmp_path / "hosts.allow"),
        "hosts_deny": str(tmp_path / "hosts.deny"),
    }
    with accepted(ours(configured(tmp_path, {"access": access}))) as (peer, _):
        peer.sendall(REQUEST)
        assert answer(peer) == ASSOCIATE_AC


def test_which_listener_is_meant(tmp_path):
    """The table of the port; where there is none, nobody knows whether TLS is."""
    ports = [{"name": "one", "port": 104}, {"name": "two", "port": 105}]
    with accepted(ours(configured(tmp_path, {"listeners": ports}))) as (peer, process):
        assert answer(peer) == 0
    assert process.returncode == 1
    assert "no table of [[listeners]]" in (tmp_path / "log").read_text()
    with accepted(ours(configured(tmp_path, {"listeners": ports[:1]}))) as (peer, _):
        peer.sendall(REQUEST + RELEASE)
        assert answer(peer) == ASSOCIATE_AC
    assert "listener=one" in (tmp_path / "log").read_text()


def test_a_stop_lets_an_object_end(tmp_path):
    """SIGTERM: what has begun is stored, then A-ABORT."""
    with accepted(ours(configured(tmp_path, {"process": {"drain_timeout": 0}}))) as (peer, process):
        message = stored(1)
        peer.sendall(REQUEST + stored(2) + message[: len(message) // 2])
        assert [answer(peer), answer(peer)] == [ASSOCIATE_AC, DATA]
        folder = tmp_path / "out" / ".storescpd" / "incoming"
        eventually(lambda: any(folder.iterdir()))
        process.send_signal(signal.SIGTERM)
        peer.sendall(message[len(message) // 2 :])
        assert [answer(peer), answer(peer)] == [DATA, ABORT]
    assert process.returncode == 0
    assert len(list((tmp_path / "out").glob("CT.*"))) == 2


def test_a_stop_of_an_idle_association(tmp_path):
    with accepted(ours(configured(tmp_path, {"process": {"drain_timeout": 0}}))) as (peer, process):
        peer.sendall(REQUEST)
        assert answer(peer) == ASSOCIATE_AC
        process.send_signal(signal.SIGTERM)
        assert answer(peer) == ABORT
    assert process.returncode == 0


def test_what_a_killed_one_left_is_removed_by_the_next(tmp_path):
    folder = tmp_path / "out" / ".storescpd" / "incoming"
    command = ours(configured(tmp_path))
    with accepted(command) as (peer, process):
        peer.sendall(REQUEST + stored(1)[:-100])
        assert answer(peer) == ASSOCIATE_AC
        eventually(lambda: folder.is_dir() and any(folder.iterdir()))
        end(process.pid)
        assert answer(peer) == 0
    assert len(list(folder.iterdir())) == 1
    with accepted(command) as (peer, _):
        peer.sendall(REQUEST + stored(1) + RELEASE)
        while answer(peer):
            pass
    assert list(folder.iterdir()) == []


def test_a_group_that_is_not_there(tmp_path):
    """Found out when what stores is made: the association is aborted, and the log says why."""
    with accepted(ours(configured(tmp_path, {"storage": {"group": "no-such-group"}}))) as (peer, process):
        peer.sendall(REQUEST)
        assert [answer(peer), answer(peer)] == [ASSOCIATE_AC, ABORT]
    assert process.returncode == 0
    assert "create the group" in (tmp_path / "log").read_text()


def test_tls(tmp_path):
    """storescu with TLS, and one without, which gets nothing."""
    need("storescu")
    authority = issue(tmp_path, "authority")
    server, client = issue(tmp_path, "server", authority), issue(tmp_path, "client", authority)
    tls = {
        "key": str(server.key_file),
        "certificate": str(server.certificate_file),
        "ca_files": [str(authority.certificate_file)],
    }
    config = configured(tmp_path, {"listeners": [{"name": "secure", "tls": True}], "tls": tls})
    image = pydicom.data.get_testdata_file("CT_small.dcm", download=False)
    options = ["+tls", str(client.key_file), str(client.certificate_file), "+cf", str(authority.certificate_file)]
    with inetd("openbsd-inetd", tmp_path / "server", ours(config), user=pwd.getpwuid(os.geteuid()).pw_name) as port:
        sent = [
            subprocess.run(["storescu", *chosen, "127.0.0.1", str(port), image], capture_output=True, check=False)
            for chosen in (options, [])
        ]
    assert sent[0].returncode == 0, sent[0].stderr
    assert sent[1].returncode != 0
    log = (tmp_path / "log").read_text()
    assert 'subject="CN=client"' in log or "subject=CN=client" in log
    assert log.count("object stored") == 1
