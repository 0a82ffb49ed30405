"""Damaged conversations: storescp and the acceptor agree on them too, wherever storescp answers at all."""

import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.association.messages import DATA_SET, ECHO, RELEASE, STANDARD, STORE, data, echoed, stored
from tests.conversation.loop import acceptor_loop
from tests.conversation.player import ANSWER, Outcome, Step, anonymous, play
from tests.conversation.rendering import rendered
from tests.support.rawclient import pdu
from tests.support.reference import storescp
from tests.support.tools import need

CASES = 250
TELLING = [0, 1, 2, 3, 4, 0x20, 0x7F, 0x80, 0xFF]
"""Bytes that mean something somewhere."""


def damaged(raw: bytes, source: random.Random) -> bytes:
    """A few bytes changed, put in, cut out or repeated."""
    found = bytearray(raw)
    for _ in range(source.choice([1, 1, 1, 2, 3])):
        at = source.randrange(len(found))
        match source.randrange(5):
            case 0:
                found[at] = source.choice(TELLING)
            case 1:
                found[at] ^= 1 << source.randrange(8)
            case 2:
                found[at:at] = source.randbytes(source.randint(1, 4))
            case 3:
                del found[at : at + source.randint(1, 4)]
            case _:
                found[at:at] = found[at : at + source.randint(1, 20)]
    return bytes(found)


def even(raw: bytes) -> bytes:
    return raw + b"\0" * (len(raw) % 2)


def request(source: random.Random) -> tuple[Step, ...]:
    """The length of the PDU is right, so that nobody waits for what does not come."""
    return pdu(1, damaged(STANDARD[6:], source)), ANSWER, RELEASE


def store(source: random.Random) -> tuple[Step, ...]:
    command = even(damaged(STORE, source))
    return STANDARD, ANSWER, data((1, 3, command)), data((1, 2, DATA_SET)), ANSWER, RELEASE


def echo(source: random.Random) -> tuple[Step, ...]:
    return STANDARD, ANSWER, data((3, 3, even(damaged(ECHO, source)))), ANSWER, RELEASE


def stream(source: random.Random) -> tuple[Step, ...]:
    return STANDARD, ANSWER, damaged(stored() + echoed(), source), RELEASE


KINDS: dict[str, Callable[[random.Random], tuple[Step, ...]]] = {
    "request": request,
    "store": store,
    "echo": echo,
    "stream": stream,
}


def played(port: int, conversations: list[tuple[Step, ...]], *, silence: bool) -> list[Outcome]:
    """Many at a time; most of what is damaged is never answered by storescp, which counts after a second."""
    with ThreadPoolExecutor(40) as pool:
        return [anonymous(one) for one in pool.map(lambda steps: play(port, steps, silence=silence), conversations)]


@pytest.mark.parametrize("kind", KINDS)
def test_damaged_conversations_are_answered_as_by_storescp(kind, tmp_path):
    need("storescp")
    source = random.Random(f"a {kind}")
    conversations = [KINDS[kind](source) for _ in range(CASES)]
    with storescp(tmp_path / "reference", "--fork", "-ta", "2", "+B") as receiver:
        theirs = played(receiver.port, conversations, silence=True)
    answered = [(steps, their) for steps, their in zip(conversations, theirs, strict=True) if their.ending != "silent"]
    with acceptor_loop() as port:
        ours = played(port, [steps for steps, _ in answered], silence=False)
    assert len(answered) > CASES / 5
    for (steps, their), our in zip(answered, ours, strict=True):
        assert str(our) == str(their), f"{rendered(our)} instead of {rendered(their)} to {steps}"
