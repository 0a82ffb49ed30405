"""What a network scanner and a protocol analyser make of the daemon."""

import socket
import struct
import subprocess
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.interop.analyser import analysed, answers, captured
from tests.interop.senders import SENDERS
from tests.interop.test_echo import CLIENTS, call
from tests.interop.test_senders import send
from tests.support.daemon import storescpd
from tests.support.rawclient import (
    ASSOCIATE_AC,
    DATA,
    IMPLICIT_LITTLE,
    VERIFICATION,
    Rejected,
    associate_request,
    command_set,
    echo_request,
    fragments,
    item,
    pdu,
    title,
    uid,
    us,
    user_information,
)
from tests.support.scenes import ECHO, SUCCESS, associate, small, store
from tests.support.tools import need, needs_root


def scan(port: int, script: str, *arguments: str) -> str:
    need("nmap")
    command = ["nmap", "-n", "-Pn", "-p", str(port), "--script", f"+{script}", *arguments, "127.0.0.1"]
    return subprocess.run(command, capture_output=True, text=True, timeout=90, check=True).stdout


@pytest.mark.parametrize(
    ("association", "verdict"),
    [({}, "Any AET is accepted"), ({"check_called_ae_title": True}, "Called AET check enabled")],
)
def test_a_scanner_finds_a_dicom_provider(association, verdict, tmp_path):
    with storescpd(tmp_path / "out", {"association": association}) as daemon:
        found = scan(daemon.port, "dicom-ping")
        assert "DICOM Service Provider discovered" in found
        assert verdict in found


def test_a_scanner_finds_the_called_title_by_trying(tmp_path):
    titles = tmp_path / "titles"
    titles.write_text("ORTHANC\nSTORESCP\nANY-SCP\n")
    with storescpd(tmp_path / "out", {"association": {"check_called_ae_title": True}}) as daemon:
        found = scan(daemon.port, "dicom-brute", "--script-args", f"passdb={titles}")
        assert "STORESCP - Valid credentials" in found.replace("Called Application Entity Title:", "")
        assert "ORTHANC - Valid" not in found


def speak(port: int) -> None:
    """What no client sends: an association without an answer to it, nonsense, and another's title."""
    with associate(port) as association:
        assert association.echo(ECHO) == SUCCESS
        assert store(association, small(), 1) == SUCCESS
        association.release()
    with associate(port) as association:
        association.send_raw(b"\x09" + bytes(9))
        association.read_pdu()
    with pytest.raises(Rejected):
        associate(port, called="OTHER")


def everybody(port: int, titles: Path) -> Counter[str]:
    """Every sender, every client and every scan; how many responses there must have been."""
    need("nmap", *(program for sender in SENDERS for program in sender.programs))
    need(*(program for _, programs in CLIENTS.values() for program in programs))
    speak(port)
    with ThreadPoolExecutor(4) as pool:
        waiting = [
            *(pool.submit(send, sender, port) for sender in SENDERS),
            *(pool.submit(call, command, port) for command, _ in CLIENTS.values()),
            pool.submit(scan, port, "dicom-ping"),
            pool.submit(scan, port, "dicom-brute", "--script-args", f"passdb={titles}"),
        ]
    for one in waiting:
        one.result()
    stores = sum(sender.stores for sender in SENDERS)
    return Counter({"C-STORE-RSP": 1 + stores, "C-ECHO-RSP": 1 + len(CLIENTS)})


@pytest.fixture
def titles(tmp_path) -> Path:
    """What dicom-brute tries."""
    path = tmp_path / "titles"
    path.write_text("ORTHANC\nSTORESCP\n")
    return path


CHECKED = {"check_called_ae_title": True, "accepted_called_ae_titles": ["ANY-SCP"]}


@pytest.mark.root
@needs_root
@pytest.mark.slow
def test_an_analyser_finds_no_malformed_packet(tmp_path, titles):
    """In none of our answers to anybody, whatever the transfer syntax; each of them is decoded to its last byte."""
    capture = tmp_path / "all.pcap"
    config = {"association": CHECKED, "negotiation": {"prefer": "all"}}
    with storescpd(tmp_path / "out", config) as daemon, captured(daemon.port, capture):
        port = daemon.port
        expected = everybody(port, titles)
    found = analysed(answers(capture, port), port)
    assert found.malformed == []
    assert found.decoded
    assert found.responses == expected
    # Acceptance, rejection, data, release and abort were all there to be looked at.
    assert set(found.kinds) == {2, 3, 4, 6, 7}


