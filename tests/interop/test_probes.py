"""What a network scanner and a protocol analyser make of the daemon."""

import signal
import subprocess
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.daemon import storescpd
from tests.support.objects import bundled
from tests.support.processes import eventually
from tests.support.rawclient import Rejected
from tests.support.scenes import ECHO, SUCCESS, associate, small, store
from tests.support.tools import need, needs_root

FILE_HEADER = 24
"""Bytes of a capture file without packets."""


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


@contextmanager
def captured(port: int, path: Path):
    """Everything that goes over the port meanwhile, in a file."""
    need("tcpdump", "tshark")
    command = [
        "tcpdump",
        "-i",
        "lo",
        "-U",
        "--immediate-mode",
        "-B",
        "65536",
        "-s",
        "0",
        "-w",
        str(path),
        "tcp",
        "port",
        str(port),
    ]
    log = path.with_suffix(".log")
    with log.open("wb") as output:
        process = subprocess.Popen(command, stderr=output, stdout=output)
    try:
        eventually(lambda: "listening on" in log.read_text())
        yield
        sizes = [0, 0]
        eventually(lambda: sizes.append(path.stat().st_size) or sizes[-3] == sizes[-1] > FILE_HEADER)
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(20)


@pytest.mark.root
@needs_root
def test_an_analyser_finds_no_malformed_packet(tmp_path):
    capture = tmp_path / "all.pcap"
    files = [str(sample.path) for sample in bundled()[:4]]
    config = {"association": {"check_called_ae_title": True, "accepted_called_ae_titles": ["ANY-SCP"]}}
    with storescpd(tmp_path / "out", config) as daemon, captured(daemon.port, capture):
        with associate(daemon.port) as association:
            assert association.echo(ECHO) == SUCCESS
            assert store(association, small(), 1) == SUCCESS
            association.release()
        with associate(daemon.port) as association:
            association.send_raw(b"\x09" + bytes(9))
            association.read_pdu()
        with pytest.raises(Rejected):
            associate(daemon.port, called="OTHER")
        port = daemon.port
        subprocess.run(["storescu", "-R", "127.0.0.1", str(port), *files], check=False, timeout=60)
    decode = ["tshark", "-r", str(capture), "-d", f"tcp.port=={port},dicom"]
    ours = f"tcp.srcport=={port}"
    malformed = subprocess.run(
        [*decode, "-Y", f"{ours} && _ws.malformed"], capture_output=True, text=True, timeout=90, check=True
    ).stdout
    kinds = subprocess.run(
        [*decode, "-Y", f"{ours} && dicom", "-T", "fields", "-e", "dicom.pdu.type"],
        capture_output=True, text=True, timeout=90, check=True,
    ).stdout  # fmt: skip
    assert malformed == ""
    # Acceptance, rejection, data, release and abort were all there to be looked at.
    assert {int(kind, 0) for kind in kinds.replace(",", " ").split()} >= {2, 3, 4, 6, 7}
