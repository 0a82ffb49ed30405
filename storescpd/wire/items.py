"""The variable items of A-ASSOCIATE-RQ and -AC (PS3.8 9.3.2, 9.3.3; PS3.7 annex D.3.3), decoded and encoded.

An item is a type, a reserved byte, a big-endian length of two bytes and its value. What has an unknown type is
skipped, as storescp does (storescp facts 4.1, 4.8).
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from storescpd.wire.codes import ContextResult, ItemType
from storescpd.wire.errors import WireError

if TYPE_CHECKING:
    from storescpd.wire.sub_items import (
        AsynchronousOperationsWindow,
        CommonExtendedNegotiation,
        ExtendedNegotiation,
        RoleSelection,
        UserIdentity,
    )

_HEADER: Final = struct.Struct(">BxH")
_U16: Final = struct.Struct(">H")
_U32: Final = struct.Struct(">I")

MAX_UID_LENGTH: Final = 64
"""PS3.5 9.1. A longer one in a request is malformed."""
MAX_CONTEXT_TRANSFER_SYNTAXES: Final = 128
"""PS3.8 knows no limit. storescp 3.6.7 answers nothing to a request with more than 50 in one context."""
MAX_ITEMS: Final = 128 * (2 + MAX_CONTEXT_TRANSFER_SYNTAXES)
"""Items in one association request, at every depth: 128 contexts (PS3.8 9.3.2.2: their ids are odd bytes), each with an
abstract syntax and as many transfer syntaxes as it may have. A MiB of empty items would keep a worker busy."""
MAX_SUB_ITEMS_OF_A_TYPE: Final = 256
"""PS3.7 D.3.3.4 to D.3.3.6: one for each SOP class that is proposed, and a context id is one byte."""


@dataclass(frozen=True, slots=True)
class ProposedContext:
    """Presentation context item of an A-ASSOCIATE-RQ (PS3.8 9.3.2.2)."""

    context_id: int
    abstract_syntax: str
    transfer_syntaxes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AnsweredContext:
    """Presentation context item of an A-ASSOCIATE-AC (PS3.8 9.3.3.2)."""

    context_id: int
    result: ContextResult
    transfer_syntax: str


@dataclass(frozen=True, slots=True)
class UserInformation:
    """The user information item (PS3.8 9.3.2.3); ``None`` and empty stand for sub-items that are absent."""

    maximum_length: int | None = None
    """Largest P-DATA-TF variable field that the sender of this item takes, in bytes; 0 is no limit."""
    implementation_class_uid: str = ""
    implementation_version_name: str = ""
    asynchronous_window: "AsynchronousOperationsWindow | None" = None
    roles: "tuple[RoleSelection, ...]" = ()
    extended: "tuple[ExtendedNegotiation, ...]" = ()
    common_extended: "tuple[CommonExtendedNegotiation, ...]" = ()
    user_identity: "UserIdentity | None" = None
    user_identity_response: bytes | None = None
    """Server response of the A-ASSOCIATE-AC (PS3.7 D.3.3.7.2)."""


class Items:
    """Walks the items of one request or acceptance, and counts them."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self._count = 0

    def between(self, start: int, end: int, field: str) -> Iterator[tuple[int, int, int]]:
        """Yield (type, start, end) of each item between two offsets.

        Raises:
            WireError: an item goes beyond ``end``, or there are more than ``MAX_ITEMS`` in all.
        """
        for found in split(self.data, start, end, field):
            self._count += 1
            if self._count > MAX_ITEMS:
                raise WireError(field, found[1], f"more than {MAX_ITEMS} items in all")
            yield found


def split(data: bytes, start: int, end: int, field: str) -> Iterator[tuple[int, int, int]]:
    """Yield (type, start, end) of each item between two offsets.

    Raises:
        WireError: an item goes beyond ``end``.
    """
    while start < end:
        if end - start < _HEADER.size:
            raise WireError(field, start, "item header is cut short")
        kind, length = _HEADER.unpack_from(data, start)
        start += _HEADER.size
        if length > end - start:
            raise WireError(field, start, f"item 0x{kind:02X} of {length} bytes goes beyond the {end - start} left")
        yield kind, start, start + length
        start += length


def item(kind: int, value: bytes) -> bytes:
    """One encoded item."""
    return _HEADER.pack(kind, len(value)) + value


