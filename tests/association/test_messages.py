"""Messages made of PDVs: what is accepted, and what ends in which abort. Each row was asked of storescp 3.6.7."""

import pytest

from storescpd.association import AcceptedContext
from storescpd.wire.command import CEchoRQ, CStoreRQ
from tests.association.driver import Driver
from tests.association.messages import (
    COMMAND,
    CT,
    DATA_SET,
    ECHO,
    ECHO_ELEMENTS,
    EXPLICIT,
    IMPLICIT,
    INSTANCE,
    LAST,
    MR,
    PROVIDER_ABORT,
    RELEASE,
    RELEASED,
    STANDARD,
    STORE,
    STORE_ELEMENTS,
    USER_ABORT,
    changed,
    context,
    data,
    echoed,
    proposing,
    stored,
)
from tests.support.rawclient import VERIFICATION, command_set, pdu, uid, us

CT_CONTEXT = AcceptedContext(1, CT, IMPLICIT)
MR_CONTEXT = AcceptedContext(5, MR, EXPLICIT)
VERIFICATION_CONTEXT = AcceptedContext(3, VERIFICATION, IMPLICIT)

STORED = ("store", CT_CONTEXT, CStoreRQ(7, CT, INSTANCE)), ("data", DATA_SET), ("stored",)
ECHOED = (("echo", VERIFICATION_CONTEXT, CEchoRQ(9, VERIFICATION)),)

STORE_RESPONSE = command_set(
    {0x0002: uid(CT), 0x0100: us(0x8001), 0x0120: us(7), 0x0800: us(0x0101), 0x0900: us(0), 0x1000: uid(INSTANCE)}
)
ECHO_RESPONSE = command_set(
    {0x0002: uid(VERIFICATION), 0x0100: us(0x8030), 0x0120: us(9), 0x0800: us(0x0101), 0x0900: us(0)}
)


def store_answer(number: int = 1) -> bytes:
    return data((number, COMMAND | LAST, STORE_RESPONSE))


def echo_answer(number: int = 3) -> bytes:
    return data((number, COMMAND | LAST, ECHO_RESPONSE))


def played(*chunks: bytes) -> Driver:
    """What comes of a conversation after an acceptance of the contexts 1 CT, 3 Verification and 5 MR."""
    driver = Driver().play([STANDARD])
    assert driver.story == [("requested", "ANY-SCP", "RAWCLIENT")]
    driver.story.clear()
    driver.sent.clear()
    return driver.play(chunks)


# What comes in one go, what it means, and what is answered.
ACCEPTED = {
    "store": (stored(), STORED, store_answer()),
    "echo": (echoed(), ECHOED, echo_answer()),
    "command and data set in one PDU": (data((1, 3, STORE), (1, 2, DATA_SET)), STORED, store_answer()),
    "command of several PDVs": (
        data((1, 1, STORE[:20]), (1, 1, STORE[20:22]), (1, 3, STORE[22:])) + data((1, 2, DATA_SET)),
        STORED,
        store_answer(),
    ),
    "command two bytes a PDU": (
        b"".join(data((1, 1, STORE[at : at + 2])) for at in range(0, len(STORE) - 2, 2))
        + data((1, 3, STORE[-2:]))
        + data((1, 2, DATA_SET)),
        STORED,
        store_answer(),
    ),
    "command with an empty first and last PDV": (
        data((1, 1, b"")) + data((1, 1, STORE)) + data((1, 3, b""), (1, 2, DATA_SET)),
        STORED,
        store_answer(),
    ),
    "data set two bytes a PDU": (
        data((1, 3, STORE))
        + b"".join(data((1, 0, DATA_SET[at : at + 2])) for at in range(0, len(DATA_SET) - 2, 2))
        + data((1, 2, DATA_SET[-2:])),
        STORED,
        store_answer(),
    ),
    "data set of several PDVs a PDU": (
        data((1, 3, STORE)) + data((1, 0, DATA_SET[:10]), (1, 0, DATA_SET[10:30])) + data((1, 2, DATA_SET[30:])),
        STORED,
        store_answer(),
    ),
    "empty last PDV": (data((1, 3, STORE)) + data((1, 0, DATA_SET)) + data((1, 2, b"")), STORED, store_answer()),
    "empty PDV in between": (
        data((1, 3, STORE)) + data((1, 0, b"")) + data((1, 0, DATA_SET), (1, 0, b"")) + data((1, 2, b"")),
        STORED,
        store_answer(),
    ),
    "empty data set": (data((1, 3, STORE)) + data((1, 2, b"")), (STORED[0], STORED[2]), store_answer()),
    "two objects in one segment": (stored() * 2, STORED * 2, store_answer() * 2),
    "two messages in one PDU": (
        data((1, 3, STORE), (1, 2, DATA_SET), (3, 3, ECHO)),
        STORED + ECHOED,
        store_answer() + echo_answer(),
    ),
    "an echo between two objects": (
        stored() + echoed() + stored(),
        STORED + ECHOED + STORED,
        store_answer() + echo_answer() + store_answer(),
    ),
    "reserved bits of the control header": (data((1, 0xF3, STORE), (1, 0xF2, DATA_SET)), STORED, store_answer()),
    "echo in a context of images": (
        echoed(number=1),
        (("echo", CT_CONTEXT, CEchoRQ(9, VERIFICATION)),),
        echo_answer(1),
    ),
    "store in a context of Verification": (
        stored(number=3),
        (("store", VERIFICATION_CONTEXT, STORED[0][2]), *STORED[1:]),
        store_answer(3),
    ),
    "store of another class than the context's": (
        stored(number=5),
        (("store", MR_CONTEXT, STORED[0][2]), *STORED[1:]),
        store_answer(5),
    ),
    "largest PDU": (
        data((1, 3, STORE)) + data((1, 0, bytes(16378))) + data((1, 2, b"ab")),
        (STORED[0], ("data", bytes(16378) + b"ab"), STORED[2]),
        store_answer(),
    ),
    "release": (RELEASE, (("release",),), RELEASED),
    "release after an object": (stored() + RELEASE, (*STORED, ("release",)), store_answer() + RELEASED),
    "release inside a command": (data((1, 1, STORE[:20])) + RELEASE, (("release",),), RELEASED),
    "release inside a data set": (
        data((1, 3, STORE)) + data((1, 0, DATA_SET)) + RELEASE,
        (*STORED[:2], ("release",)),
        RELEASED,
    ),
    "abort by the peer inside a data set": (
        data((1, 3, STORE)) + data((1, 0, DATA_SET)) + pdu(7, b"\0\0\0\0"),
        (*STORED[:2], ("aborted", 0, 0)),
        b"",
    ),
}


