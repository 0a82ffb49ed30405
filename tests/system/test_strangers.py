"""Whoever comes to the port without asking for an association is named once: what it looks like, what to do."""

import contextlib
import json
import re
import socket
import ssl
import subprocess

import pytest

from tests.support.certificates import client_context
from tests.support.daemon import Daemon, storescpd
from tests.support.hospital import config, hospital
from tests.support.objects import EXPLICIT_LITTLE
from tests.support.processes import eventually
from tests.support.rawclient import Aborted, Rejected, associate_request
from tests.support.scenes import CT, ECHO, SUCCESS, associate, begin, small, store
from tests.support.tools import need

ENDED = "connection ended without an association"
CT_IMAGE = "1.2.840.10008.5.1.4.1.1.2"
GOOD = associate_request([(1, CT_IMAGE, [EXPLICIT_LITTLE])], calling="CT7")


def warnings(daemon: Daemon, message: str) -> list[dict[str, str]]:
    """The fields of these events of level warning, as a reader of the text sees them."""
    lines = [line for line in daemon.log().splitlines() if " warning[" in line and message in line]
    return [{name: _value(raw) for name, raw in re.findall(r'(\w+)=("(?:[^"\\]|\\.)*"|\S+)', line)} for line in lines]


def _value(raw: str) -> str:
    return json.loads(raw) if raw.startswith('"') else raw


def say(port: int, data: bytes) -> None:
    """Say this, and wait until the daemon has closed."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as peer, contextlib.suppress(ConnectionError):
        peer.sendall(data)
        peer.shutdown(socket.SHUT_WR)
        while peer.recv(4096):
            pass


def too_many_syntaxes() -> bytes:
    return associate_request([(1, CT_IMAGE, [f"1.2.{number}" for number in range(129)])])


MALFORMED = GOOD[:-10] + b"\x52\0\0\x40" + GOOD[-6:]
STRANGERS = {
    "an item longer than its PDU": (MALFORMED, "malformed association request", "CT7"),
    "cut short": (GOOD[:60], "malformed association request", "CT7"),
    "MLLP": (b"\x0bMSH|^~\\&|A|B\r\x1c\r", "HL7", None),
    "SSH": (b"SSH-2.0-OpenSSH_9.2\r\n", "SSH", None),
    "HTTP/2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "HTTP/2", None),
    "PROXY v1": (b"PROXY TCP4 10.0.0.1 10.0.0.2 4711 104\r\n" + GOOD, "PROXY", None),
    "PROXY v2": (b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c" + bytes(12) + GOOD, "PROXY", None),
    "a file": (bytes(128) + b"DICM\x02\0\0\0UL\4\0", "a DICOM file", None),
    "data first": (b"\4\0\0\0\0\4\0\0\0\0", "P-DATA-TF", None),
    "noise": (b"\xde\xad\xbe\xef", "de ad be ef", None),
}


@pytest.mark.parametrize("name", STRANGERS)
def test_a_stranger_is_named_once(name, tmp_path):
    said, looks_like, calling = STRANGERS[name]
    with storescpd(tmp_path / "out") as daemon:
        say(daemon.port, said)
        [told] = eventually(lambda: warnings(daemon, ENDED))
        assert looks_like in told["looks_like"]
        assert told["remedy"]
        assert told["result"]
        assert told.get("calling") == calling
        assert told["peer"].startswith("127.0.0.1:")


def test_real_strangers(tmp_path):
    """A browser and a sender with TLS, each from its own program."""
    need("openssl")
    with storescpd(tmp_path / "out") as daemon:
        url = f"http://127.0.0.1:{daemon.port}/"
        subprocess.run(["curl", "-s", "-m", "20", "-o", "/dev/null", url], check=False, timeout=60)
        eventually(lambda: [told for told in warnings(daemon, ENDED) if told["looks_like"] == "HTTP"])
        command = ["openssl", "s_client", "-connect", f"127.0.0.1:{daemon.port}"]
        subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=60)
        [tls] = eventually(lambda: [told for told in warnings(daemon, ENDED) if "TLS" in told["looks_like"]])
        assert "tls = true" in tls["remedy"]


def test_a_bare_connect_and_an_abort_are_no_warning(tmp_path):
    with storescpd(tmp_path / "out", {"logging": {"level": "debug"}}) as daemon:
        say(daemon.port, b"")
        say(daemon.port, b"\7\0\0\0\0\4\0\0\0\0")
        eventually(lambda: daemon.log().count(ENDED) == 2)
        assert warnings(daemon, ENDED) == []


@pytest.fixture(scope="module")
def pki(tmp_path_factory):
    return hospital(tmp_path_factory.mktemp("pki"))


def test_failures_of_tls_in_words(pki, tmp_path):
    """The cause in words and what to do, never OpenSSL's own names."""
    need("openssl", "storescu")
    with storescpd(tmp_path / "out", config(pki)) as daemon:

        def told(part: str) -> dict[str, str]:
            found = eventually(
                lambda: [one for one in warnings(daemon, "TLS handshake failed") if part in one["cause"]]
            )
            return found[-1]

        say(daemon.port, GOOD)
        assert "TLS" in told("plain DICOM on a TLS port")["remedy"]
        say(daemon.port, b"GET / HTTP/1.1\r\n\r\n")
        assert told("HTTP")["remedy"]
        handshake(daemon.port, client_context(pki["ca"], None))
        assert "tls.peer_certificate" in told("no certificate")["remedy"]
        handshake(daemon.port, client_context(pki["ca"], pki["untrusted"]))
        assert "tls.ca_files" in told("not accepted")["remedy"]
        # A sender that does not trust us says so with an alert.
        command = ["openssl", "s_client", "-verify_return_error", "-connect", f"127.0.0.1:{daemon.port}"]
        subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=60)
        assert "tls.certificate" in told("does not trust our certificate")["remedy"]
        old = ["openssl", "s_client", "-tls1_1", "-cipher", "ALL@SECLEVEL=0", "-connect", f"127.0.0.1:{daemon.port}"]
        subprocess.run(old, stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=60)
        assert "tls.profile" in told("no TLS version")["remedy"]
        say(daemon.port, b"")
        assert all("_" not in one["cause"] or "acse_timeout" in one["cause"] for one in warnings(daemon, "TLS hand"))


