"""Command sets (PS3.7 section 6.3 and annex E): implicit VR little endian, group 0000 alone.

UIDs come without any white space and NUL (storescp facts 5.3): the stripped value is what names, responses and the
file meta information use. Elements of other groups, and a rest that is no element, are passed over.
"""

import functools
import struct
from dataclasses import dataclass
from typing import Final

from storescpd.wire.codes import NO_DATA_SET, CommandField, Status
from storescpd.wire.errors import WireError
from storescpd.wire.items import MAX_UID_LENGTH

_ELEMENT: Final = struct.Struct("<HHI")
_US: Final = struct.Struct("<H")

MAX_ELEMENTS: Final = 64
"""PS3.7 annex E lists some 30 elements; more are an attempt to keep us busy."""

AFFECTED_SOP_CLASS_UID: Final = 0x0002
COMMAND_FIELD: Final = 0x0100
MESSAGE_ID: Final = 0x0110
MESSAGE_ID_BEING_RESPONDED_TO: Final = 0x0120
PRIORITY: Final = 0x0700
COMMAND_DATA_SET_TYPE: Final = 0x0800
STATUS: Final = 0x0900
ERROR_COMMENT: Final = 0x0902
AFFECTED_SOP_INSTANCE_UID: Final = 0x1000


@dataclass(frozen=True, slots=True, init=False)
class CStoreRQ:
    """C-STORE-RQ (PS3.7 table 9.3-1)."""

    message_id: int
    affected_sop_class_uid: str
    affected_sop_instance_uid: str
    priority: int
    blanks_removed: bool
    """A UID held white space (storescp facts 5.3: worth a warning)."""

    # There is one for each object, and what is generated for frozen dataclasses is not compiled.
    def __init__(
        self,
        message_id: int,
        affected_sop_class_uid: str,
        affected_sop_instance_uid: str,
        priority: int = 0,
        *,
        blanks_removed: bool = False,
    ) -> None:
        put = object.__setattr__
        put(self, "message_id", message_id)
        put(self, "affected_sop_class_uid", affected_sop_class_uid)
        put(self, "affected_sop_instance_uid", affected_sop_instance_uid)
        put(self, "priority", priority)
        put(self, "blanks_removed", blanks_removed)


@dataclass(frozen=True, slots=True)
class CStoreRSP:
    """C-STORE-RSP (PS3.7 table 9.3-2) with the elements of storescp facts 4.6."""

    message_id_being_responded_to: int
    affected_sop_class_uid: str
    affected_sop_instance_uid: str
    status: int
    error_comment: str = ""


@dataclass(frozen=True, slots=True)
class CEchoRQ:
    """C-ECHO-RQ (PS3.7 table 9.3-12)."""

    message_id: int
    affected_sop_class_uid: str


@dataclass(frozen=True, slots=True)
class CEchoRSP:
    """C-ECHO-RSP (PS3.7 table 9.3-13)."""

    message_id_being_responded_to: int
    affected_sop_class_uid: str
    status: int = Status.SUCCESS


@dataclass(frozen=True, slots=True)
class UnsupportedCommand:
    """Any other command field: a Storage SCP aborts (storescp facts 4.5)."""

    command_field: int


Request = CStoreRQ | CEchoRQ | UnsupportedCommand

_CLASS_START: Final = 20
"""Offset of the affected SOP class UID in a C-STORE-RQ as nearly all senders write it: each element once, in order,
nothing else."""
_BETWEEN_UIDS: Final = 48
"""Bytes from the end of that to the affected SOP instance UID."""
_USUAL: Final = b"".join(
    (
        _ELEMENT.pack(0, 0, 4),
        _ELEMENT.pack(0, AFFECTED_SOP_CLASS_UID, 0)[:4] + bytes(3),
        _ELEMENT.pack(0, COMMAND_FIELD, 2) + _US.pack(CommandField.C_STORE_RQ),
        _ELEMENT.pack(0, MESSAGE_ID, 2),
        _ELEMENT.pack(0, PRIORITY, 2),
        _ELEMENT.pack(0, COMMAND_DATA_SET_TYPE, 2),
        _ELEMENT.pack(0, AFFECTED_SOP_INSTANCE_UID, 0)[:4] + bytes(3),
    )
)
"""What is the same in all of them. Of the lengths of UIDs, which have one byte more, the upper three."""
_NO_DATA_SET: Final = _US.pack(NO_DATA_SET)


