"""The acceptor's half of an association, sans I/O: bytes in, events out; answers as bytes.

Rules of this package: no I/O, no clock, no configuration model. ``states`` holds every transition; ``acceptor`` walks
PDUs; ``dimse`` knows which PDV may come next; ``negotiation`` answers requests, with ``contexts`` for one list of
transfer syntaxes and ``profile_contexts`` for a profile; ``answers`` is what both of them make.
"""

from storescpd.association.acceptor import Acceptor
from storescpd.association.answers import RoleProblem, RoleWarning
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
from storescpd.association.policy import Policy, Profile, Role

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
    "Profile",
    "ReleaseRequested",
    "Role",
    "RoleProblem",
    "RoleWarning",
    "StoreBegun",
    "StoreEnded",
    "Violation",
    "negotiate",
]
