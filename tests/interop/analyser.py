"""A protocol analyser as judge: what goes over a port is captured, and tshark says what it makes of it."""

import re
import signal
import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support.processes import eventually
from tests.support.tools import need

FILE_HEADER = 24
"""Bytes of a capture file without packets."""
PDU_HEADER, ELEMENT_HEADER = 6, 8
PDV_HEADER = 2
"""Context and flags, which the length of a PDV counts."""
_RESPONSE = re.compile(r"(C-(?:STORE|ECHO)-RSP)(?: ID=\d+)? \((?:Success|Warning|Error)")


@contextmanager
def captured(port: int, path: Path) -> Iterator[None]:
    """Everything that goes over the port meanwhile, in a file."""
    need("tcpdump", "tshark")
    options = ["-i", "lo", "-U", "--immediate-mode", "-B", "65536", "-s", "0"]
    log = path.with_suffix(".log")
    with log.open("wb") as output:
        process = subprocess.Popen(
            ["tcpdump", *options, "-w", str(path), "tcp", "port", str(port)], stderr=output, stdout=output
        )
    try:
        eventually(lambda: "listening on" in log.read_text())
        yield
        sizes = [0, 0]
        eventually(lambda: sizes.append(path.stat().st_size) or sizes[-3] == sizes[-1] > FILE_HEADER)
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(60)


def answers(capture: Path, port: int) -> Path:
    """The part of a capture that came from the port, as a capture of its own.

    tshark's DICOM dissector collects fragments, and carries the element in which a PDV ends over to the next PDV,
    within a conversation, whoever sent them. It takes compressed pixel data and deflated data sets for elements, so a
    response is called malformed for what the request before it has left - the tag that is named then is the begin of
    the peer's compressed bytes - and is not decoded itself. Without the requests it is, element by element.
    """
    half = capture.with_name(f"answers-{capture.name}")
    command = ["tcpdump", "-r", str(capture), "-w", str(half), "tcp", "src", "port", str(port)]
    subprocess.run(command, capture_output=True, timeout=60, check=True)
    return half


@dataclass(frozen=True, slots=True)
class Findings:
    """What the analyser says of all that came from a port; sizes are sums in bytes."""

    malformed: list[str]
    """One line a frame."""
    sent: int
    """What TCP carried."""
    pdus: int
    """All PDUs that were found in it."""
    values: int
    """All values of PDVs."""
    elements: int
    """All elements that were found in these; ours are command elements alone."""
    kinds: Counter[int]
    """PDU types."""
    responses: Counter[str]
    """Responses of which the name and the status were read."""

    @property
    def framed(self) -> bool:
        """Whether everything that was sent is PDUs, and none of them is malformed."""
        return not self.malformed and self.sent == self.pdus > 0

    @property
    def decoded(self) -> bool:
        """Whether every command set was read to its last byte, too."""
        return self.framed and self.values == self.elements


FIELDS = (
    "_ws.malformed", "tcp.len", "dicom.pdu.len", "dicom.pdv.len", "dicom.tag.vl", "dicom.pdu.type", "_ws.col.Info",
)  # fmt: skip


def analysed(capture: Path, port: int) -> Findings:
    """Look at what came from a port."""
    command = ["tshark", "-r", str(capture), "-d", f"tcp.port=={port},dicom", "-o", "dicom.tag_tree:TRUE"]
    shown = [word for field in FIELDS for word in ("-e", field)]
    done = subprocess.run(
        [*command, "-Y", f"tcp.srcport=={port}", "-T", "fields", *shown],
        capture_output=True, text=True, timeout=90, check=True,
    )  # fmt: skip
    rows = [line.split("\t") for line in done.stdout.splitlines()]

    def numbers(field: str) -> list[int]:
        return [int(word, 0) for row in rows for word in row[FIELDS.index(field)].split(",") if word]

    pdus, pdvs, values = (numbers(f"dicom.{name}") for name in ("pdu.len", "pdv.len", "tag.vl"))
    return Findings(
        malformed=[row[-1] for row in rows if row[0]],
        sent=sum(numbers("tcp.len")),
        pdus=sum(pdus) + PDU_HEADER * len(pdus),
        values=sum(pdvs) - PDV_HEADER * len(pdvs),
        elements=sum(values) + ELEMENT_HEADER * len(values),
        kinds=Counter(numbers("dicom.pdu.type")),
        responses=Counter(name for row in rows for name in _RESPONSE.findall(row[-1])),
    )
