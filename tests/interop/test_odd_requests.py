"""Odd association requests: the daemon answers as storescp does, and where storescp falls silent it answers too."""

import struct

import pytest

from tests.support.objects import CT_IMAGE, EXPLICIT_LITTLE, IMPLICIT_LITTLE
from tests.support.rawclient import (
    ABORT,
    APPLICATION_CONTEXT,
    ASSOCIATE_AC,
    ASSOCIATE_RJ,
    ASSOCIATE_RQ,
    DATA,
    RELEASE_RP,
    RELEASE_RQ,
    VERIFICATION,
    Aborted,
    Closed,
    RawAssociation,
    Rejected,
    associate_request,
    context_item,
    item,
    pdu,
    title,
    user_information,
)
from tests.support.subject import judged

ONE = [(1, VERIFICATION, [IMPLICIT_LITTLE])]


def body(
    *items: bytes, version: int = 1, called: bytes = b"ANY-SCP", calling: bytes = b"ODD", reserved: bytes = bytes(32)
) -> bytes:
    """An A-ASSOCIATE-RQ put together from its items."""
    return pdu(ASSOCIATE_RQ, struct.pack(">H2x", version) + title(called) + title(calling) + reserved + b"".join(items))


CONTEXT = item(0x10, APPLICATION_CONTEXT.encode())
PROPOSED = context_item(ONE[0])
USER = user_information(16384)
LENGTH = item(0x51, struct.pack(">I", 16384))

ANSWERED = {
    "plain": associate_request(ONE),
    "no user information": body(CONTEXT, PROPOSED),
    "no implementation class": body(CONTEXT, PROPOSED, item(0x50, LENGTH)),
    "no maximum length": body(CONTEXT, PROPOSED, item(0x50, item(0x52, b"1.2.3"))),
    "unlimited length": associate_request(ONE, max_pdu=0),
    "items in another order": body(USER, PROPOSED, CONTEXT),
    "reserved bytes set": body(CONTEXT, PROPOSED, USER, reserved=b"\xff" * 32),
    "a context id twice": associate_request([*ONE, (1, CT_IMAGE, [EXPLICIT_LITTLE])]),
    "a context id twice, the same": associate_request([*ONE, *ONE]),
    "an even context id": associate_request([(2, VERIFICATION, [IMPLICIT_LITTLE])]),
    "context id 0": associate_request([(0, VERIFICATION, [IMPLICIT_LITTLE])]),
    "200 contexts": associate_request([(number, VERIFICATION, [IMPLICIT_LITTLE]) for number in range(1, 201)]),
    "calling title padded with NUL": associate_request(ONE, calling=b"ODD".ljust(16, b"\0")),
    "titles in Latin-1": associate_request(ONE, calling=b"M\xfcnchen", called=b"K\xf6ln"),
    "a backslash in the title": associate_request(ONE, calling=b"A\\B"),
    "leading blanks in the title": associate_request(ONE, calling=b"   LEFT"),
    "a title of 16 characters": associate_request(ONE, calling=b"0123456789ABCDEF"),
    "an unknown item": body(CONTEXT, item(0x60, b"what"), PROPOSED, USER),
    "an unknown sub-item": associate_request(ONE, extra=item(0x5B, b"what")),
    "roles": associate_request(ONE, extra=item(0x54, struct.pack(">H", 17) + VERIFICATION.encode() + b"\1\1")),
    "asynchronous operations": associate_request(ONE, extra=item(0x53, struct.pack(">HH", 0, 0))),
    "user identity": associate_request(ONE, extra=item(0x58, b"\1\1\0\4user\0\0")),
    "extended negotiation": associate_request(
        ONE, extra=item(0x56, struct.pack(">H", len(CT_IMAGE)) + CT_IMAGE.encode() + b"\2\0\0\0\0\0")
    ),
    "an abstract syntax padded with NUL": associate_request([(1, VERIFICATION + "\0", [IMPLICIT_LITTLE])]),
    "a transfer syntax padded with NUL": associate_request([(1, VERIFICATION, [IMPLICIT_LITTLE + "\0"])]),
    "an unknown class": associate_request([(1, "1.2.3.4", [IMPLICIT_LITTLE])]),
    "an unknown transfer syntax": associate_request([(1, VERIFICATION, ["1.2.3.4"])]),
    "a worklist": associate_request([(1, "1.2.840.10008.5.1.4.31", [IMPLICIT_LITTLE])]),
    "50 transfer syntaxes": associate_request(
        [(1, VERIFICATION, [f"1.2.3.{number}" for number in range(49)] + [IMPLICIT_LITTLE])]
    ),
    "another application context": associate_request(ONE, application_context="1.2.3"),
    "no application context": body(PROPOSED, USER),
    "protocol version 0": associate_request(ONE, version=0),
    "protocol version 2": associate_request(ONE, version=2),
    "protocol version 3": associate_request(ONE, version=3),
    "data first": pdu(DATA, b"\0\0\0\4\1\3ab"),
    "release first": pdu(RELEASE_RQ, bytes(4)),
    "release response first": pdu(RELEASE_RP, bytes(4)),
    "acceptance first": pdu(ASSOCIATE_AC, bytes(68)),
    "rejection first": pdu(ASSOCIATE_RJ, b"\0\1\1\1"),
    "abort first": pdu(ABORT, bytes(4)),
}