@pytest.mark.parametrize("name", ACCEPTED)
def test_conversations_are_understood(name):
    said, story, answer = ACCEPTED[name]
    driver = played(said)
    assert driver.story == list(story)
    assert bytes(driver.sent) == answer


BEGUN = STORED[:1]

# What comes, what was understood before the violation, and how it is answered.
VIOLATIONS = {
    "PDU longer than announced": (data((1, 3, STORE)) + data((1, 2, bytes(16380))), BEGUN, USER_ABORT),
    "unknown PDU": (pdu(0x99, bytes(4)), (), USER_ABORT),
    "unknown PDU inside a data set": (data((1, 3, STORE)) + pdu(0x99, b""), BEGUN, USER_ABORT),
    "P-DATA without a PDV": (pdu(4, b""), (), USER_ABORT),
    "PDV header cut": (pdu(4, b"\0\0\0\2\3"), (), USER_ABORT),
    "PDV of length 0": (pdu(4, b"\0\0\0\0"), (), USER_ABORT),
    "PDV of length 1": (pdu(4, b"\0\0\0\1\3"), (), USER_ABORT),
    "PDV beyond its PDU": (pdu(4, b"\0\0\0\x63\3\3ab"), (), USER_ABORT),
    "bytes behind a PDV": (pdu(4, data((3, 3, ECHO))[6:] + b"\0\0"), (), USER_ABORT),
    "bytes behind the last PDV of an object": (
        data((1, 3, STORE)) + pdu(4, data((1, 2, DATA_SET))[6:] + b"\0\0"),
        BEGUN,
        USER_ABORT,
    ),
    "PDV beyond its PDU inside a data set": (
        data((1, 3, STORE)) + pdu(4, b"\0\0\0\x63\1\0ab"),
        BEGUN,
        USER_ABORT,
    ),
    "odd fragment of a command": (data((1, 1, STORE[:21])) + data((1, 3, STORE[21:])), (), USER_ABORT),
    "odd fragment of a data set": (
        data((1, 3, STORE)) + data((1, 0, DATA_SET[:9])) + data((1, 2, DATA_SET[9:])),
        BEGUN,
        USER_ABORT,
    ),
    "odd last fragment": (data((1, 3, STORE)) + data((1, 2, DATA_SET + b"x")), BEGUN, USER_ABORT),
    "data set where a command is expected": (data((1, 2, DATA_SET)), (), USER_ABORT),
    "data set inside a command": (data((1, 1, STORE[:20])) + data((1, 2, DATA_SET)), (), USER_ABORT),
    "data set after an object": (stored() + data((1, 2, DATA_SET)), STORED, store_answer() + USER_ABORT),
    "command inside a data set": (
        data((1, 3, STORE)) + data((1, 0, DATA_SET)) + data((1, 3, STORE)),
        STORED[:2],
        USER_ABORT,
    ),
    "command where its data set is expected": (data((1, 3, STORE)) + echoed(), BEGUN, USER_ABORT),
    "data set in another context": (data((1, 3, STORE)) + data((5, 2, DATA_SET)), BEGUN, USER_ABORT),
    "data set in a context that is none": (data((1, 3, STORE)) + data((77, 2, DATA_SET)), BEGUN, USER_ABORT),
    "command over two contexts": (data((1, 1, STORE[:20])) + data((5, 3, STORE[20:])), (), USER_ABORT),
    "command in a context that is none": (echoed(number=77), (), USER_ABORT),
    "empty command": (data((1, 3, b"")), (), USER_ABORT),
    "C-STORE-RQ without a data set": (
        data((1, 3, changed(STORE_ELEMENTS, {0x0800: us(0x0101)}))) + data((1, 2, DATA_SET)),
        (),
        USER_ABORT,
    ),
    "C-ECHO-RQ with a data set": (echoed(changed(ECHO_ELEMENTS, {0x0800: us(1)})), (), USER_ABORT),
    **{
        f"C-STORE-RQ without {number:04X}": (stored(changed(STORE_ELEMENTS, {number: None})), (), USER_ABORT)
        for number in STORE_ELEMENTS
    },
    "empty instance UID": (stored(changed(STORE_ELEMENTS, {0x1000: b""})), (), USER_ABORT),
    "instance UID of 65 characters": (stored(changed(STORE_ELEMENTS, {0x1000: uid("1." + "2" * 63)})), (), USER_ABORT),
    **{
        f"command field {field:04X}": (echoed(changed(ECHO_ELEMENTS, {0x0100: us(field)})), (), USER_ABORT)
        for field in (0x0000, 0x0010, 0x0020, 0x0021, 0x0100, 0x0140, 0x0FFF, 0x8001, 0x7777)
    },
    "A-ASSOCIATE-RQ": (STANDARD, (), PROVIDER_ABORT),
    "A-ASSOCIATE-RQ inside a data set": (data((1, 3, STORE)) + STANDARD, BEGUN, PROVIDER_ABORT),
    "A-ASSOCIATE-AC": (pdu(2, bytes(68)), (), PROVIDER_ABORT),
    "A-ASSOCIATE-RJ": (pdu(3, bytes(4)), (), PROVIDER_ABORT),
    "A-RELEASE-RP": (pdu(6, bytes(4)), (), PROVIDER_ABORT),
    "endless command": (b"".join(data((1, 1, b"\0\x40" * 4000)) for _ in range(9)), (), USER_ABORT),
}


