"""What an acceptor agrees to."""

from collections.abc import Mapping
from enum import Enum
from types import MappingProxyType
from typing import NamedTuple


class Role(Enum):
    """What a peer may be for one SOP class (storescp facts 7.6)."""

    SCU = "scu"
    SCP = "scp"
    BOTH = "both"


class Profile(NamedTuple):
    """An association profile: what is accepted class by class (storescp facts 7.4). Verification is not implied."""

    transfer_syntaxes: Mapping[str, tuple[str, ...]]
    """By abstract syntax: what is accepted for it, the most wanted first."""
    roles: Mapping[str, Role] = MappingProxyType({})
    """By abstract syntax: roles that are negotiated; for a class that is not here a proposal is not answered."""
    extended: Mapping[str, bytes] = MappingProxyType({})
    """By abstract syntax, in the order of the answer: service class application information."""


class Policy(NamedTuple):
    """Settings of the upper layer and of the negotiation."""

    implementation_class_uid: str
    implementation_version_name: str
    abstract_syntaxes: frozenset[str]
    """SOP classes that are accepted."""
    transfer_syntaxes: tuple[str, ...]
    """What is accepted for each of them, the most wanted first (storescp facts 4.4)."""
    known_uids: frozenset[str] | None = None
    """Promiscuous mode: an abstract syntax that is not among these is accepted too (storescp facts 4.3)."""
    max_pdu: int = 16384
    """Largest P-DATA-TF variable field that is announced and taken, in bytes."""
    refuse: bool = False
    """Reject every request, 1/1/1."""
    require_implementation_class_uid: bool = False
    """Reject requests without an implementation class UID, 1/1/1."""
    profile: Profile | None = None
    """Decides alone where there is one; the SOP classes and transfer syntaxes above are not looked at then."""
    any_encoding: bool = False
    """Data sets are not read: contexts whose transfer syntax is not known can be used too."""
