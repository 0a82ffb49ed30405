"""What an acceptor tells its driver."""

from dataclasses import dataclass
from typing import NamedTuple

from storescpd.association.negotiation import AcceptedContext, Negotiation
from storescpd.wire.command import CEchoRQ, CStoreRQ
from storescpd.wire.pdu import AssociateRQ


@dataclass(frozen=True, slots=True)
class AssociationRequested:
    """A-ASSOCIATE-RQ has come: answer with ``accept`` or ``reject``."""

    request: AssociateRQ
    negotiation: Negotiation


class StoreBegun(NamedTuple):
    """A C-STORE-RQ has come; its data set follows."""

    context: AcceptedContext
    command: CStoreRQ


class Fragments(NamedTuple):
    """Pieces of the data set, in order: views that are valid until the next ``receive``."""

    views: list[memoryview]


@dataclass(frozen=True, slots=True)
class StoreEnded:
    """The data set is complete: answer with ``store_response``."""


STORE_ENDED = StoreEnded()


@dataclass(frozen=True, slots=True)
class EchoRequested:
    """A C-ECHO-RQ has come: answer with ``echo_response``."""

    context: AcceptedContext
    command: CEchoRQ


@dataclass(frozen=True, slots=True)
class ReleaseRequested:
    """A-RELEASE-RQ has come: answer with ``release``. A data set that was under way is not complete."""


@dataclass(frozen=True, slots=True)
class Aborted:
    """The peer has aborted."""

    source: int
    reason: int


@dataclass(frozen=True, slots=True)
class Violation:
    """The peer broke the protocol: send ``reply``, if any, and close."""

    reply: bytes
    reason: str


Event = (
    AssociationRequested | StoreBegun | Fragments | StoreEnded | EchoRequested | ReleaseRequested | Aborted | Violation
)
