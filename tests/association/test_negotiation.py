"""The rules of the negotiation, each as it was asked of storescp 3.6.7."""

import pytest

from storescpd.association import negotiate
from storescpd.wire import codec
from tests.association.driver import POLICY, Driver, promiscuous
from tests.association.messages import (
    APPLICATION,
    BIG,
    CT,
    EXPLICIT,
    IMPLICIT,
    INFORMATION,
    JPEG,
    MR,
    RELEASED,
    STANDARD,
    UNKNOWN,
    context,
    proposing,
    request,
)
from tests.support.rawclient import RELEASE_RQ, VERIFICATION, item, items, pdu, user_information

HANGING_PROTOCOL = "1.2.840.10008.5.1.4.38.1"
WORKLIST = "1.2.840.10008.5.1.4.31"
KNOWN = {CT, MR, VERIFICATION, HANGING_PROTOCOL, WORKLIST, IMPLICIT}


def answered(raw: bytes) -> list[tuple[int, int, str]]:
    """Context id, result and transfer syntax of each context in an A-ASSOCIATE-AC, by the tests' own reader."""
    assert raw[0] == 2, raw.hex(" ")
    contexts = [value for kind, value in items(raw[74:]) if kind == 0x21]
    return [(value[0], value[2], dict(items(value[4:]))[0x40].decode()) for value in contexts]


def answer(raw: bytes, policy=POLICY) -> bytes:
    return bytes(Driver(policy).play([raw]).sent)


# Contexts that are proposed, and their answers.
ANSWERS = {
    "accepted": ([context(1, CT, IMPLICIT)], [(1, 0, IMPLICIT)]),
    "our order decides": ([context(1, CT, IMPLICIT, BIG, EXPLICIT)], [(1, 0, EXPLICIT)]),
    "our order decides without the first": ([context(1, CT, IMPLICIT, BIG)], [(1, 0, BIG)]),
    "Verification by the same order": ([context(1, VERIFICATION, IMPLICIT, EXPLICIT)], [(1, 0, EXPLICIT)]),
    "abstract syntax not supported": ([context(1, UNKNOWN, EXPLICIT)], [(1, 3, IMPLICIT)]),
    "no storage class": ([context(1, WORKLIST, IMPLICIT)], [(1, 3, IMPLICIT)]),
    "storage-like but not accepted": ([context(1, HANGING_PROTOCOL, IMPLICIT)], [(1, 3, IMPLICIT)]),
    "transfer syntaxes not supported": ([context(1, CT, JPEG)], [(1, 4, IMPLICIT)]),
    "neither supported": ([context(1, UNKNOWN, JPEG)], [(1, 3, IMPLICIT)]),
    "order of the proposal": (
        [context(5, CT, IMPLICIT), context(3, UNKNOWN, IMPLICIT), context(1, MR, EXPLICIT)],
        [(5, 0, IMPLICIT), (3, 3, IMPLICIT), (1, 0, EXPLICIT)],
    ),
    "even ids and 0": (
        [context(0, CT, IMPLICIT), context(254, CT, EXPLICIT), context(255, CT, BIG)],
        [(0, 0, IMPLICIT), (254, 0, EXPLICIT), (255, 0, BIG)],
    ),
    "UIDs padded with NUL": ([context(1, CT + "\0", EXPLICIT + "\0")], [(1, 0, EXPLICIT)]),
    "a blank makes another abstract syntax": ([context(1, CT + " ", EXPLICIT)], [(1, 3, IMPLICIT)]),
    "a blank makes another transfer syntax": ([context(1, CT, EXPLICIT + " ")], [(1, 4, IMPLICIT)]),
    "two abstract syntaxes in one context": (
        [item(0x20, b"\1\0\0\0" + item(0x30, b"1.2.3") + item(0x30, MR.encode()) + item(0x40, IMPLICIT.encode()))],
        [(1, 0, IMPLICIT)],
    ),
    "empty abstract syntax": ([context(1, "", IMPLICIT)], [(1, 3, IMPLICIT)]),
    "no abstract syntax": ([item(0x20, b"\1\0\0\0" + item(0x40, IMPLICIT.encode()))], [(1, 3, IMPLICIT)]),
    # One id, one answer: the best acceptance of a storage class, else of Verification, else the better reason.
    "one id: less wanted first": ([context(1, CT, IMPLICIT), context(1, MR, EXPLICIT)], [(1, 0, EXPLICIT)]),
    "one id: more wanted first": ([context(1, CT, EXPLICIT), context(1, MR, IMPLICIT)], [(1, 0, EXPLICIT)]),
    "one id: the best in the middle": (
        [context(1, CT, IMPLICIT), context(1, MR, EXPLICIT), context(1, CT, BIG)],
        [(1, 0, EXPLICIT)],
    ),
    "one id: refused first": ([context(1, UNKNOWN, IMPLICIT), context(1, CT, BIG)], [(1, 0, BIG)]),
    "one id: refused last": ([context(1, CT, BIG), context(1, UNKNOWN, EXPLICIT)], [(1, 0, BIG)]),
    "one id: storage before Verification": (
        [context(1, VERIFICATION, EXPLICIT), context(1, CT, IMPLICIT)],
        [(1, 0, IMPLICIT)],
    ),
    "one id: storage before Verification that comes last": (
        [context(1, CT, IMPLICIT), context(1, VERIFICATION, EXPLICIT)],
        [(1, 0, IMPLICIT)],
    ),
    "one id: Verification when storage is refused": (
        [context(1, VERIFICATION, IMPLICIT), context(1, CT, JPEG)],
        [(1, 0, IMPLICIT)],
    ),
    "one id: reasons": ([context(1, UNKNOWN, IMPLICIT), context(1, CT, JPEG)], [(1, 4, IMPLICIT)]),
    "one id: reasons the other way round": ([context(1, CT, JPEG), context(1, UNKNOWN, IMPLICIT)], [(1, 4, IMPLICIT)]),
    "one id: the place of the first": (
        [context(3, UNKNOWN, IMPLICIT), context(1, MR, EXPLICIT), context(3, CT, EXPLICIT), context(5, MR, IMPLICIT)],
        [(3, 0, EXPLICIT), (1, 0, EXPLICIT), (5, 0, IMPLICIT)],
    ),
    "more than 128": (
        [context(number, CT, IMPLICIT) for number in range(200)],
        [(number, 0, IMPLICIT) for number in range(200)],
    ),
}

