"""An outcome in a few words, as `docs/differences.md` has them."""

import struct

from tests.conversation.player import FIXED, Outcome
from tests.support.rawclient import ABORT, ASSOCIATE_AC, ASSOCIATE_RJ, DATA, RELEASE_RP, items, parse_command

USUAL = {0x51, 0x52, 0x55}
"""Sub-items of every acceptance: maximum length, implementation class UID and version name."""


def rendered(outcome: Outcome) -> str:
    """Such as `AC 1:0 3:3, STORE 0000, RELEASED` or `AC 1:0, ABORT 2/2` or `silent`."""
    words = _joined([_pdu(one) for one in outcome.pdus])
    return ", ".join(words if outcome.ending == "said" else [*words, outcome.ending])


def _joined(words: list[str]) -> list[str]:
    """Without the parts of a response that came in several PDUs."""
    return [word for word in words if word != "PART"]


def _pdu(raw: bytes) -> str:
    kind, body = raw[0], raw[6:]
    if kind == ASSOCIATE_AC:
        return _acceptance(body)
    if kind == ASSOCIATE_RJ:
        return "RJ {1}/{2}/{3}".format(*body)
    if kind == ABORT:
        return "ABORT {2}/{3}".format(*body)
    if kind == RELEASE_RP:
        return "RELEASED"
    return _response(body) if kind == DATA else f"PDU {kind}"


def _acceptance(body: bytes) -> str:
    parts = ["AC"]
    for kind, value in items(body[FIXED:]):
        if kind == 0x21:
            parts.append(f"{value[0]}:{value[2]}")
        elif kind == 0x50:
            parts += [f"+{sub:02X}" for sub, _ in items(value) if sub not in USUAL]
    return " ".join(parts)


def _response(body: bytes) -> str:
    if body[5] != 3:
        return "PART"
    elements = parse_command(body[6:])
    if 0x0100 not in elements or 0x0900 not in elements:
        return "RESPONSE"
    (field,), (status,) = (struct.unpack("<H", elements[number]) for number in (0x0100, 0x0900))
    return f"{ {0x8001: 'STORE', 0x8030: 'ECHO'}.get(field, 'RESPONSE') } {status:04X}"
