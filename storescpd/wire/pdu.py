"""The seven PDUs of PS3.8 section 9.3, as frozen dataclasses.

Titles are text in Latin-1 without the padding that the peer chose, blanks or NUL: storescp takes any bytes.
"""

from dataclasses import dataclass, field

from storescpd.wire.codes import AbortReason, AbortSource, RejectResult, RejectSource
from storescpd.wire.items import AnsweredContext, ProposedContext, UserInformation

APPLICATION_CONTEXT = "1.2.840.10008.3.1.1.1"
"""The one application context there is (PS3.7 A.2.1)."""
PROTOCOL_VERSION = 1
"""A bit field; bit 0 is this version (PS3.8 9.3.2)."""


@dataclass(frozen=True, slots=True)
class AssociateRQ:
    """A-ASSOCIATE-RQ (PS3.8 9.3.2)."""

    called_ae_title: str
    calling_ae_title: str
    application_context: str = APPLICATION_CONTEXT
    presentation_contexts: tuple[ProposedContext, ...] = ()
    user_information: UserInformation = field(default_factory=UserInformation)
    protocol_version: int = PROTOCOL_VERSION


@dataclass(frozen=True, slots=True)
class AssociateAC:
    """A-ASSOCIATE-AC (PS3.8 9.3.3)."""

    called_ae_title: str
    calling_ae_title: str
    application_context: str = APPLICATION_CONTEXT
    presentation_contexts: tuple[AnsweredContext, ...] = ()
    user_information: UserInformation = field(default_factory=UserInformation)
    protocol_version: int = PROTOCOL_VERSION


@dataclass(frozen=True, slots=True)
class AssociateRJ:
    """A-ASSOCIATE-RJ (PS3.8 9.3.4); ``reason`` is counted for each source on its own."""

    result: RejectResult
    source: RejectSource
    reason: int


@dataclass(frozen=True, slots=True)
class PresentationDataValue:
    """One PDV of a P-DATA-TF (PS3.8 9.3.5.1 and annex E.2)."""

    context_id: int
    command: bool
    last: bool
    value: bytes


@dataclass(frozen=True, slots=True)
class PDataTF:
    """P-DATA-TF (PS3.8 9.3.5)."""

    values: tuple[PresentationDataValue, ...]


@dataclass(frozen=True, slots=True)
class ReleaseRQ:
    """A-RELEASE-RQ (PS3.8 9.3.6)."""


@dataclass(frozen=True, slots=True)
class ReleaseRP:
    """A-RELEASE-RP (PS3.8 9.3.7)."""


@dataclass(frozen=True, slots=True)
class Abort:
    """A-ABORT (PS3.8 9.3.8)."""

    source: int = AbortSource.SERVICE_USER
    reason: int = AbortReason.NOT_SPECIFIED


Pdu = AssociateRQ | AssociateAC | AssociateRJ | PDataTF | ReleaseRQ | ReleaseRP | Abort