@pytest.mark.parametrize("name", VIOLATIONS)
def test_violations_end_the_association(name):
    said, story, answer = VIOLATIONS[name]
    driver = played(said)
    assert driver.story == [*story, ("violation",)]
    assert bytes(driver.sent) == answer
    assert driver.ended


def test_a_command_in_a_refused_context_ends_the_association():
    driver = Driver().play([proposing(context(1, "1.2.3", IMPLICIT), context(3, CT, IMPLICIT)), echoed(number=1)])
    assert driver.story[1:] == [("violation",)]
    assert driver.sent.endswith(USER_ABORT)


def test_late_data_after_an_abandoned_object_is_a_violation():
    driver = played(data((1, 3, STORE)) + data((1, 0, DATA_SET)))
    driver.acceptor.abandon()
    driver.feed(data((1, 2, DATA_SET)))
    assert driver.story[-1] == ("violation",)
    assert bytes(driver.sent) == USER_ABORT


def test_an_abandoned_object_leaves_the_association_open():
    driver = played(data((1, 3, STORE)) + data((1, 0, DATA_SET)))
    assert driver.acceptor.message_begun
    driver.acceptor.abandon()
    assert not driver.acceptor.message_begun
    driver.feed(echoed())
    assert bytes(driver.sent) == echo_answer()


BEGINNINGS = {
    "nothing": (b"", False),
    "part of a command": (data((1, 1, STORE[:20])), True),
    "a command whose data set is due": (data((1, 3, STORE)), True),
    "part of a data set": (data((1, 3, STORE)) + data((1, 0, DATA_SET)), True),
    "a whole object": (stored(), False),
    "an echo": (echoed(), False),
}


@pytest.mark.parametrize("name", BEGINNINGS)
def test_a_begun_message_is_known(name):
    said, begun = BEGINNINGS[name]
    assert played(said).acceptor.message_begun is begun


def test_an_acceptor_stops_at_what_must_be_answered():
    acceptor, unread, stops = played().acceptor, stored() + echoed() + stored(), []
    while unread:
        events, used = acceptor.receive(memoryview(unread))
        stops.append([type(event).__name__ for event in events])
        unread = unread[used:]
    assert stops == [
        ["StoreBegun"],
        ["Fragments", "StoreEnded"],
        ["EchoRequested"],
        ["StoreBegun"],
        ["Fragments", "StoreEnded"],
    ]