def elements(data: bytes) -> dict[int, bytes]:
    """The elements of a command set: element number to value; the first of a number wins.

    Raises:
        WireError: an element goes beyond the end, or there are more than ``MAX_ELEMENTS``.
    """
    found: dict[int, bytes] = {}
    position = 0
    end = len(data)
    while end - position >= _ELEMENT.size:
        group, number, length = _ELEMENT.unpack_from(data, position)
        position += _ELEMENT.size
        if length > end - position:
            if position == end:  # a header with nothing behind it, often text that a short length left over
                break
            place = f"({group:04X},{number:04X})"
            raise WireError("command set", position, f"{place} of {length} bytes goes beyond the end")
        if len(found) == MAX_ELEMENTS:
            raise WireError("command set", position, f"more than {MAX_ELEMENTS} elements")
        if group == 0:
            found.setdefault(number, data[position : position + length])
        position += length
    return found


def decode(data: bytes) -> Request:
    """Decode the command set of a request.

    Raises:
        WireError: it cannot be parsed, or an element that PS3.7 requires is missing or unusable
            (storescp facts 4.8).
    """
    usual = _usual_store(data)
    if usual is not None:
        return usual
    found = elements(data)
    field = _number(found, COMMAND_FIELD, "command field")
    if field == CommandField.C_STORE_RQ:
        return _c_store(found)
    if field == CommandField.C_ECHO_RQ:
        if _number(found, COMMAND_DATA_SET_TYPE, "command data set type") != NO_DATA_SET:
            raise WireError("command data set type", 0, "C-ECHO-RQ with a data set")
        sop_class = _uid(found, AFFECTED_SOP_CLASS_UID, "affected SOP class UID")[0]
        return CEchoRQ(_number(found, MESSAGE_ID, "message ID"), sop_class)
    return UnsupportedCommand(field)


def _usual_store(data: bytes) -> CStoreRQ | None:
    """A C-STORE-RQ as nearly all senders write it, read in one step; ``None`` for any other."""
    size = len(data)
    if size < _CLASS_START + _BETWEEN_UIDS:
        return None
    end = _CLASS_START + data[16]
    start = end + _BETWEEN_UIDS
    if start > size or start + data[start - 4] != size:
        return None
    fixed = (
        data[:8] + data[12:16] + data[17:20] + data[end : end + 18] + data[end + 20 : end + 28]
        + data[end + 30 : end + 38] + data[end + 40 : end + 44] + data[start - 3 : start]
    )  # fmt: skip
    if fixed != _USUAL or data[end + 38 : end + 40] == _NO_DATA_SET:
        return None
    sop_class, instance = _usual_uid(data[_CLASS_START:end]), _usual_uid(data[start:])
    if not sop_class or not instance:
        return None
    message_id, priority = data[end + 18] | data[end + 19] << 8, data[end + 28] | data[end + 29] << 8
    return CStoreRQ(message_id, sop_class, instance, priority)


def _usual_uid(value: bytes) -> str:
    """Digits and dots, with at most one NUL behind them; empty for all else."""
    text = value.removesuffix(b"\0")
    if len(text) > MAX_UID_LENGTH or not text.replace(b".", b"").isdigit():
        return ""
    return text.decode("ascii")


def _c_store(found: dict[int, bytes]) -> CStoreRQ:
    if _number(found, COMMAND_DATA_SET_TYPE, "command data set type") == NO_DATA_SET:
        raise WireError("command data set type", 0, "C-STORE-RQ without a data set")
    sop_class, blanks_in_class = _uid(found, AFFECTED_SOP_CLASS_UID, "affected SOP class UID")
    instance, blanks_in_instance = _uid(found, AFFECTED_SOP_INSTANCE_UID, "affected SOP instance UID")
    if not instance:
        raise WireError("affected SOP instance UID", 0, "it is empty")
    return CStoreRQ(
        message_id=_number(found, MESSAGE_ID, "message ID"),
        affected_sop_class_uid=sop_class,
        affected_sop_instance_uid=instance,
        priority=_number(found, PRIORITY, "priority"),
        blanks_removed=blanks_in_class or blanks_in_instance,
    )


