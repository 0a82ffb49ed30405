"""What workers and keeper say to each other: tuples with names, a length and JSON on the wire.

Both ends are processes of one user on one host; the length is bounded all the same.
"""

import json
import struct
from typing import NamedTuple

LENGTH = struct.Struct(">I")
MOST = 1 << 16
"""Bytes of a message: the longest study UID that is accepted, all escaped, and a few short texts."""


class MessageError(Exception):
    """The other end does not keep to the protocol."""


class Sender(NamedTuple):
    """Who has sent an object."""

    calling: str
    called: str
    peer: str
    """Its IP address."""
    listener: str
    host: str = ""
    """Its name up to the first dot where it was looked for and found; empty in what older versions have recorded."""

    @property
    def shown(self) -> str:
        """How storescp names a peer: by its name, or else by its address (storescp facts 9.2)."""
        return self.host or self.peer


class StudyKey(NamedTuple):
    """What makes two objects belong to one study."""

    root: str
    """The storage directory."""
    scheme: str
    """How its directories are named."""
    study: str
    """Study Instance UID."""


class Place(NamedTuple):
    """Asks for the directory of a study; the answer is ``Placed`` or ``Refused``."""

    token: str
    """Names this one reception of an object, and no other."""
    slot: str
    key: StudyKey
    label: str
    stamped: bool
    private: bool
    """The label must not appear in logs."""
    sender: Sender


class Placed(NamedTuple):
    """The directory, and the episode of the study that the object will belong to."""

    episode: int
    folder: str
    shown: str
    """The directory as logs may show it."""


class Record(NamedTuple):
    """Says what has been stored; the answer is ``Recorded``, once that is durable. Repeating it changes nothing."""

    token: str
    slot: str
    episode: int | None
    root: str
    folder: str
    name: str
    code: str
    """Modality code."""
    sop_class: str
    sop_instance: str
    study: str
    transfer_syntax: str
    status: int
    sender: Sender
    inode: int = 0
    """Of the file: it has another name where it was renamed before this was said. 0: nobody has looked."""


class Recorded(NamedTuple):
    """It is in the ledger."""


class Dropped(NamedTuple):
    """The object that a directory was asked for is not stored. No answer."""


class Joined(NamedTuple):
    """Comes first, with the descriptor of a pulse: what the association was to a keeper that was lost. No answer."""

    current: StudyKey | None
    episode: int | None
    """The one that a directory was given for, until its record."""
    sender: Sender


class Await(NamedTuple):
    """Asks for ``Settled`` once the hooks of a reception, and of studies that it ended, are done or given up."""

    token: str


class Settled(NamedTuple):
    """They are, or there are none."""


class Retry(NamedTuple):
    """Asks to run failed hooks again; the answer is ``Retried``."""


class Retried(NamedTuple):
    """How many hooks will run again."""

    hooks: int


class GiveUp(NamedTuple):
    """Asks a keeper whose supervisor is gone to leave the ledger to another; the answer is ``GivenUp``."""


class GivenUp(NamedTuple):
    """Whether it leaves now."""

    leaving: bool


class Refused(NamedTuple):
    """It cannot be done."""

    reason: str


Message = (
    Place | Placed | Record | Recorded | Dropped | Joined | Await | Settled | Retry | Retried | GiveUp | GivenUp
    | Refused
)  # fmt: skip

_KINDS: dict[str, type[Message]] = {
    kind.__name__: kind
    for kind in (
        Place, Placed, Record, Recorded, Dropped, Joined, Await, Settled, Retry, Retried, GiveUp, GivenUp, Refused,
    )
}  # fmt: skip
_INNER: dict[str, type[Sender] | type[StudyKey]] = {"sender": Sender, "key": StudyKey, "current": StudyKey}
_WITHIN = {
    kind: [(place, _INNER[name]) for place, name in enumerate(kind._fields) if name in _INNER]
    for kind in _KINDS.values()
}
"""Where a message has tuples of its own."""
_to_json = json.JSONEncoder(separators=(",", ":"), check_circular=False).encode


def encode(message: Message) -> bytes:
    """A message with its length.

    Raises:
        MessageError: it is too long.
    """
    body = _to_json((type(message).__name__, *message)).encode("ascii")
    if len(body) > MOST:
        raise MessageError(f"a message of {len(body)} bytes, {MOST} are the most")
    return LENGTH.pack(len(body)) + body


def decode(body: bytes) -> Message:
    """A message without its length.

    Raises:
        MessageError: it is none.
    """
    try:
        name, *values = json.loads(body)
        kind = _KINDS[name]
        for place, inner in _WITHIN[kind]:
            if values[place] is not None:
                values[place] = inner(*values[place])
        return kind(*values)
    except (ValueError, LookupError, TypeError) as error:
        raise MessageError("no message of ours") from error


class Inbox:
    """Cuts a stream of bytes into messages."""

    def __init__(self) -> None:
        self._pending = bytearray()

    def feed(self, data: bytes) -> list[Message]:
        """The messages that are complete now.

        Raises:
            MessageError: the stream is none of ours.
        """
        self._pending += data
        found: list[Message] = []
        while len(self._pending) >= LENGTH.size:
            (length,) = LENGTH.unpack_from(self._pending)
            if length > MOST:
                raise MessageError(f"a message of {length} bytes, {MOST} are the most")
            end = LENGTH.size + length
            if len(self._pending) < end:
                break
            found.append(decode(bytes(self._pending[LENGTH.size : end])))
            del self._pending[:end]
        return found
