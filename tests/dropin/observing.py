"""What a sender can see of a receiver's settings: the answer to an association, the response, the file."""

import io
import re
from dataclasses import dataclass, replace
from pathlib import Path

import pydicom

from tests.support.compare import Stored, dissect
from tests.support.objects import CT_IMAGE, DEFLATED, EXPLICIT_BIG, EXPLICIT_LITTLE, IMPLICIT_LITTLE, ct
from tests.support.rawclient import Aborted, Closed, Context, RawAssociation, Rejected

_JPEG, _JPEG_12, _LOSSLESS = "1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.51", "1.2.840.10008.1.2.4.70"
_JLS_LOSSLESS, _JLS = "1.2.840.10008.1.2.4.80", "1.2.840.10008.1.2.4.81"
_J2K_LOSSLESS, _J2K, _RLE = "1.2.840.10008.1.2.4.90", "1.2.840.10008.1.2.4.91", "1.2.840.10008.1.2.5"
_VIDEOS = tuple(f"1.2.840.10008.1.2.4.{number}" for number in range(100, 109))
_RAW = (IMPLICIT_LITTLE, EXPLICIT_BIG, EXPLICIT_LITTLE)

CONTEXTS: tuple[Context, ...] = (
    (1, CT_IMAGE, (EXPLICIT_LITTLE,)),
    (3, CT_IMAGE, (IMPLICIT_LITTLE,)),
    (5, CT_IMAGE, _RAW),
    (7, CT_IMAGE, (_RLE, _J2K, _JPEG, _JPEG_12, *_RAW)),
    (9, CT_IMAGE, (_J2K_LOSSLESS, _LOSSLESS, _JLS_LOSSLESS, _JLS, *_RAW)),
    (11, CT_IMAGE, (DEFLATED, *_RAW)),
    (13, CT_IMAGE, (*_VIDEOS, *_RAW)),
    (15, "1.2.3.4", _RAW),
    (17, "1.2.840.10008.1.1", _RAW),
    (19, "1.2.840.10008.5.1.4.1.1.4", (EXPLICIT_BIG,)),
)
"""Requests to which every preference has an answer of its own."""

_OBJECT = ct(16).object(1)
_PADDING, _PIXELS = b"\xfc\xff\xfc\xff", b"\xe0\x7f\x10\x00"
"""Tags in little endian: an object in big endian is not padded here."""
_TIME = re.compile(r"(?<!\d)\d{17}(?!\d)|\d{8}_\d{9}")
_UID = re.compile(r"(?<=\.X\.)[0-9.]*[0-9]")


@dataclass(frozen=True, slots=True)
class Seen:
    """All of it."""

    max_pdu: int = 0
    contexts: tuple[tuple[int, int, str], ...] = ()
    """Number, result and, where it is accepted, transfer syntax."""
    outcome: str = ""
    """Status of the response, or how the association ended."""
    files: tuple[tuple[str, Stored | bytes], ...] = ()
    """Names, without what is time or chance in them, and contents."""


def _implicit(data: bytes) -> bytes:
    """A data set in implicit VR little endian, as pydicom writes it."""
    found = pydicom.dcmread(io.BytesIO(data), force=True)
    stream = io.BytesIO()
    pydicom.dcmwrite(stream, found, implicit_vr=True, little_endian=True)
    return stream.getvalue()


_DATA = {1: _OBJECT.data, 3: _implicit(_OBJECT.data)}


def observe(port: int, directory: Path) -> Seen:
    """Ask for an association, send one object, look."""
    try:
        association = RawAssociation(port, CONTEXTS)
    except (Rejected, Aborted, Closed) as end:
        return Seen(outcome=_shown(end))
    with association:
        contexts = tuple(
            (number, result, association.accepted.get(number, "")) for number, result in association.results.items()
        )
        outcome = _send(association)
    return Seen(association.peer_max_pdu, contexts, outcome, tuple(files_in(directory)))


def _send(association: RawAssociation) -> str:
    number = next((number for number in _DATA if number in association.accepted), 0)
    if not number:
        return "nothing to send in"
    try:
        status = association.store(number, CT_IMAGE, _OBJECT.sop_instance, _DATA[number])
        association.release()
    except (Aborted, Closed) as end:
        return _shown(end)
    return f"{status:04X}"


def _shown(end: Exception) -> str:
    return f"{type(end).__name__}: {end}" if not isinstance(end, Closed) else "closed"


def files_in(directory: Path) -> list[tuple[str, Stored | bytes]]:
    paths = [path for path in directory.rglob("*") if path.is_file()]
    return sorted(((_name(path.relative_to(directory)), _content(path)) for path in paths), key=lambda pair: pair[0])


def _name(path: Path) -> str:
    return _UID.sub("UID", _TIME.sub("TIME", str(path)))


def _content(path: Path) -> Stored | bytes:
    content = path.read_bytes()
    return _without_padding(dissect(path), len(content)) if content[128:132] == b"DICM" else content


def _without_padding(file: Stored, size: int) -> Stored:
    """How much padding there is depends on the names of the implementation; that it fits does not."""
    position = file.data.rfind(_PADDING)
    padded = position > file.data.rfind(_PIXELS)
    return replace(file, data=file.data[:position] + f"padded, {size % 256}".encode()) if padded else file