def text(value: bytes) -> str:
    """A text field up to its padding with NUL. A blank is not padding: it makes another UID, as for storescp."""
    return value.split(b"\0", 1)[0].decode("latin-1")


def uid(data: bytes, start: int, end: int, field: str) -> str:
    """A UID field of an item (storescp facts 4.1)."""
    if end - start > MAX_UID_LENGTH:
        raise WireError(field, start, f"UID of {end - start} characters, at most {MAX_UID_LENGTH} are allowed")
    return text(data[start:end])


def proposed_context(items: Items, start: int, end: int) -> ProposedContext:
    """Decode the value of a presentation context item of a request."""
    field, data = "presentation context", items.data
    if end - start < _U32.size:
        raise WireError(field, start, "shorter than its four fixed bytes")
    abstract_syntax = ""
    transfer_syntaxes: list[str] = []
    for kind, first, last in items.between(start + 4, end, field):
        if kind == ItemType.ABSTRACT_SYNTAX:
            abstract_syntax = uid(data, first, last, "abstract syntax")
        elif kind == ItemType.TRANSFER_SYNTAX:
            transfer_syntaxes.append(uid(data, first, last, "transfer syntax"))
            if len(transfer_syntaxes) > MAX_CONTEXT_TRANSFER_SYNTAXES:
                raise WireError(field, start, f"more than {MAX_CONTEXT_TRANSFER_SYNTAXES} transfer syntaxes")
    return ProposedContext(data[start], abstract_syntax, tuple(transfer_syntaxes))


def answered_context(data: bytes, start: int, end: int) -> AnsweredContext:
    """Decode the value of a presentation context item of an acceptance."""
    field = "presentation context"
    if end - start < _U32.size:
        raise WireError(field, start, "shorter than its four fixed bytes")
    try:
        result = ContextResult(data[start + 2])
    except ValueError:
        raise WireError(field, start + 2, f"unknown result {data[start + 2]}") from None
    syntax = ""
    for kind, first, last in split(data, start + 4, end, field):
        if kind == ItemType.TRANSFER_SYNTAX:
            syntax = uid(data, first, last, "transfer syntax")
    return AnsweredContext(data[start], result, syntax)


def encode_proposed_context(context: ProposedContext) -> bytes:
    """Presentation context item of a request."""
    value = bytes((context.context_id, 0, 0, 0)) + item(
        ItemType.ABSTRACT_SYNTAX, context.abstract_syntax.encode("latin-1")
    )
    syntaxes = [item(ItemType.TRANSFER_SYNTAX, name.encode("latin-1")) for name in context.transfer_syntaxes]
    return item(ItemType.PRESENTATION_CONTEXT_RQ, value + b"".join(syntaxes))


def encode_answered_context(context: AnsweredContext) -> bytes:
    """Presentation context item of an acceptance."""
    syntax = item(ItemType.TRANSFER_SYNTAX, context.transfer_syntax.encode("latin-1"))
    return item(ItemType.PRESENTATION_CONTEXT_AC, bytes((context.context_id, 0, context.result, 0)) + syntax)


class Fields:
    """Reads the counted fields of a sub-item one after another."""

    def __init__(self, data: bytes, start: int, end: int, field: str) -> None:
        self._data = data
        self._position = start
        self._end = end
        self._field = field

    def _take(self, length: int) -> int:
        start = self._position
        if length > self._end - start:
            raise WireError(self._field, start, f"{length} bytes wanted, {self._end - start} left")
        self._position = start + length
        return start

    def u8(self) -> int:
        """One byte."""
        return self._data[self._take(1)]

    def u16(self) -> int:
        """Two bytes, big endian."""
        return int(_U16.unpack_from(self._data, self._take(2))[0])

    def u32(self) -> int:
        """Four bytes, big endian."""
        return int(_U32.unpack_from(self._data, self._take(4))[0])

    def counted(self) -> bytes:
        """A length of two bytes and as many bytes."""
        length = self.u16()
        start = self._take(length)
        return self._data[start : start + length]

    def counted_uid(self) -> str:
        """A length of two bytes and a UID, which names no class that we know when it is too long (as for storescp)."""
        return text(self.counted())

    def rest(self) -> bytes:
        """All that is left."""
        start = self._take(self._end - self._position)
        return self._data[start : self._end]

    @property
    def empty(self) -> bool:
        """Nothing is left."""
        return self._position == self._end


def counted(value: bytes) -> bytes:
    """A length of two bytes and the value."""
    return _U16.pack(len(value)) + value
