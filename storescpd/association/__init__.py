"""The acceptor's half of an association, sans I/O: bytes in, events out; answers as bytes.

Rules of this package: no I/O, no clock, no configuration model. ``states`` holds every transition; ``acceptor`` walks
PDUs; ``dimse`` knows which PDV may come next; ``negotiation`` decides presentation contexts.
"""

from storescpd.association.acceptor import Acceptor
from storescpd.association.events import (
    Aborted,
    AssociationRequested,
    EchoRequested,
    Event,
    Fragments,
    ReleaseRequested,
    StoreBegun,
    StoreEnded,
    Violation,
)
from storescpd.association.negotiation import AcceptedContext, Negotiation, NegotiationCache, negotiate
from storescpd.association.policy import Policy

__all__ = [
    "Aborted",
    "AcceptedContext",
    "Acceptor",
    "AssociationRequested",
    "EchoRequested",
    "Event",
    "Fragments",
    "Negotiation",
    "NegotiationCache",
    "Policy",
    "ReleaseRequested",
    "StoreBegun",
    "StoreEnded",
    "Violation",
    "negotiate",
]