def handshake(port: int, context: ssl.SSLContext) -> None:
    with socket.create_connection(("127.0.0.1", port), 30) as plain, contextlib.suppress(ssl.SSLError, OSError):
        with context.wrap_socket(plain) as secure:
            secure.recv(1)


def rejected(port: int, **options) -> None:
    with pytest.raises(Rejected):
        associate(port, **options)


def test_a_rejection_says_why(tmp_path):
    """Titles, tables and limits by the name of the key that has decided."""
    settings = {
        "association": {"check_called_ae_title": True, "calling_ae_titles": ["CT*"]},
        "process": {"max_associations": 1},
        "peers": [{"calling_ae_title": "CT1"}, {"calling_ae_title": "CT8", "accept": False}],
    }
    here = {"called": "STORESCP"}
    with storescpd(tmp_path / "out", settings) as daemon:
        rejected(daemon.port, called="OTHER", calling="CT1")
        rejected(daemon.port, **here, calling="MR2")
        rejected(daemon.port, **here, calling="CT8")
        rejected(daemon.port, **here, calling=" " * 16)
        with associate(daemon.port, **here, calling="CT1") as only:
            rejected(daemon.port, **here, calling="CT2")
            only.release()
        eventually(lambda: len(warnings(daemon, "association ended")) == 5)
        found = {(told["result"], told["cause"]) for told in warnings(daemon, "association ended")}
        assert found == {
            (
                "rejected 1/1/7",
                "called title OTHER is neither association.ae_title nor in association.accepted_called_ae_titles",
            ),
            ("rejected 1/1/3", "calling title MR2 is not in association.calling_ae_titles"),
            ("rejected 1/1/3", "[[peers]] number 2 does not accept"),
            ("rejected 1/1/3", "the calling title is blank"),
            ("rejected 2/3/2", "1 associations are open (process.max_associations)"),
        }


def test_who_changes_the_key_that_a_rejection_names_lets_that_sender_in(tmp_path):
    """Each of the rejections above but the blank title, which is the sender's to fill in."""
    settings = {
        "association": {
            "check_called_ae_title": True,
            "accepted_called_ae_titles": ["OTHER"],
            "calling_ae_titles": ["CT*", "MR2"],
        },
        "process": {"max_associations": 4},
        "peers": [{"calling_ae_title": "CT1"}, {"calling_ae_title": "CT8", "accept": True}],
    }
    with (
        storescpd(tmp_path / "out", settings) as daemon,
        associate(daemon.port, called="OTHER", calling="CT1") as open_one,
    ):
        for calling in ("MR2", "CT8", "CT2"):
            with associate(daemon.port, called="STORESCP", calling=calling) as association:
                association.release()
        open_one.release()


def test_who_got_no_context_does_not_hold_a_place(tmp_path):
    with storescpd(tmp_path / "out", {"association": {"acse_timeout": 1}}) as daemon:
        with associate(daemon.port, contexts=[(1, "1.2.3.4", [EXPLICIT_LITTLE])]) as useless:
            assert useless.accepted == {}
            assert useless.socket.recv(1) == b""


def test_an_object_that_does_not_go_on_ends_its_association(tmp_path):
    """The peer hears an A-ABORT, and another one gets its place."""
    settings = {"association": {"dimse_timeout": 1}, "process": {"max_associations": 1}}
    with storescpd(tmp_path / "out", settings) as daemon:
        with associate(daemon.port) as association:
            begin(association, small(), 1)
            with pytest.raises(Aborted) as aborted:
                association.status()
            assert (aborted.value.source, aborted.value.reason) == (0, 0)
        with associate(daemon.port) as next_one:
            assert store(next_one, small(), 1) == SUCCESS
            next_one.release()
        assert not daemon.incoming()
        [told] = eventually(lambda: warnings(daemon, "association ended"))
        assert "dimse_timeout" in told["result"]
        assert told["contexts"] != ""


def test_a_command_that_does_not_go_on_is_left_after_the_idle_timeout(tmp_path):
    """Its first fragment has come whole, the rest never does: no deadline of a data set holds there."""
    first = b"\4\0\0\0\0\x0a\0\0\0\6" + bytes([CT, 1]) + bytes(4)
    with storescpd(tmp_path / "out", {"association": {"idle_timeout": 1}}) as daemon:
        with associate(daemon.port) as association:
            assert association.echo(ECHO) == SUCCESS
            association.send_raw(first)
            assert association.socket.recv(1) == b""
