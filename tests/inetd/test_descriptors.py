"""The descriptors, and the exit status, which is storescp's."""

import contextlib
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.inetd.scenes import configured, ours, storescp
from tests.support.inetd import accepted
from tests.support.objects import CT_IMAGE, EXPLICIT_LITTLE, ct
from tests.support.rawclient import (
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

NOISE = """
import sys

class Noisy:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {"storescpd", "pydantic", "pydicom", "tomllib"}:
            if "storescpd.supervisor.inherited" in sys.modules:
                print("noise on stdout about", name, flush=True)
                print("noise on stderr about", name, file=sys.stderr, flush=True)
        return None

sys.meta_path.insert(0, Noisy())
"""


def everything(peer: socket.socket) -> bytes:
    """All that comes until the end."""
    received = b""
    with contextlib.suppress(ConnectionResetError):
        while piece := peer.recv(65536):
            received += piece
    return received


def kinds(stream: bytes) -> list[int]:
    """The types of the PDUs that a stream consists of, which must be all that there is."""
    found = []
    while stream:
        length = 6 + int.from_bytes(stream[2:6], "big")
        assert stream[0] in range(1, 8), stream[:80]
        assert len(stream) >= length
        found.append(stream[0])
        stream = stream[length:]
    return found


def test_nothing_but_pdus_reaches_the_peer(tmp_path):
    """Libraries that print while they are imported, and a hook that does."""
    quiet = tmp_path / "noise"
    quiet.mkdir()
    (quiet / "sitecustomize.py").write_text(NOISE)
    config = configured(tmp_path, {"hooks": {"on_reception": "echo hook; echo hook >&2"}})
    path = {"PYTHONPATH": str(quiet), "PYTHONWARNINGS": "always"}
    image = ct(64)
    with accepted(ours(config), env=path) as (peer, process):
        peer.sendall(associate_request([(1, CT_IMAGE, [EXPLICIT_LITTLE])]))
        command = store_request(CT_IMAGE, image.instance(1))
        peer.sendall(store_message(1, command, image.bytes(1), 8192) + pdu(RELEASE_RQ, bytes(4)))
        assert kinds(everything(peer)) == [ASSOCIATE_AC, DATA, RELEASE_RP]
    assert process.returncode == 0
    assert (tmp_path / "out" / f"CT.{image.instance(1)}").is_file()


@pytest.mark.parametrize("mistake", ["usage", "no file", "configuration", "directory"])
def test_what_is_wrong_does_not_reach_the_peer(mistake, tmp_path):
    config = configured(tmp_path, {"process": {"workers": "x"}} if mistake == "configuration" else None)
    command = ours(config)
    if mistake == "usage":
        command.append("--no-such-option")
    elif mistake == "no file":
        command[-1] = str(tmp_path / "missing.toml")
    elif mistake == "directory":
        command = ours(configured(tmp_path, {"logging": {"destination": "/no/such/directory/log"}}))
    with accepted(command) as (peer, process):
        assert everything(peer) == b""
    assert process.returncode == {"usage": 2, "directory": 1}.get(mistake, 78)


@contextmanager
def listening() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as made:
        yield made


@contextmanager
def datagram() -> Iterator[socket.socket]:
    with socket.socket(type=socket.SOCK_DGRAM) as made:
        made.bind(("127.0.0.1", 0))
        yield made


@contextmanager
def no_tcp() -> Iterator[socket.socket]:
    one, other = socket.socketpair()
    other.close()
    with one:
        yield one


@contextmanager
def empty_file() -> Iterator[int]:
    fd = os.open(os.devnull, os.O_RDONLY)
    yield fd
    os.close(fd)


ELSE = {
    "listening": (listening, "listens"),
    "datagram": (datagram, "no TCP socket"),
    "Unix socket": (no_tcp, "no TCP socket"),
    "file": (empty_file, "is no socket"),
}


@pytest.mark.parametrize("which", ELSE)
def test_what_is_no_connection(which, tmp_path):
    need("/usr/bin/storescp")
    made, told = ELSE[which]
    with made() as passed:
        judge = subprocess.run(
            storescp(tmp_path / "expected"), stdin=passed, capture_output=True, timeout=60, check=False
        )
    with made() as passed:
        done = subprocess.run(
            ours(configured(tmp_path)), stdin=passed, capture_output=True, text=True, timeout=60, check=False
        )
    assert done.returncode == judge.returncode == 0
    assert told in done.stderr
    assert done.stdout == ""


def test_no_descriptor_at_all(tmp_path):
    need("/usr/bin/storescp")
    closed = ["/bin/sh", "-c", 'exec "$@" <&-', "sh"]
    judge = subprocess.run([*closed, *storescp(tmp_path / "expected")], capture_output=True, timeout=60, check=False)
    done = subprocess.run([*closed, *ours(configured(tmp_path))], capture_output=True, timeout=60, check=False)
    assert done.returncode == judge.returncode == 99


def test_the_end_of_an_association(tmp_path):
    """A peer that says nothing, and one that talks nonsense: 0 all the same, as storescp."""
    need("/usr/bin/storescp")
    for said in (b"", b"GET / HTTP/1.0\r\n\r\n"):
        statuses = []
        for command in (ours(configured(tmp_path)), storescp(tmp_path / "expected")):
            with accepted(command) as (peer, process):
                peer.sendall(said)
                peer.shutdown(socket.SHUT_WR)
                everything(peer)
            statuses.append(process.returncode)
        assert statuses == [0, 0]


def test_children_get_no_connection(tmp_path):
    """A hook has what it may have: no socket on any descriptor."""
    listing = tmp_path / "descriptors"
    config = configured(tmp_path, {"hooks": {"on_reception": f"ls -l /proc/self/fd > {listing}"}})
    image = ct(64)
    with accepted(ours(config)) as (peer, _):
        peer.sendall(associate_request([(1, CT_IMAGE, [EXPLICIT_LITTLE])]))
        peer.sendall(store_message(1, store_request(CT_IMAGE, image.instance(1)), image.bytes(1), 8192))
        peer.sendall(pdu(RELEASE_RQ, bytes(4)))
        everything(peer)
    assert "/dev/null" in listing.read_text()
    assert "socket:" not in listing.read_text()


def test_several_sockets_of_systemd(tmp_path):
    command = ours(configured(tmp_path))
    program = (
        "import os, sys; os.environ.update(LISTEN_FDS='2', LISTEN_PID=str(os.getpid()));"
        " os.execv(sys.argv[1], sys.argv[1:])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, *command], capture_output=True, text=True, timeout=60, check=False,
        stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert "Accept=yes" in done.stderr
