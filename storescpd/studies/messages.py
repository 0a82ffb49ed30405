"""What workers and keeper say to each other: frozen messages, a length and JSON on the wire.

Both ends are processes of one user on one host; the length is bounded all the same.
"""

import dataclasses
import json
import struct
from dataclasses import dataclass

LENGTH = struct.Struct(">I")
MOST = 1 << 16
"""Bytes of a message: the longest study UID that is accepted, all escaped, and a few short texts."""


class MessageError(Exception):
    """The other end does not keep to the protocol."""


@dataclass(frozen=True, slots=True)
class Sender:
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


@dataclass(frozen=True, slots=True)
class StudyKey:
    """What makes two objects belong to one study."""

    root: str
    """The storage directory."""
    scheme: str
    """How its directories are named."""
    study: str
    """Study Instance UID."""


@dataclass(frozen=True, slots=True)
class Place:
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


@dataclass(frozen=True, slots=True)
class Placed:
    """The directory, and the episode of the study that the object will belong to."""

    episode: int
    folder: str
    shown: str
    """The directory as logs may show it."""


@dataclass(frozen=True, slots=True)
class Record:
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


@dataclass(frozen=True, slots=True)
class Recorded:
    """It is in the ledger."""


@dataclass(frozen=True, slots=True)
class Begun:
    """A command has come: the peer of this connection is not quiet. No answer."""


@dataclass(frozen=True, slots=True)
class Dropped:
    """The command is over, and nothing was stored. No answer."""


@dataclass(frozen=True, slots=True)
class Resumed:
    """After the keeper was lost: what this connection was to it. No answer."""

    current: StudyKey | None
    episode: int | None
    """The one that a directory was given for, until its record."""
    busy: bool
    sender: Sender


@dataclass(frozen=True, slots=True)
class Await:
    """Asks for ``Settled`` once the hooks of a reception, and of studies that it ended, are done or given up."""

    token: str


@dataclass(frozen=True, slots=True)
class Settled:
    """They are, or there are none."""


@dataclass(frozen=True, slots=True)
class Retry:
    """Asks to run failed hooks again; the answer is ``Retried``."""


@dataclass(frozen=True, slots=True)
class Retried:
    """How many hooks will run again."""

    count: int


@dataclass(frozen=True, slots=True)
class GiveUp:
    """Asks a keeper whose supervisor is gone to leave the ledger to another; the answer is ``GivenUp``."""


@dataclass(frozen=True, slots=True)
class GivenUp:
    """Whether it leaves now."""

    leaving: bool


@dataclass(frozen=True, slots=True)
class Refused:
    """It cannot be done."""

    reason: str


Message = (
    Place | Placed | Record | Recorded | Begun | Dropped | Resumed | Await | Settled | Retry | Retried | GiveUp
    | GivenUp | Refused
)  # fmt: skip

_KINDS: dict[str, type[Message]] = {
    kind.__name__: kind
    for kind in (
        Place, Placed, Record, Recorded, Begun, Dropped, Resumed, Await, Settled, Retry, Retried, GiveUp, GivenUp,
        Refused,
    )
}  # fmt: skip
_FIELDS = {kind: tuple(item.name for item in dataclasses.fields(kind)) for kind in (*_KINDS.values(), Sender, StudyKey)}
_INNER = {"sender": Sender, "key": StudyKey, "current": StudyKey}


def encode(message: Message) -> bytes:
    """A message with its length.

    Raises:
        MessageError: it is too long.
    """
    body = json.dumps([type(message).__name__, *_values(message)]).encode("ascii")
    if len(body) > MOST:
        raise MessageError(f"a message of {len(body)} bytes, {MOST} are the most")
    return LENGTH.pack(len(body)) + body


def _values(item: object) -> list[object]:
    values = [getattr(item, name) for name in _FIELDS[type(item)]]  # type: ignore[index] # dataclasses of this module
    return [_values(value) if isinstance(value, Sender | StudyKey) else value for value in values]


def decode(body: bytes) -> Message:
    """A message without its length.

    Raises:
        MessageError: it is none.
    """
    try:
        name, *values = json.loads(body)
        kind = _KINDS[name]
        named = zip(_FIELDS[kind], values, strict=True)
        made = {field: _INNER[field](*value) if field in _INNER and value else value for field, value in named}
        return kind(**made)
    except (ValueError, KeyError, TypeError) as error:
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