def _number(found: dict[int, bytes], number: int, field: str) -> int:
    value = found.get(number)
    if value is None or len(value) < _US.size:
        raise WireError(field, 0, f"(0000,{number:04X}) is missing or too short")
    return int(_US.unpack_from(value)[0])


def _uid(found: dict[int, bytes], number: int, field: str) -> tuple[str, bool]:
    value = found.get(number)
    if value is None:
        raise WireError(field, 0, f"(0000,{number:04X}) is missing")
    text = value.split(b"\0", 1)[0]
    stripped = b"".join(text.split())  # of bytes: white space of ASCII alone, as storescp
    if len(stripped) > MAX_UID_LENGTH:
        raise WireError(field, 0, f"(0000,{number:04X}) has {len(stripped)} characters, {MAX_UID_LENGTH} may be")
    return stripped.decode("latin-1"), len(stripped) != len(text)


def _element(number: int, value: bytes) -> bytes:
    return _ELEMENT.pack(0, number, len(value)) + value


def _encoded_uid(value: str) -> bytes:
    encoded = value.encode("latin-1")
    return encoded + b"\0" if len(encoded) % 2 else encoded


_GROUP_LENGTH: Final = _ELEMENT.pack(0, 0, 4)


def _with_group_length(body: bytes) -> bytes:
    return _GROUP_LENGTH + len(body).to_bytes(4, "little") + body


def encode(response: CStoreRSP | CEchoRSP) -> bytes:
    """The command set of a response: what storescp sends, no more (storescp facts 4.5, 4.6)."""
    if isinstance(response, CStoreRSP):
        return store_response(
            response.message_id_being_responded_to,
            response.affected_sop_class_uid,
            response.affected_sop_instance_uid,
            response.status,
            response.error_comment,
        )
    return _with_group_length(
        _class_element(response.affected_sop_class_uid)
        + _element(COMMAND_FIELD, _US.pack(CommandField.C_ECHO_RSP))
        + _element(MESSAGE_ID_BEING_RESPONDED_TO, _US.pack(response.message_id_being_responded_to))
        + _element(COMMAND_DATA_SET_TYPE, _US.pack(NO_DATA_SET))
        + _element(STATUS, _US.pack(response.status))
    )


_BEFORE_MESSAGE_ID: Final = _element(COMMAND_FIELD, _US.pack(CommandField.C_STORE_RSP)) + _ELEMENT.pack(
    0, MESSAGE_ID_BEING_RESPONDED_TO, 2
)
_BEFORE_STATUS: Final = _element(COMMAND_DATA_SET_TYPE, _US.pack(NO_DATA_SET)) + _ELEMENT.pack(0, STATUS, 2)
_BEFORE_LENGTH: Final = _ELEMENT.pack(0, AFFECTED_SOP_INSTANCE_UID, 0)[:4]

MAX_COMMENT: Final = 64
"""Characters of an error comment: what an LO may have (PS3.5 6.2)."""


def store_response(
    message_id: int, sop_class_uid: str, sop_instance_uid: str, status: int, error_comment: str = ""
) -> bytes:
    """The command set of a C-STORE-RSP, without a ``CStoreRSP``: there is one for each object.

    ``error_comment`` is ASCII without a backslash, ``MAX_COMMENT`` characters at the most; empty for none.
    """
    instance = _encoded_uid(sop_instance_uid)
    before_status = _class_element(sop_class_uid) + _BEFORE_MESSAGE_ID + message_id.to_bytes(2, "little")
    comment = _comment(error_comment) if error_comment else b""
    behind = status.to_bytes(2, "little") + comment + _BEFORE_LENGTH + len(instance).to_bytes(4, "little") + instance
    return _with_group_length(before_status + _BEFORE_STATUS + behind)


def _comment(text: str) -> bytes:
    value = text.encode("ascii")
    return _element(ERROR_COMMENT, value + b" " if len(value) % 2 else value)


@functools.lru_cache(maxsize=64)
def _class_element(sop_class_uid: str) -> bytes:
    return _element(AFFECTED_SOP_CLASS_UID, _encoded_uid(sop_class_uid))
