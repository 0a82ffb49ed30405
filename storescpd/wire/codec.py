"""PDUs from bytes and to bytes (PS3.8 section 9.3)."""

import struct
from typing import assert_never

from storescpd.wire import user_information
from storescpd.wire.codes import ItemType, PduType, RejectResult, RejectSource
from storescpd.wire.errors import WireError
from storescpd.wire.items import (
    AnsweredContext,
    ProposedContext,
    answered_context,
    encode_answered_context,
    encode_proposed_context,
    item,
    proposed_context,
    split,
    uid,
)
from storescpd.wire.pdu import (
    PROTOCOL_VERSION,
    Abort,
    AssociateAC,
    AssociateRJ,
    AssociateRQ,
    PDataTF,
    Pdu,
    PresentationDataValue,
    ReleaseRP,
    ReleaseRQ,
)

HEADER = struct.Struct(">BxI")
"""PDU type, reserved byte, length of the rest."""
PDV_HEADER = struct.Struct(">IBB")
"""PDV length (context id and control header counted), context id, message control header."""
FRAGMENT = struct.Struct(">BxIIBB")
"""Both headers of a P-DATA-TF with one PDV in it."""
PDV_OVERHEAD = 2
"""Bytes of a PDV that its length counts besides the value."""
COMMAND = 0x01
"""Message control header: bit 0, the fragment belongs to a command (PS3.8 annex E.2)."""
LAST = 0x02
"""Message control header: bit 1, it is the last fragment."""

TITLE_LENGTH = 16
_ASSOCIATE = struct.Struct(">H2x16s16s32x")
ASSOCIATE_FIXED = _ASSOCIATE.size
"""Bytes of an A-ASSOCIATE body before its variable items."""
_ASSOCIATE_NAMES = {PduType.A_ASSOCIATE_RQ: "A-ASSOCIATE-RQ", PduType.A_ASSOCIATE_AC: "A-ASSOCIATE-AC"}


def title(value: bytes) -> str:
    """An AE title without its padding: what follows a NUL, and blanks at the end (storescp facts 3.4, 4.1)."""
    return value.split(b"\0", 1)[0].decode("latin-1").rstrip(" ")


def padded_title(value: str) -> bytes:
    """An AE title in its 16 bytes."""
    return value.encode("latin-1")[:TITLE_LENGTH].ljust(TITLE_LENGTH)


def decode(kind: PduType, body: bytes) -> Pdu:
    """Decode the PDU whose header said ``kind`` and whose other bytes are ``body``.

    The caller has limited the length of ``body``: no more memory is taken than its own size.

    Raises:
        WireError: what PS3.8 does not allow; the offset counts from the start of ``body``.
    """
    if kind is PduType.P_DATA_TF:
        return PDataTF(_presentation_data_values(body))
    if kind in _ASSOCIATE_NAMES:
        return _associate(kind, body)
    if len(body) < 4:
        raise WireError(kind.name, len(body), "shorter than its four bytes")
    if kind is PduType.A_ASSOCIATE_RJ:
        return _reject(body)
    if kind is PduType.A_ABORT:
        return Abort(body[2], body[3])
    return ReleaseRQ() if kind is PduType.A_RELEASE_RQ else ReleaseRP()


def titles(body: bytes) -> tuple[str, str]:
    """Called and calling AE title of an A-ASSOCIATE body.

    Raises:
        WireError: it is too short for them.
    """
    if len(body) < _ASSOCIATE.size:
        raise WireError("A-ASSOCIATE", len(body), f"shorter than its {_ASSOCIATE.size} fixed bytes")
    _, called, calling = _ASSOCIATE.unpack_from(body)
    return title(called), title(calling)


def _reject(body: bytes) -> AssociateRJ:
    try:
        return AssociateRJ(RejectResult(body[1]), RejectSource(body[2]), body[3])
    except ValueError as error:
        raise WireError("A-ASSOCIATE-RJ", 1, str(error)) from None


