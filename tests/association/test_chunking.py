"""How a conversation is cut into segments changes nothing, and nothing that comes can break an acceptor."""

import tracemalloc
from itertools import pairwise

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from storescpd.association import Acceptor, Event, NegotiationCache, Violation
from tests.association.driver import POLICY, Driver
from tests.association.messages import (
    COMMAND,
    CT,
    DATA_SET,
    ECHO,
    EXPLICIT,
    IMPLICIT,
    LAST,
    RELEASE,
    STANDARD,
    STORE,
    context,
    data,
    proposing,
    stored,
)
from tests.support.rawclient import pdu

thorough = settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def cut(raw: bytes, places: list[int]) -> list[bytes]:
    """The pieces between some places."""
    ends = sorted({place % (len(raw) + 1) for place in places} | {0, len(raw)})
    return [raw[start:end] for start, end in pairwise(ends)]


@st.composite
def even_pieces(draw: st.DrawFn, raw: bytes) -> list[bytes]:
    """A value in pieces of even lengths, empty ones among them."""
    places = draw(st.lists(st.integers(0, len(raw) // 2), max_size=6))
    ends = [0, *sorted(2 * place for place in places), len(raw)]
    return [raw[start:end] for start, end in pairwise(ends)]


@st.composite
def values(draw: st.DrawFn, number: int, control: int, raw: bytes) -> list[tuple[int, int, bytes]]:
    """The PDVs of one command or data set; the last one is marked."""
    pieces = draw(even_pieces(raw))
    return [(number, control | (LAST if index == len(pieces) - 1 else 0), piece) for index, piece in enumerate(pieces)]


@st.composite
def message(draw: st.DrawFn) -> bytes:
    """A C-STORE or C-ECHO with its PDVs spread over PDUs in any way."""
    if draw(st.integers(0, 3)) == 0:
        found = draw(values(3, COMMAND, ECHO))
    else:
        number = draw(st.sampled_from([1, 3, 5]))
        body = draw(st.binary(max_size=200).map(lambda raw: raw + b"\0" * (len(raw) % 2)))
        found = draw(values(number, COMMAND, STORE)) + draw(values(number, 0, body))
    raw = b""
    while found:
        count = draw(st.integers(1, 3))
        raw += data(*found[:count])
        found = found[count:]
    return raw


ENDINGS = [
    RELEASE,
    b"",
    pdu(7, b"\0\0\2\1"),
    pdu(0x99, b""),
    pdu(4, b""),
    STANDARD,
    data((1, 2, DATA_SET)),
    data((77, 3, ECHO)),
    data((1, 3, STORE)) + data((1, 0, b"odd")),
    data((1, 3, STORE)) + data((1, 0, b"ab")) + RELEASE,
    data((1, 3, STORE)) + data((1, 0, bytes(17000))),
    RELEASE + stored(),
]

conversations = st.tuples(
    st.sampled_from(
        [STANDARD, proposing(context(1, CT, IMPLICIT)), proposing(context(1, CT, EXPLICIT)), STANDARD[:80]]
    ),
    st.lists(message(), max_size=4).map(b"".join),
    st.sampled_from(ENDINGS),
).map(b"".join)


@thorough
@given(conversations, st.lists(st.integers(0, 10**6), max_size=12))
def test_segments_change_nothing(raw, places):
    whole, split = Driver().play([raw]), Driver().play(cut(raw, places))
    assert (split.story, split.sent, split.ended) == (whole.story, whole.sent, whole.ended)


@settings(max_examples=40, deadline=None)
@given(conversations)
def test_a_byte_at_a_time_changes_nothing(raw):
    whole, split = Driver().play([raw]), Driver().play(raw[at : at + 1] for at in range(len(raw)))
    assert (split.story, split.sent, split.ended) == (whole.story, whole.sent, whole.ended)


class Checked:
    """An acceptor that is watched."""

    def __init__(self, acceptor: Acceptor) -> None:
        self.acceptor, self.found = acceptor, []

    def __getattr__(self, name: str) -> object:
        return getattr(self.acceptor, name)

    def receive(self, view: memoryview) -> tuple[list[Event], int]:
        events, used = self.acceptor.receive(view)
        assert 0 <= used <= len(view)
        self.found.extend(events)
        return events, used


def heard(raw: bytes) -> list[Event]:
    """Every event of an acceptor that answers, checked for what each `receive` promises."""
    driver = Driver()
    driver.acceptor = checked = Checked(driver.acceptor)
    driver.feed(raw)
    return checked.found


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A conversation with a few bytes overwritten, cut out or put in."""
    raw = bytearray(draw(conversations))
    for _ in range(draw(st.integers(1, 5))):
        at = draw(st.integers(0, len(raw)))
        raw[at : at + draw(st.integers(0, 4))] = draw(st.binary(max_size=4))
    return bytes(raw)


@thorough
@given(st.one_of(damaged(), st.binary(max_size=300), st.binary(max_size=300).map(lambda raw: STANDARD + raw)))
@example(pdu(1, b"\0\1" + bytes(66)))
@example(pdu(1, STANDARD[6:] + b"\x10\0\0\x03"))
def test_whatever_comes_ends_in_one_violation_at_most(raw):
    violations = [event for event in heard(raw) if isinstance(event, Violation)]
    assert len(violations) <= 1
    assert all(event.reason for event in violations)


def test_memory_stays_what_one_pdu_needs():
    """Ten thousand fragments leave nothing behind, and unfinished PDUs are not copied."""
    acceptor = Acceptor(lambda _called, _calling: NegotiationCache(POLICY), POLICY.max_pdu)
    ((event,), _) = acceptor.receive(memoryview(STANDARD))
    acceptor.accept(event.negotiation.items)
    acceptor.receive(memoryview(data((1, 3, STORE))))
    fragment = memoryview(data((1, 0, bytes(16000))))
    tracemalloc.start()
    try:
        for _ in range(10000):
            acceptor.receive(fragment)
            acceptor.receive(fragment[:-1])
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 16000
