"""What an acceptor tells its driver."""

from typing import TYPE_CHECKING, Final, NamedTuple

from storescpd.association.negotiation import AcceptedContext, Negotiation
from storescpd.wire.request import AssociateRQ

if TYPE_CHECKING:
    from storescpd.wire.command import CEchoRQ, CStoreRQ


class AssociationRequested(NamedTuple):
    """A-ASSOCIATE-RQ has come: answer with ``accept`` or ``reject``."""

    request: AssociateRQ
    negotiation: Negotiation


class StoreBegun(NamedTuple):
    """A C-STORE-RQ has come; its data set follows."""

    context: AcceptedContext
    command: "CStoreRQ"


class Fragments(NamedTuple):
    """Pieces of the data set, in order: views that are valid until the next ``receive``."""

    views: list[memoryview]


class StoreEnded:
    """The data set is complete: answer with ``store_response``."""


STORE_ENDED: Final = StoreEnded()


class EchoRequested(NamedTuple):
    """A C-ECHO-RQ has come: answer with ``echo_response``."""

    context: AcceptedContext
    command: "CEchoRQ"


class ReleaseRequested:
    """A-RELEASE-RQ has come: answer with ``release``. A data set that was under way is not complete."""


class Aborted(NamedTuple):
    """The peer has aborted."""

    source: int
    reason: int


class Violation(NamedTuple):
    """The peer broke the protocol: send ``reply``, if any, and close."""

    reply: bytes
    reason: str


Event = (
    AssociationRequested | StoreBegun | Fragments | StoreEnded | EchoRequested | ReleaseRequested | Aborted | Violation
)