def _associate(kind: PduType, body: bytes) -> AssociateRQ | AssociateAC:
    field = _ASSOCIATE_NAMES[kind]
    if len(body) < _ASSOCIATE.size:
        raise WireError(field, len(body), f"shorter than its {_ASSOCIATE.size} fixed bytes")
    version, called, calling = _ASSOCIATE.unpack_from(body)
    application_context = ""
    proposed: list[ProposedContext] = []
    answered: list[AnsweredContext] = []
    information: list[tuple[int, int]] = []
    # The items of another version are unknown: storescp names the version even where it could not read them.
    items_end = len(body) if version & PROTOCOL_VERSION else _ASSOCIATE.size
    for item_type, start, end in split(body, _ASSOCIATE.size, items_end, field):
        if item_type == ItemType.APPLICATION_CONTEXT:
            application_context = uid(body, start, end, "application context")
        elif item_type == ItemType.PRESENTATION_CONTEXT_RQ:
            proposed.append(proposed_context(body, start, end))
        elif item_type == ItemType.PRESENTATION_CONTEXT_AC:
            answered.append(answered_context(body, start, end))
        elif item_type == ItemType.USER_INFORMATION:
            information.append((start, end))
    titles = (title(called), title(calling), application_context)
    if kind is PduType.A_ASSOCIATE_RQ:
        return AssociateRQ(*titles, tuple(proposed), user_information.decode(body, information), version)
    return AssociateAC(*titles, tuple(answered), user_information.decode(body, information), version)


def _presentation_data_values(body: bytes) -> tuple[PresentationDataValue, ...]:
    values: list[PresentationDataValue] = []
    position = 0
    while position < len(body):
        if len(body) - position < PDV_HEADER.size:
            raise WireError("PDV", position, "header is cut short")
        length, context_id, control = PDV_HEADER.unpack_from(body, position)
        end = position + 4 + length
        if length < PDV_OVERHEAD or end > len(body):
            raise WireError("PDV", position, f"length {length} does not fit the {len(body) - position - 4} bytes left")
        value = body[position + PDV_HEADER.size : end]
        values.append(PresentationDataValue(context_id, bool(control & COMMAND), bool(control & LAST), value))
        position = end
    return tuple(values)


def pdu(kind: PduType, body: bytes) -> bytes:
    """One encoded PDU."""
    return HEADER.pack(kind, len(body)) + body


def associate(kind: PduType, called: str, calling: str, items: bytes, version: int = 1) -> bytes:
    """An encoded A-ASSOCIATE-RQ or -AC from its titles and its encoded items."""
    return pdu(kind, _ASSOCIATE.pack(version, padded_title(called), padded_title(calling)) + items)


def associate_items(message: AssociateRQ | AssociateAC) -> bytes:
    """The encoded variable items of an A-ASSOCIATE-RQ or -AC."""
    if isinstance(message, AssociateRQ):
        contexts = b"".join(map(encode_proposed_context, message.presentation_contexts))
    else:
        contexts = b"".join(map(encode_answered_context, message.presentation_contexts))
    application = item(ItemType.APPLICATION_CONTEXT, message.application_context.encode("latin-1"))
    return application + contexts + user_information.encode(message.user_information)


def encode(message: Pdu) -> bytes:
    """The bytes of a PDU."""
    match message:
        case PDataTF(values):
            return pdu(PduType.P_DATA_TF, b"".join(map(_encode_value, values)))
        case AssociateRQ():
            kind = PduType.A_ASSOCIATE_RQ
        case AssociateAC():
            kind = PduType.A_ASSOCIATE_AC
        case AssociateRJ(result, source, reason):
            return pdu(PduType.A_ASSOCIATE_RJ, bytes((0, result, source, reason)))
        case ReleaseRQ():
            return pdu(PduType.A_RELEASE_RQ, bytes(4))
        case ReleaseRP():
            return pdu(PduType.A_RELEASE_RP, bytes(4))
        case Abort(source, reason):
            return pdu(PduType.A_ABORT, bytes((0, 0, source, reason)))
        case _:
            assert_never(message)
    return associate(
        kind, message.called_ae_title, message.calling_ae_title, associate_items(message), message.protocol_version
    )


def _encode_value(value: PresentationDataValue) -> bytes:
    control = (COMMAND if value.command else 0) | (LAST if value.last else 0)
    return PDV_HEADER.pack(len(value.value) + PDV_OVERHEAD, value.context_id, control) + value.value
