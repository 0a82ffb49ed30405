"""What every PDU begins with, and those that open an association, from bytes and to bytes (PS3.8 section 9.3)."""

import struct
from collections.abc import Iterable
from typing import Final, NamedTuple

from storescpd.wire import user_information
from storescpd.wire.codes import ItemType, PduType
from storescpd.wire.errors import WireError
from storescpd.wire.items import (
    AnsweredContext,
    Items,
    ProposedContext,
    UserInformation,
    answered_context,
    encode_answered_context,
    encode_proposed_context,
    item,
    proposed_context,
    uid,
)
from storescpd.wire.request import APPLICATION_CONTEXT, PROTOCOL_VERSION, AssociateRJ, AssociateRQ

HEADER: Final = struct.Struct(">BxI")
"""PDU type, reserved byte, length of the rest."""
PDV_HEADER: Final = struct.Struct(">IBB")
"""PDV length (context id and control header counted), context id, message control header."""
FRAGMENT: Final = struct.Struct(">BxIIBB")
"""Both headers of a P-DATA-TF with one PDV in it."""
PDV_OVERHEAD: Final = 2
"""Bytes of a PDV that its length counts besides the value."""
COMMAND: Final = 0x01
"""Message control header: bit 0, the fragment belongs to a command (PS3.8 annex E.2)."""
LAST: Final = 0x02
"""Message control header: bit 1, it is the last fragment."""

TITLE_LENGTH: Final = 16
_ASSOCIATE: Final = struct.Struct(">H2x16s16s32x")
ASSOCIATE_FIXED: Final = _ASSOCIATE.size
"""Bytes of an A-ASSOCIATE body before its variable items."""


def title(value: bytes) -> str:
    """An AE title without its padding: what follows a NUL, and blanks at the end (storescp facts 3.4, 4.1)."""
    return value.split(b"\0", 1)[0].decode("latin-1").rstrip(" ")


def padded_title(value: str) -> bytes:
    """An AE title in its 16 bytes."""
    return value.encode("latin-1")[:TITLE_LENGTH].ljust(TITLE_LENGTH)


def titles(body: bytes) -> tuple[str, str]:
    """Called and calling AE title of an A-ASSOCIATE body.

    Raises:
        WireError: it is too short for them.
    """
    if len(body) < _ASSOCIATE.size:
        raise WireError("A-ASSOCIATE", len(body), f"shorter than its {_ASSOCIATE.size} fixed bytes")
    _, called, calling = _ASSOCIATE.unpack_from(body)
    return title(called), title(calling)


class AssociateBody(NamedTuple):
    """What an A-ASSOCIATE-RQ or -AC may say."""

    version: int
    called_ae_title: str
    calling_ae_title: str
    application_context: str
    proposed: tuple[ProposedContext, ...]
    answered: tuple[AnsweredContext, ...]
    user_information: UserInformation


def associate_body(field: str, body: bytes) -> AssociateBody:
    """Decode it; ``field`` names it where it is wrong.

    Raises:
        WireError: what PS3.8 does not allow.
    """
    if len(body) < _ASSOCIATE.size:
        raise WireError(field, len(body), f"shorter than its {_ASSOCIATE.size} fixed bytes")
    version, called, calling = _ASSOCIATE.unpack_from(body)
    application_context = ""
    proposed: list[ProposedContext] = []
    answered: list[AnsweredContext] = []
    information: list[tuple[int, int]] = []
    # The items of another version are unknown: storescp names the version even where it could not read them.
    items_end = len(body) if version & PROTOCOL_VERSION else _ASSOCIATE.size
    items = Items(body)
    for item_type, start, end in items.between(_ASSOCIATE.size, items_end, field):
        if item_type == ItemType.APPLICATION_CONTEXT:
            application_context = uid(body, start, end, "application context")
        elif item_type == ItemType.PRESENTATION_CONTEXT_RQ:
            proposed.append(proposed_context(items, start, end))
        elif item_type == ItemType.PRESENTATION_CONTEXT_AC:
            answered.append(answered_context(body, start, end))
        elif item_type == ItemType.USER_INFORMATION:
            information.append((start, end))
    return AssociateBody(
        version,
        title(called),
        title(calling),
        application_context,
        tuple(proposed),
        tuple(answered),
        user_information.decode(items, information),
    )


def request(body: bytes) -> AssociateRQ:
    """Decode the body of an A-ASSOCIATE-RQ.

    The caller has limited its length: no more memory is taken than its own size.

    Raises:
        WireError: what PS3.8 does not allow; the offset counts from the start of ``body``.
    """
    read = associate_body("A-ASSOCIATE-RQ", body)
    return AssociateRQ(
        read.called_ae_title,
        read.calling_ae_title,
        read.application_context,
        read.proposed,
        read.user_information,
        read.version,
    )


def pdu(kind: PduType, body: bytes) -> bytes:
    """One encoded PDU."""
    return HEADER.pack(kind, len(body)) + body


def associate(kind: PduType, called: str, calling: str, items: bytes, version: int = 1) -> bytes:
    """An encoded A-ASSOCIATE-RQ or -AC from its titles and its encoded items."""
    return pdu(kind, _ASSOCIATE.pack(version, padded_title(called), padded_title(calling)) + items)


def request_items(message: AssociateRQ) -> bytes:
    """The encoded variable items of an A-ASSOCIATE-RQ."""
    contexts = map(encode_proposed_context, message.presentation_contexts)
    return _items(message.application_context, contexts, message.user_information)


def answer_items(
    contexts: Iterable[AnsweredContext], information: UserInformation, application_context: str = APPLICATION_CONTEXT
) -> bytes:
    """The encoded variable items of an A-ASSOCIATE-AC."""
    return _items(application_context, map(encode_answered_context, contexts), information)


def _items(application_context: str, contexts: Iterable[bytes], information: UserInformation) -> bytes:
    application = item(ItemType.APPLICATION_CONTEXT, application_context.encode("latin-1"))
    return application + b"".join(contexts) + user_information.encode(information)


def rejection(message: AssociateRJ) -> bytes:
    """An encoded A-ASSOCIATE-RJ."""
    return pdu(PduType.A_ASSOCIATE_RJ, bytes((0, message.result, message.source, message.reason)))


def release() -> bytes:
    """An encoded A-RELEASE-RP."""
    return pdu(PduType.A_RELEASE_RP, bytes(4))


def abort(source: int, reason: int) -> bytes:
    """An encoded A-ABORT."""
    return pdu(PduType.A_ABORT, bytes((0, 0, source, reason)))
