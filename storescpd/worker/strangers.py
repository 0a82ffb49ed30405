"""What a connection looks like that never asks for an association, from its first bytes, and what to do about it.

Nobody gets in by this and nobody is kept out: it only chooses the words of a warning.
"""

from typing import Final, NamedTuple

from storescpd.wire.codec import title

FIRST_BYTES: Final = 144
"""Bytes that are looked at: the 128 of a file's preamble, ``DICM`` and a little more."""
_SHOWN: Final = 16
"""Bytes that are shown where nothing is recognised."""


class Look(NamedTuple):
    """What somebody looks like."""

    looks_like: str
    remedy: str
    calling: str = ""
    """The calling title, where there is one."""


_NOT_HERE: Final = "send it to another port: this one is for DICOM alone"
_BEGINNINGS: Final = (
    (b"\x0bMSH", "HL7 (MLLP)", "an HL7 destination of the sender names this port: correct it there"),
    (b"MSH|", "HL7 without MLLP", "an HL7 destination of the sender names this port: correct it there"),
    (b"SSH-", "SSH", _NOT_HERE),
    (b"GET ", "HTTP", "a browser, a DICOMweb client or a monitor: let it use its own port; a check may use C-ECHO"),
    (b"HEAD ", "HTTP", "a browser or a monitor: let it use its own port; a check may use C-ECHO"),
    (b"POST ", "HTTP", "a DICOMweb client (STOW-RS): storescpd takes C-STORE alone"),
    (b"PUT ", "HTTP", "a DICOMweb client: storescpd takes C-STORE alone"),
    (b"OPTIONS ", "HTTP", _NOT_HERE),
    (b"CONNECT ", "HTTP", _NOT_HERE),
    (b"PRI * HTTP/2", "HTTP/2", _NOT_HERE),
    (b"PROXY ", "a PROXY protocol header", "switch the PROXY protocol off at the load balancer for this port"),
    (b"\r\n\r\n\0\r\nQUIT\n", "a PROXY protocol header", "switch the PROXY protocol off at the load balancer"),
    (b"\x03\0\0", "RDP or another protocol over TPKT", "probably a port scanner; if not, " + _NOT_HERE),
)
_FILE: Final = b"DICM"
_PREAMBLE: Final = 128
_TLS_RECORDS: Final = range(20, 24)
_TLS_MAJOR: Final = 3
_REQUEST: Final = 1
_CALLING: Final = slice(26, 42)
"""Where the calling title is in an A-ASSOCIATE-RQ (PS3.8 table 9-11)."""
_PDU_NAMES: Final = {2: "A-ASSOCIATE-AC", 3: "A-ASSOCIATE-RJ", 4: "P-DATA-TF", 5: "A-RELEASE-RQ", 6: "A-RELEASE-RP"}


def look(first: bytes, *, tls: bool) -> Look:
    """What these first bytes look like at a port with or without TLS."""
    if not tls and is_tls(first):
        return Look("TLS on a plain DICOM port", "switch TLS off at the sender, or set tls = true for this listener")
    if tls and first[:2] == b"\x01\0":
        return Look("plain DICOM on a TLS port", "switch TLS on at the sender, or let it use a port without TLS")
    for beginning, name, remedy in _BEGINNINGS:
        if first.startswith(beginning):
            return Look(name, remedy)
    if first[_PREAMBLE:].startswith(_FILE):
        return Look("a DICOM file", "send it with a DICOM sender (C-STORE), not as a bare file")
    return _look_of_bytes(first)


def _look_of_bytes(first: bytes) -> Look:
    if first[:1] == bytes([_REQUEST]) and first[1:2] in (b"", b"\0"):
        return Look(
            "a malformed association request",
            "the result says what is wrong with it: tell the vendor of the sender",
            title(first[_CALLING]),
        )
    name = _PDU_NAMES.get(first[0]) if first[1:2] == b"\0" else None
    if name is not None:
        return Look(f"DICOM that begins with {name}", "the sender must ask for an association first: restart it")
    return Look(f"no protocol known here ({first[:_SHOWN].hex(' ')})", "find out what uses this port at that address")


def is_tls(first: bytes) -> bool:
    """Whether they begin a record of TLS (RFC 8446 5.1)."""
    return len(first) > 1 and first[0] in _TLS_RECORDS and first[1] == _TLS_MAJOR