@pytest.mark.root
@needs_root
@pytest.mark.slow
def test_an_analyser_finds_no_malformed_packet_in_whole_conversations(tmp_path, titles):
    """With the requests, as long as only transfer syntaxes are accepted that the analyser can decode."""
    capture = tmp_path / "all.pcap"
    config = {"association": CHECKED, "negotiation": {"prefer": "little"}}
    with storescpd(tmp_path / "out", config) as daemon, captured(daemon.port, capture):
        port = daemon.port
        everybody(port, titles)
    found = analysed(capture, port)
    assert found.malformed == []
    assert found.framed
    assert set(found.kinds) == {2, 3, 4, 6, 7}


def acceptance(syntax: bytes, excess: int = 0) -> bytes:
    """An A-ASSOCIATE-AC for C-ECHO; ``excess`` is added to the length of its context item."""
    context = bytearray(item(0x21, struct.pack(">B3x", ECHO) + item(0x40, syntax)))
    context[2:4] = struct.pack(">H", len(context) - 4 + excess)
    body = struct.pack(">H2x", 1) + title("ANY-SCP") + title("RAWCLIENT") + bytes(32)
    return pdu(ASSOCIATE_AC, body + item(0x10, b"1.2.840.10008.3.1.1.1") + bytes(context) + user_information(16384))


def response(
    excess: int = 0, *, pdv_excess: int = 0, pdu_excess: int = 0, flags: int = 3, context: int = ECHO
) -> bytes:
    """A C-ECHO-RSP; what is in excess is added to the length of its last element, of its PDV and of its PDU."""
    elements = {0x0002: uid(VERIFICATION), 0x0100: us(0x8030), 0x0120: us(1), 0x0800: us(0x0101), 0x0900: us(0)}
    command = bytearray(command_set(elements))
    command[-6:-2] = struct.pack("<I", 2 + excess)
    pdv = struct.pack(">IBB", len(command) + 2 + pdv_excess, context, flags) + command
    return struct.pack(">BxI", DATA, len(pdv) + pdu_excess) + pdv


ACCEPTED = acceptance(IMPLICIT_LITTLE.encode("ascii"))
ANSWERS = {
    "sound": (ACCEPTED, response()),
    "an element longer than its PDV": (ACCEPTED, response(40)),
    "a PDV longer than its PDU": (ACCEPTED, response(pdv_excess=40)),
    "a PDU longer than what comes": (ACCEPTED, response(pdu_excess=40)),
    "bits for flags that there are not": (ACCEPTED, response(flags=0x43)),
    "an even context": (ACCEPTED, response(context=2)),
    "an item longer than its PDU": (acceptance(IMPLICIT_LITTLE.encode("ascii"), excess=400), response()),
    "no transfer syntax": (acceptance(b""), response()),
}


@contextmanager
def answering(first: bytes, second: bytes) -> Iterator[int]:
    """A port where one association gets these two answers."""

    def serve() -> None:
        connection, _ = listener.accept()
        with connection:
            for answer in (first, second):
                connection.recv(65536)
                connection.sendall(answer)
            connection.recv(65536)

    with socket.create_server(("127.0.0.1", 0)) as listener, ThreadPoolExecutor(1) as pool:
        serving = pool.submit(serve)
        yield listener.getsockname()[1]
        serving.result(20)


@pytest.mark.root
@needs_root
@pytest.mark.parametrize("what", ANSWERS)
def test_the_analyser_finds_what_is_malformed(what, tmp_path):
    """The judge of the two tests above condemns every one of these."""
    capture = tmp_path / "one.pcap"
    first, second = ANSWERS[what]
    with answering(first, second) as port, captured(port, capture):
        with socket.create_connection(("127.0.0.1", port)) as peer:
            peer.sendall(associate_request([(ECHO, VERIFICATION, [IMPLICIT_LITTLE])]))
            assert peer.recv(len(first), socket.MSG_WAITALL) == first
            peer.sendall(b"".join(fragments(ECHO, 1, echo_request(), 16378)))
            assert peer.recv(len(second), socket.MSG_WAITALL) == second
    assert analysed(answers(capture, port), port).decoded == (what == "sound")
