"""Plays raw byte scripts to a port and writes down what comes back, PDU for PDU."""

import contextlib
import socket
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto

from tests.support.rawclient import ABORT, ASSOCIATE_AC, ASSOCIATE_RJ, RELEASE_RP, item, items, pdu

FIXED = 68
"""Bytes of an A-ASSOCIATE-AC body before its items."""
PATIENCE = 30.0
"""Seconds until a peer that owes an answer counts as silent."""
SILENCE = 1.0
"""The same where the script says that silence is what is expected."""
LAST_WORDS = (ASSOCIATE_RJ, RELEASE_RP, ABORT)


class Wait(Enum):
    """A step of a script that sends nothing."""

    ANSWER = auto()


ANSWER = Wait.ANSWER
"""Wait for one PDU before the next bytes are sent."""

Step = bytes | Wait
Scripts = dict[str, tuple[Step, ...]]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a peer answered."""

    pdus: tuple[bytes, ...]
    ending: str
    """`said` when the last PDU ends the association, `closed` or `silent` when there was none that does."""

    def __str__(self) -> str:
        return f"{[one.hex(' ', 4) for one in self.pdus]}, {self.ending}"


class Silent(Exception):
    """Nothing came in time."""


class Ended(Exception):
    """The connection was closed or reset."""


class Listener:
    """Takes PDUs from a socket."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._pending = b""
        self.heard: list[bytes] = []

    @property
    def finished(self) -> bool:
        """The peer has said its last word."""
        return bool(self.heard) and self.heard[-1][0] in LAST_WORDS

    def next(self) -> None:
        """Wait for one more PDU."""
        while (end := self._end()) is None:
            self._more()
        self.heard.append(self._pending[:end])
        self._pending = self._pending[end:]

    def _end(self) -> int | None:
        if len(self._pending) < 6:
            return None
        end = 6 + struct.unpack_from(">I", self._pending, 2)[0]
        return end if len(self._pending) >= end else None

    def _more(self) -> None:
        try:
            data = self._connection.recv(65536)
        except TimeoutError:
            raise Silent from None
        except ConnectionError:
            raise Ended from None
        if not data:
            raise Ended
        self._pending += data


def play(port: int, steps: Sequence[Step], *, silence: bool = False) -> Outcome:
    """Send what a script says and listen until the peer has said its last word, closed, or stays silent."""
    with socket.create_connection(("127.0.0.1", port), timeout=SILENCE if silence else PATIENCE) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        listener = Listener(connection)
        try:
            for step in steps:
                if isinstance(step, bytes):
                    send(connection, step)
                elif not listener.finished:
                    listener.next()
            while not listener.finished:
                listener.next()
        except Silent:
            return Outcome(tuple(listener.heard), "silent")
        except Ended:
            return Outcome(tuple(listener.heard), "closed")
    return Outcome(tuple(listener.heard), "said")


def send(connection: socket.socket, data: bytes) -> None:
    """Send it all; that the peer has gone already shows when its answer is read."""
    with contextlib.suppress(ConnectionError):
        connection.sendall(data)


def anonymous(outcome: Outcome) -> Outcome:
    """The same without the implementation's own UID and version name in an acceptance."""
    return Outcome(tuple(_nameless(one) if one[0] == ASSOCIATE_AC else one for one in outcome.pdus), outcome.ending)


def _nameless(acceptance: bytes) -> bytes:
    body = acceptance[6:]
    parts = [body[:FIXED]]
    for kind, value in items(body[FIXED:]):
        if kind == 0x50:
            inner = (item(sub, b"*" if sub in (0x52, 0x55) else content) for sub, content in items(value))
            value = b"".join(inner)  # noqa: PLW2901
        parts.append(item(kind, value))
    return pdu(ASSOCIATE_AC, b"".join(parts))
