"""What asks for an association, and what refuses it: A-ASSOCIATE-RQ and -RJ (PS3.8 9.3.2, 9.3.4).

Titles are text in Latin-1 without the padding that the peer chose, blanks or NUL: storescp takes any bytes.
"""

from dataclasses import dataclass, field
from typing import Final

from storescpd.wire.codes import RejectResult, RejectSource
from storescpd.wire.items import ProposedContext, UserInformation

APPLICATION_CONTEXT: Final = "1.2.840.10008.3.1.1.1"
"""The one application context there is (PS3.7 A.2.1)."""
PROTOCOL_VERSION: Final = 1
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
class AssociateRJ:
    """A-ASSOCIATE-RJ (PS3.8 9.3.4); ``reason`` is counted for each source on its own."""

    result: RejectResult
    source: RejectSource
    reason: int
