"""Whatever comes, decoding gives what it promises or raises what it declares, in memory bounded by the input."""

import struct
import tracemalloc
from collections.abc import Callable, Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from storescpd.wire import command, pdu
from storescpd.wire.codes import PduType
from storescpd.wire.errors import WireError
from tests.wire.golden import FIXED_RQ, PDUS, SUB_ITEMS
from tests.wire.test_commands import ACCEPTED, REFUSED

FACTOR, BASE = 32, 65536
"""Bytes of memory for a byte of input, and for none: the smallest items, of eight bytes, become objects of some 150."""

thorough = settings(max_examples=1500, deadline=None, suppress_health_check=[HealthCheck.too_slow])

BODIES = {
    PduType.A_ASSOCIATE_RQ: pdu.AssociateRQ,
    PduType.A_ASSOCIATE_AC: pdu.AssociateAC,
    PduType.A_ASSOCIATE_RJ: pdu.AssociateRJ,
    PduType.P_DATA_TF: pdu.PDataTF,
    PduType.A_RELEASE_RQ: pdu.ReleaseRQ,
    PduType.A_RELEASE_RP: pdu.ReleaseRP,
    PduType.A_ABORT: pdu.Abort,
}
REQUESTS = command.CStoreRQ | command.CEchoRQ | command.UnsupportedCommand
COMMANDS = [raw for raw, _ in ACCEPTED.values()] + list(REFUSED.values())


@st.composite
def mutated(draw: st.DrawFn, seeds: list[bytes]) -> bytes:
    """A valid encoding with pieces overwritten, cut out, repeated or put in."""
    raw = bytearray(draw(st.sampled_from(seeds)))
    for _ in range(draw(st.integers(1, 6))):
        at = draw(st.integers(0, len(raw)))
        end = draw(st.integers(at, min(at + 16, len(raw))))
        piece = draw(
            st.one_of(st.binary(max_size=8), st.sampled_from([b"", b"\xff\xff", b"\0\0", bytes(raw[at:end]) * 2]))
        )
        raw[at:end] = piece
    return bytes(raw)


def sub_item_request(raw: bytes) -> bytes:
    """An A-ASSOCIATE-RQ body with one sub-item."""
    return FIXED_RQ + b"\x50\x00" + struct.pack(">H", len(raw)) + raw


PDU_SEEDS = [raw[6:] for raw, _ in PDUS.values()] + [sub_item_request(raw) for raw, _ in SUB_ITEMS.values()]


def outcome(decode: Callable[[], object]) -> object:
    """What decoding gave, or `None` where it raised what it may raise."""
    try:
        return decode()
    except WireError:
        return None


def peak(decode: Callable[[], object]) -> int:
    """Bytes that a decoding took at its height."""
    tracemalloc.start()
    try:
        outcome(decode)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def frozen(found: object) -> bool:
    """A PDU cannot be changed by who gets it."""
    return bool(getattr(type(found), "__dataclass_params__").frozen)  # noqa: B009 - of any of the classes


@thorough
@given(st.sampled_from(list(PduType)), st.one_of(st.binary(max_size=600), mutated(PDU_SEEDS)))
def test_any_bytes_are_a_pdu_or_an_error(kind, body):
    found = outcome(lambda: pdu.decode(kind, body))
    assert found is None or (type(found) is BODIES[kind] and frozen(found))


@thorough
@given(st.one_of(st.binary(max_size=400), mutated(COMMANDS)))
def test_any_bytes_are_a_request_or_an_error(body):
    found = outcome(lambda: command.decode(body))
    assert found is None or (isinstance(found, REQUESTS) and frozen(found))


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(list(PduType)), st.one_of(st.binary(max_size=3000), mutated(PDU_SEEDS)))
def test_memory_follows_the_size_of_a_pdu(kind, body):
    assert peak(lambda: pdu.decode(kind, body)) <= BASE + FACTOR * len(body)


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.binary(max_size=3000), mutated(COMMANDS)))
def test_memory_follows_the_size_of_a_command(body):
    assert peak(lambda: command.decode(body)) <= BASE + FACTOR * len(body)