PROMISCUOUS = {
    "unknown": ([context(1, UNKNOWN, IMPLICIT, EXPLICIT)], [(1, 0, EXPLICIT)]),
    "unknown, not readable": ([context(1, UNKNOWN, JPEG)], [(1, 4, IMPLICIT)]),
    "empty": ([context(1, "", IMPLICIT)], [(1, 0, IMPLICIT)]),
    "known, no storage class": ([context(1, WORKLIST, IMPLICIT)], [(1, 3, IMPLICIT)]),
    "known, not accepted": ([context(1, HANGING_PROTOCOL, IMPLICIT)], [(1, 3, IMPLICIT)]),
    "known, no class": ([context(1, IMPLICIT, IMPLICIT)], [(1, 3, IMPLICIT)]),
    "known class with a blank": ([context(1, CT + " ", IMPLICIT)], [(1, 0, IMPLICIT)]),
    "storage class": ([context(1, CT, IMPLICIT)], [(1, 0, IMPLICIT)]),
    "one id: unknown before storage": ([context(1, UNKNOWN, IMPLICIT), context(1, CT, EXPLICIT)], [(1, 0, IMPLICIT)]),
    "one id: unknown last": ([context(1, CT, EXPLICIT), context(1, UNKNOWN, IMPLICIT)], [(1, 0, IMPLICIT)]),
    "one id: storage when the unknown is refused": (
        [context(1, UNKNOWN, JPEG), context(1, CT, EXPLICIT)],
        [(1, 0, EXPLICIT)],
    ),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_contexts_are_answered(name):
    proposed, expected = ANSWERS[name]
    assert answered(answer(proposing(*proposed))) == expected


@pytest.mark.parametrize("name", PROMISCUOUS)
def test_contexts_are_answered_in_promiscuous_mode(name):
    proposed, expected = PROMISCUOUS[name]
    assert answered(answer(proposing(*proposed), promiscuous(POLICY, KNOWN))) == expected


@pytest.mark.parametrize("name", ANSWERS)
def test_what_is_answered_is_what_can_be_used(name):
    proposed, expected = ANSWERS[name]
    message = codec.request(proposing(*proposed)[6:])
    negotiation = negotiate(message, POLICY)
    assert {number: used.transfer_syntax for number, used in negotiation.contexts.items()} == {
        number: syntax for number, result, syntax in expected if result == 0
    }
    assert [(refused.context_id, result) for refused, result in negotiation.refused] == [
        (number, result) for number, result, _ in expected if result
    ]


def test_an_acceptance_byte_for_byte():
    expected = (
        b"\x00\x01\x00\x00" + b"ANY-SCP         " + b"RAWCLIENT       " + bytes(32)
        + b"\x10\x00\x00\x15" + b"1.2.840.10008.3.1.1.1"
        + b"\x21\x00\x00\x19\x01\x00\x00\x00\x40\x00\x00\x11" + b"1.2.840.10008.1.2"
        + b"\x21\x00\x00\x19\x03\x00\x00\x00\x40\x00\x00\x11" + b"1.2.840.10008.1.2"
        + b"\x21\x00\x00\x1b\x05\x00\x00\x00\x40\x00\x00\x13" + b"1.2.840.10008.1.2.1"
        + b"\x50\x00\x00\x1d\x51\x00\x00\x04\x00\x00\x10\x00"
        + b"\x52\x00\x00\x05" + b"1.2.3" + b"\x55\x00\x00\x08" + b"STORESCP"
    )  # fmt: skip
    policy = POLICY._replace(implementation_class_uid="1.2.3", implementation_version_name="STORESCP", max_pdu=4096)
    assert answer(STANDARD, policy) == b"\x02\x00\x00\x00\x00\xd7" + expected


def test_a_proposed_window_is_answered_with_one_operation():
    window = item(0x53, b"\0\x05\0\0")
    raw = answer(request(APPLICATION, context(1, CT, IMPLICIT), user_information(16384, window)))
    information = dict(items(dict(items(raw[74:]))[0x50]))
    assert information[0x53] == b"\0\1\0\1"
    assert 0x53 not in dict(items(dict(items(answer(STANDARD)[74:]))[0x50]))


UNANSWERED = {
    "roles": item(0x54, b"\0\5" + b"1.2.3" + b"\1\1"),
    "extended negotiation": item(0x56, b"\0\5" + b"1.2.3" + b"\1\1"),
    "common extended negotiation": item(0x57, b"\0\5" + b"1.2.3" + b"\0\3" + b"1.2" + b"\0\0"),
    "user identity": item(0x58, b"\1\1\0\4" + b"jane" + b"\0\0"),
    "something unknown": item(0x5B, b"\1\1"),
}


@pytest.mark.parametrize("name", UNANSWERED)
def test_sub_items_that_are_not_answered(name):
    proposed = context(1, CT, IMPLICIT)
    plain = request(APPLICATION, proposed, user_information(16384))
    assert answer(request(APPLICATION, proposed, user_information(16384, UNANSWERED[name]))) == answer(plain)


RJ = b"\x03\x00\x00\x00\x00\x04\x00"
ONE = context(1, CT, IMPLICIT)

# Checks come in the order of these rows: each request also has what the rows below it reject.
REJECTIONS = {
    "protocol version 2": (request(item(0x10, b"1.2"), version=2, called=b"", calling=b""), RJ + b"\1\2\2"),
    "protocol version 0": (proposing(ONE, version=0), RJ + b"\1\2\2"),
    "no presentation context": (request(item(0x10, b"1.2"), INFORMATION, called=b""), RJ + b"\1\2\1"),
    "another application context": (request(item(0x10, b"1.2"), ONE, INFORMATION, called=b""), RJ + b"\1\1\2"),
    "application context with a blank": (
        request(item(0x10, b"1.2.840.10008.3.1.1.1 "), ONE, INFORMATION),
        RJ + b"\1\1\2",
    ),
    "no application context": (request(ONE, INFORMATION), RJ + b"\1\1\2"),
    "both titles blank": (proposing(ONE, called=b"", calling=b""), RJ + b"\1\1\7"),
    "called title NUL": (proposing(ONE, called=bytes(16)), RJ + b"\1\1\7"),
    "calling title blank": (proposing(ONE, calling=b""), RJ + b"\1\1\3"),
    "calling title blank before NUL": (proposing(ONE, calling=b"    \0SCU"), RJ + b"\1\1\3"),
}


@pytest.mark.parametrize("name", REJECTIONS)
def test_rejections(name):
    raw, expected = REJECTIONS[name]
    driver = Driver().play([raw, pdu(RELEASE_RQ, bytes(4))])
    assert bytes(driver.sent) == expected
    assert driver.ended


ODD_BUT_ACCEPTED = {
    "version 3": proposing(ONE, version=3),
    "version 0101": proposing(ONE, version=0x0101),
    "application context padded with NUL": request(item(0x10, b"1.2.840.10008.3.1.1.1\0"), ONE, INFORMATION),
    "no user information": request(APPLICATION, ONE),
    "empty user information": request(APPLICATION, ONE, item(0x50, b"")),
    "items in any order": request(INFORMATION, ONE, APPLICATION),
    "title of a tab": proposing(ONE, called=b"\t"),
    "title of NUL behind text": proposing(ONE, called=b"A".ljust(16, b"\0")),
    "nothing accepted": proposing(context(1, UNKNOWN, IMPLICIT)),
}


@pytest.mark.parametrize("name", ODD_BUT_ACCEPTED)
def test_odd_requests_are_accepted(name):
    driver = Driver().play([ODD_BUT_ACCEPTED[name]])
    assert driver.sent[:1] == b"\x02"
    assert driver.sent[6:8] == b"\0\1"
    assert driver.play([pdu(RELEASE_RQ, bytes(4))]).sent.endswith(RELEASED)
