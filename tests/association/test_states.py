"""The acceptor's half of PS3.8 table 9-10, as storescp answers it: written down, and tried with bytes."""

from itertools import product

import pytest

from storescpd.association import Aborted, Acceptor, AssociationRequested, NegotiationCache, ReleaseRequested, Violation
from storescpd.association.states import TRANSITIONS, Action, State
from storescpd.wire.codes import PduType, RejectResult, RejectSource
from storescpd.wire.pdu import AssociateRJ
from tests.association.driver import POLICY, Driver
from tests.association.messages import ECHO, PROVIDER_ABORT, RELEASED, STANDARD, STORE, USER_ABORT, data
from tests.support.rawclient import pdu

# State: what comes, in the order of the PDU types. "user" and "provider" are A-ABORT 0/0 and 2/2.
EXPECTED = {
    #                    RQ           AC          RJ          P-DATA      RELEASE-RQ  RELEASE-RP  ABORT
    "AWAITING_REQUEST": ("negotiate", "user",     "user",     "user",     "user",     "user",     "end"),
    "DECIDING":         ("provider",  "provider", "provider", "provider", "provider", "provider", "end"),
    "ESTABLISHED":      ("provider",  "provider", "provider", "take",     "release",  "provider", "end"),
    "RELEASING":        ("provider",  "provider", "provider", "provider", "provider", "provider", "end"),
    "CLOSING":          ("nothing",   "nothing",  "nothing",  "nothing",  "nothing",  "nothing",  "nothing"),
}  # fmt: skip

ACTIONS = {
    "negotiate": (Action.NEGOTIATE, State.DECIDING),
    "take": (Action.TAKE_DATA, State.ESTABLISHED),
    "release": (Action.ANSWER_RELEASE, State.RELEASING),
    "user": (Action.ABORT_AS_USER, State.CLOSING),
    "provider": (Action.ABORT_AS_PROVIDER, State.CLOSING),
    "end": (Action.NOTE_ABORT, State.CLOSING),
    "nothing": (Action.IGNORE, State.CLOSING),
}

RAW = {
    PduType.A_ASSOCIATE_RQ: STANDARD,
    PduType.A_ASSOCIATE_AC: pdu(2, STANDARD[6:]),
    PduType.A_ASSOCIATE_RJ: pdu(3, b"\0\1\1\1"),
    PduType.P_DATA_TF: data((3, 3, ECHO)),
    PduType.A_RELEASE_RQ: pdu(5, bytes(4)),
    PduType.A_RELEASE_RP: pdu(6, bytes(4)),
    PduType.A_ABORT: pdu(7, b"\0\0\2\6"),
}


def test_every_pdu_has_a_transition_in_every_state():
    assert set(TRANSITIONS) == set(product(State, PduType))
    assert {state.name for state in State} == set(EXPECTED)


@pytest.mark.parametrize(("state", "kind"), list(TRANSITIONS))
def test_transitions(state, kind):
    assert TRANSITIONS[state, kind] == ACTIONS[EXPECTED[state.name][kind - 1]]


def acceptor(state: str) -> Acceptor:
    """An acceptor that has come into a state by what it received and answered."""
    made = Acceptor(lambda _called, _calling: NegotiationCache(POLICY), POLICY.max_pdu)
    if state == "AWAITING_REQUEST":
        return made
    ((event,), _) = made.receive(memoryview(STANDARD))
    if state == "DECIDING":
        return made
    made.accept(event.negotiation.items)
    if state == "ESTABLISHED":
        return made
    made.receive(memoryview(RAW[PduType.A_RELEASE_RQ]))
    if state == "CLOSING":
        made.release()
    return made


@pytest.mark.parametrize("kind", PduType)
@pytest.mark.parametrize("state", EXPECTED)
def test_pdus_cause_what_the_table_says(state, kind):
    events, used = acceptor(state).receive(memoryview(RAW[kind]))
    expected = EXPECTED[state][kind - 1]
    assert used == len(RAW[kind])
    replies = {"user": [USER_ABORT], "provider": [PROVIDER_ABORT]}.get(expected, [])
    assert [event.reply for event in events if isinstance(event, Violation)] == replies
    kinds = {"negotiate": [AssociationRequested], "release": [ReleaseRequested], "end": [Aborted], "nothing": []}
    if expected in kinds:
        assert [type(event) for event in events] == kinds[expected]
    if expected == "end":
        assert events == [Aborted(2, 6)]