def answer(port: int, request: bytes) -> tuple:
    """How a request is answered."""
    try:
        with RawAssociation(port, request=request) as association:
            answered = "accepted", association.results, association.accepted, association.answer[:68]
            association.release()
            return answered
    except Rejected as reject:
        return "rejected", reject.result, reject.source, reject.reason
    except Aborted as abort:
        return "aborted", abort.source, abort.reason
    except Closed:
        return ("closed",)


@pytest.mark.parametrize("name", ANSWERED)
def test_it_is_answered_as_storescp_answers(name, reference, subject):
    assert answer(subject.port, ANSWERED[name]) == answer(reference.port, ANSWERED[name])


LONG = "1." + "2" * 68
UNANSWERED = {
    "no context at all": body(CONTEXT, USER),
    "a context without transfer syntax": associate_request([(1, VERIFICATION, [])]),
    "129 transfer syntaxes in a context": associate_request([(1, VERIFICATION, [IMPLICIT_LITTLE] * 129)]),
    "a blank calling title": associate_request(ONE, calling=b" " * 16),
    "a blank called title": associate_request(ONE, called=b" " * 16),
    "an abstract syntax of 70 characters": associate_request([*ONE, (3, LONG, [IMPLICIT_LITTLE])]),
    "an item that overruns": body(CONTEXT, PROPOSED, struct.pack(">BxH", 0x50, 5000)),
    "an empty request": pdu(ASSOCIATE_RQ, b""),
    "an unknown PDU": pdu(0x99, bytes(4)),
    "a request of more than a mebibyte": struct.pack(">BxI", ASSOCIATE_RQ, (1 << 20) + 1) + bytes(1000),
    "a request of four gibibytes": struct.pack(">BxI", ASSOCIATE_RQ, 0xFFFFFFF0) + bytes(1000),
    "a web browser": b"GET / HTTP/1.1\r\nHost: archive\r\n\r\n",
}


@pytest.mark.skipif(judged() == "storescp", reason="it leaves them unanswered")
@pytest.mark.parametrize("name", UNANSWERED)
def test_what_storescp_leaves_unanswered_is_ended(name, subject):
    """Before the deadline for a whole request: no wait, no 180 seconds."""
    assert answer(subject.port, UNANSWERED[name])[0] in {"rejected", "aborted", "closed", "accepted"}
    assert answer(subject.port, ANSWERED["plain"])[0] == "accepted"
