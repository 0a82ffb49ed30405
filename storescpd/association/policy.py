"""What an acceptor agrees to."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Policy:
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