@pytest.mark.parametrize("number", [0, 8, 9, 0x47, 0xFF])
@pytest.mark.parametrize(
    ("state", "replies"),
    [("AWAITING_REQUEST", [b""]), ("DECIDING", [USER_ABORT]), ("ESTABLISHED", [USER_ABORT]), ("CLOSING", [])],
)
def test_unknown_pdus(state, replies, number):
    events, _ = acceptor(state).receive(memoryview(pdu(number, bytes(4))))
    assert [event.reply for event in events] == replies


# A header alone, with a length that nobody sends: (state, type, length, reply); `None` is waiting for the rest.
HEADERS = [
    ("AWAITING_REQUEST", 1, 1048576, None),
    ("AWAITING_REQUEST", 1, 1048577, b""),
    ("AWAITING_REQUEST", 1, 0xFFFFFFFF, b""),
    ("AWAITING_REQUEST", 2, 0xFFFFFFFF, USER_ABORT),
    ("AWAITING_REQUEST", 4, 0xFFFFFFFF, USER_ABORT),
    ("AWAITING_REQUEST", 5, 0xFFFFFFFF, USER_ABORT),
    ("AWAITING_REQUEST", 7, 0xFFFFFFFF, b""),
    ("AWAITING_REQUEST", 0x47, 0x20202020, b""),
    ("ESTABLISHED", 1, 0xFFFFFFFF, PROVIDER_ABORT),
    ("ESTABLISHED", 2, 0xFFFFFFFF, PROVIDER_ABORT),
    ("ESTABLISHED", 3, 0xFFFFFFFF, PROVIDER_ABORT),
    ("ESTABLISHED", 4, 16384, None),
    ("ESTABLISHED", 4, 16385, USER_ABORT),
    ("ESTABLISHED", 4, 0xFFFFFFFF, USER_ABORT),
    ("ESTABLISHED", 5, 0xFFFFFFFF, USER_ABORT),
    ("ESTABLISHED", 6, 0xFFFFFFFF, PROVIDER_ABORT),
    ("ESTABLISHED", 7, 0xFFFFFFFF, USER_ABORT),
    ("ESTABLISHED", 0x99, 0, USER_ABORT),
]


@pytest.mark.parametrize(("state", "number", "length", "reply"), HEADERS)
def test_a_header_alone_decides(state, number, length, reply):
    header = bytes((number, 0)) + length.to_bytes(4, "big")
    made = acceptor(state)
    events, used = made.receive(memoryview(header))
    if reply is None:
        assert (events, used) == ([], 0)
        assert made.needed(memoryview(header)) == 6 + length
    else:
        assert [event.reply for event in events] == [reply]


@pytest.mark.parametrize("length", [0, 2, 4, 10])
def test_a_release_of_any_length_is_answered(length):
    assert Driver().play([STANDARD, pdu(5, bytes(length))]).sent.endswith(RELEASED)


@pytest.mark.parametrize(
    ("body", "said"), [(b"\0\0\2\5", (2, 5)), (b"\0\0\2\5\0\0", (2, 5)), (b"", (0, 0)), (b"\0", (0, 0))]
)
def test_an_abort_of_any_length_is_taken(body, said):
    assert Driver().play([STANDARD, pdu(7, body)]).story[-1] == ("aborted", *said)


def test_needed_counts_the_header():
    made = acceptor("AWAITING_REQUEST")
    assert made.needed(memoryview(b"")) == 6
    assert made.needed(memoryview(STANDARD[:5])) == 6
    assert made.needed(memoryview(STANDARD)) == len(STANDARD)


LAST_WORDS = {
    "reject": ("DECIDING", lambda made: made.reject(AssociateRJ(RejectResult.PERMANENT, RejectSource.SERVICE_USER, 1))),
    "release": ("RELEASING", lambda made: made.release()),
    "abort": ("ESTABLISHED", lambda made: made.abort()),
    "violation": ("ESTABLISHED", lambda made: made.receive(memoryview(pdu(0x99, b"")))),
}


@pytest.mark.parametrize("last", LAST_WORDS)
def test_nothing_is_heard_after_the_last_word(last):
    state, say = LAST_WORDS[last]
    made = acceptor(state)
    say(made)
    more = b"".join(RAW.values()) + pdu(0x99, b"")
    assert made.receive(memoryview(more)) == ([], len(more))


def test_fragments_are_not_heard_after_an_abort():
    made = acceptor("ESTABLISHED")
    made.receive(memoryview(data((1, 3, STORE))))
    made.abort()
    late = data((1, 0, b"ab"), (1, 2, b"cd"))
    assert made.receive(memoryview(late)) == ([], len(late))