def item(kind: int, value: bytes) -> bytes:
    return struct.pack(">BxH", kind, len(value)) + value


def filled(piece: Callable[[int], bytes], size: int) -> bytes:
    """Distinct pieces up to a size."""

    def pieces() -> Iterator[bytes]:
        total = 0
        for number in range(size):
            total += len(one := piece(number))
            if total > size:
                return
            yield one

    return b"".join(pieces())


def two(number: int) -> bytes:
    """Two bytes that differ from piece to piece, so that no two texts are one object; never NUL."""
    return bytes((1 + number % 255, 1 + number // 255 % 255))


# The most objects that a given number of bytes can ask for, each shape in its own way.
GREEDY = {
    "contexts without syntaxes": filled(lambda number: item(0x20, bytes((number % 256, 0, 0, 0))), 900_000),
    "contexts with one short syntax": filled(
        lambda number: item(0x20, bytes(4) + item(0x40, two(number))), 900_000
    ),
    "one context with many syntaxes": item(0x20, bytes(4) + filled(lambda number: item(0x40, two(number)), 65_000)),
    "unknown items": item(0x99, b"") * 225_000,
    **{
        f"{name} in sixteen items": item(0x50, filled(lambda number, make=make: make(two(number)), 60_000)) * 16
        for name, make in {
            "roles": lambda uid: item(0x54, b"\0\2" + uid + b"\1\1"),
            "extended negotiations": lambda uid: item(0x56, b"\0\2" + uid),
            "common extended negotiations": lambda uid: item(0x57, b"\0\2" + uid + b"\0\0\0\0"),
            "identities": lambda uid: item(0x58, b"\1\0\0\2" + uid + b"\0\0"),
            "maximum lengths": lambda uid: item(0x51, uid + uid),
        }.items()
    },
    "related classes": item(
        0x50, item(0x57, b"\0\0\0\0\0\0" + filled(lambda number: b"\0\2" + two(number), 60_000))
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", GREEDY)
def test_memory_follows_the_size_of_a_greedy_request(name):
    body = FIXED_RQ + GREEDY[name]
    assert peak(lambda: pdu.decode(PduType.A_ASSOCIATE_RQ, body)) <= BASE + FACTOR * len(body)


def test_memory_follows_the_size_of_greedy_data():
    body = filled(lambda number: b"\0\0\0\2" + two(number), 120_000)
    assert peak(lambda: pdu.decode(PduType.P_DATA_TF, body)) <= BASE + FACTOR * len(body)


def test_memory_follows_the_size_of_a_greedy_command():
    body = filled(lambda number: struct.pack("<HHI", 0, number % 65536, 2) + two(number), 65_000)
    assert peak(lambda: command.decode(body)) <= BASE + FACTOR * len(body)


@pytest.mark.parametrize("length", [0x7FFFFFFF, 0xFFFFFFFF])
def test_a_claimed_length_takes_no_memory(length):
    values = struct.pack(">IBB", length, 1, 0) + b"ab"
    elements = struct.pack("<HHI", 0, 0x1000, length) + b"ab"
    assert peak(lambda: pdu.decode(PduType.P_DATA_TF, values)) <= BASE
    assert peak(lambda: command.decode(elements)) <= BASE


@thorough
@given(st.one_of(st.binary(max_size=400), mutated(COMMANDS)))
def test_the_usual_request_is_read_as_any_other(body):
    """The short cut for what nearly all senders write gives what reading element by element gives."""
    # Nobody begins with this element, which means nothing: it is no short cut any more.
    longer = struct.pack("<HHI", 0, 1, 0) + body
    assert outcome(lambda: command.decode(body)) == outcome(lambda: command.decode(longer))
