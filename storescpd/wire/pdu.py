"""The seven PDUs of PS3.8 section 9.3, as frozen dataclasses, from bytes and to bytes.

An acceptor needs few of them: it walks P-DATA-TF where they lie, and writes its answers as bytes.
"""

from dataclasses import dataclass, field
from typing import assert_never

from storescpd.wire import codec
from storescpd.wire.codes import AbortReason, AbortSource, PduType, RejectResult, RejectSource
from storescpd.wire.errors import WireError
from storescpd.wire.items import AnsweredContext, UserInformation
from storescpd.wire.request import APPLICATION_CONTEXT, PROTOCOL_VERSION, AssociateRJ, AssociateRQ

__all__ = [
    "Abort",
    "AssociateAC",
    "AssociateRJ",
    "AssociateRQ",
    "PDataTF",
    "Pdu",
    "PresentationDataValue",
    "ReleaseRP",
    "ReleaseRQ",
    "decode",
    "encode",
]


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


def decode(kind: PduType, body: bytes) -> Pdu:
    """Decode the PDU whose header said ``kind`` and whose other bytes are ``body``.

    The caller has limited the length of ``body``: no more memory is taken than its own size.

    Raises:
        WireError: what PS3.8 does not allow; the offset counts from the start of ``body``.
    """
    if kind is PduType.P_DATA_TF:
        return PDataTF(_presentation_data_values(body))
    if kind is PduType.A_ASSOCIATE_RQ:
        return codec.request(body)
    if kind is PduType.A_ASSOCIATE_AC:
        return _acceptance(body)
    if len(body) < 4:
        raise WireError(kind.name, len(body), "shorter than its four bytes")
    if kind is PduType.A_ASSOCIATE_RJ:
        return _reject(body)
    if kind is PduType.A_ABORT:
        return Abort(body[2], body[3])
    return ReleaseRQ() if kind is PduType.A_RELEASE_RQ else ReleaseRP()


def _acceptance(body: bytes) -> AssociateAC:
    read = codec.associate_body("A-ASSOCIATE-AC", body)
    return AssociateAC(
        read.called_ae_title,
        read.calling_ae_title,
        read.application_context,
        read.answered,
        read.user_information,
        read.version,
    )


def _reject(body: bytes) -> AssociateRJ:
    try:
        return AssociateRJ(RejectResult(body[1]), RejectSource(body[2]), body[3])
    except ValueError as error:
        raise WireError("A-ASSOCIATE-RJ", 1, str(error)) from None


def _presentation_data_values(body: bytes) -> tuple[PresentationDataValue, ...]:
    values: list[PresentationDataValue] = []
    position = 0
    while position < len(body):
        if len(body) - position < codec.PDV_HEADER.size:
            raise WireError("PDV", position, "header is cut short")
        length, context_id, control = codec.PDV_HEADER.unpack_from(body, position)
        end = position + 4 + length
        if length < codec.PDV_OVERHEAD or end > len(body):
            raise WireError("PDV", position, f"length {length} does not fit the {len(body) - position - 4} bytes left")
        value = body[position + codec.PDV_HEADER.size : end]
        values.append(
            PresentationDataValue(context_id, bool(control & codec.COMMAND), bool(control & codec.LAST), value)
        )
        position = end
    return tuple(values)


def encode(message: Pdu) -> bytes:
    """The bytes of a PDU."""
    match message:
        case PDataTF(values):
            return codec.pdu(PduType.P_DATA_TF, b"".join(map(_encode_value, values)))
        case AssociateRQ() | AssociateAC():
            return _associate(message)
        case AssociateRJ():
            return codec.rejection(message)
        case ReleaseRQ():
            return codec.pdu(PduType.A_RELEASE_RQ, bytes(4))
        case ReleaseRP():
            return codec.release()
        case Abort(source, reason):
            return codec.abort(source, reason)
        case _:
            assert_never(message)


def _associate(message: AssociateRQ | AssociateAC) -> bytes:
    if isinstance(message, AssociateRQ):
        kind, items = PduType.A_ASSOCIATE_RQ, codec.request_items(message)
    else:
        kind = PduType.A_ASSOCIATE_AC
        items = codec.answer_items(message.presentation_contexts, message.user_information, message.application_context)
    return codec.associate(kind, message.called_ae_title, message.calling_ae_title, items, message.protocol_version)


def _encode_value(value: PresentationDataValue) -> bytes:
    control = (codec.COMMAND if value.command else 0) | (codec.LAST if value.last else 0)
    return codec.PDV_HEADER.pack(len(value.value) + codec.PDV_OVERHEAD, value.context_id, control) + value.value
