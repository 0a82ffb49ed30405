"""The user information item and its sub-items (PS3.8 9.3.2.3 and annex D, PS3.7 annex D.3.3)."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from storescpd.wire.codes import ItemType
from storescpd.wire.errors import WireError
from storescpd.wire.items import (
    AsynchronousOperationsWindow,
    CommonExtendedNegotiation,
    ExtendedNegotiation,
    Fields,
    RoleSelection,
    UserIdentity,
    UserInformation,
    counted,
    item,
    split,
    text,
)


@dataclass(slots=True)
class _Found:
    """What was read so far; of a sub-item that may stand once, the last counts, as for storescp."""

    maximum_length: int | None = None
    implementation_class_uid: str = ""
    implementation_version_name: str = ""
    asynchronous_window: AsynchronousOperationsWindow | None = None
    user_identity: UserIdentity | None = None
    user_identity_response: bytes | None = None
    roles: list[RoleSelection] = field(default_factory=list)
    extended: list[ExtendedNegotiation] = field(default_factory=list)
    common_extended: list[CommonExtendedNegotiation] = field(default_factory=list)


def _maximum_length(found: _Found, fields: Fields) -> None:
    found.maximum_length = fields.u32()


def _implementation_class_uid(found: _Found, fields: Fields) -> None:
    found.implementation_class_uid = text(fields.rest())


def _implementation_version_name(found: _Found, fields: Fields) -> None:
    found.implementation_version_name = text(fields.rest()).strip(" ")


def _asynchronous_window(found: _Found, fields: Fields) -> None:
    found.asynchronous_window = AsynchronousOperationsWindow(fields.u16(), fields.u16())


def _user_identity(found: _Found, fields: Fields) -> None:
    found.user_identity = UserIdentity(fields.u8(), fields.u8() != 0, fields.counted(), fields.counted())


def _user_identity_response(found: _Found, fields: Fields) -> None:
    found.user_identity_response = fields.counted()


def _role(found: _Found, fields: Fields) -> None:
    sop_class = fields.counted_uid()
    found.roles.append(RoleSelection(sop_class, scu=fields.u8() != 0, scp=fields.u8() != 0))


def _extended(found: _Found, fields: Fields) -> None:
    found.extended.append(ExtendedNegotiation(fields.counted_uid(), fields.rest()))


def _common_extended(found: _Found, fields: Fields) -> None:
    sop_class = fields.counted_uid()
    service_class = fields.counted_uid()
    related: list[str] = []
    if not fields.empty:
        fields.u16()
        while not fields.empty:
            related.append(fields.counted_uid())
    found.common_extended.append(CommonExtendedNegotiation(sop_class, service_class, tuple(related)))


_CUT_SHORT_REFUSED = frozenset((ItemType.ROLE_SELECTION, ItemType.EXTENDED_NEGOTIATION, ItemType.USER_IDENTITY_RQ))
"""storescp does not answer a request in which one of these is cut short; the length of the others it ignores, and so do
we, because a Storage SCP can do without what they say."""

_READERS: Mapping[int, Callable[[_Found, Fields], None]] = MappingProxyType(
    {
        ItemType.MAXIMUM_LENGTH: _maximum_length,
        ItemType.IMPLEMENTATION_CLASS_UID: _implementation_class_uid,
        ItemType.IMPLEMENTATION_VERSION_NAME: _implementation_version_name,
        ItemType.ASYNCHRONOUS_OPERATIONS_WINDOW: _asynchronous_window,
        ItemType.USER_IDENTITY_RQ: _user_identity,
        ItemType.USER_IDENTITY_AC: _user_identity_response,
        ItemType.ROLE_SELECTION: _role,
        ItemType.EXTENDED_NEGOTIATION: _extended,
        ItemType.COMMON_EXTENDED_NEGOTIATION: _common_extended,
    }
)


def _sub_items(data: bytes, places: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int, int]]:
    for start, end in places:
        yield from split(data, start, end, "user information")


def decode(data: bytes, places: Iterable[tuple[int, int]]) -> UserInformation:
    """Decode the values of all user information items together; unknown sub-items are skipped.

    Raises:
        WireError: a sub-item goes beyond its place, or is cut short and would have to be answered.
    """
    found = _Found()
    for kind, first, last in _sub_items(data, places):
        read = _READERS.get(kind)
        if read is None:
            continue
        try:
            read(found, Fields(data, first, last, f"user information sub-item 0x{kind:02X}"))
        except WireError:
            if kind in _CUT_SHORT_REFUSED:
                raise
    return UserInformation(
        maximum_length=found.maximum_length,
        implementation_class_uid=found.implementation_class_uid,
        implementation_version_name=found.implementation_version_name,
        asynchronous_window=found.asynchronous_window,
        roles=tuple(found.roles),
        extended=tuple(found.extended),
        common_extended=tuple(found.common_extended),
        user_identity=found.user_identity,
        user_identity_response=found.user_identity_response,
    )


def _encode_common_extended(negotiation: CommonExtendedNegotiation) -> bytes:
    related = b"".join([counted(name.encode("latin-1")) for name in negotiation.related_general_sop_classes])
    return item(
        ItemType.COMMON_EXTENDED_NEGOTIATION,
        counted(negotiation.sop_class.encode("latin-1"))
        + counted(negotiation.service_class.encode("latin-1"))
        + counted(related),
    )


def _encode_role(role: RoleSelection) -> bytes:
    return item(ItemType.ROLE_SELECTION, counted(role.sop_class.encode("latin-1")) + bytes((role.scu, role.scp)))


def _encode_extended(negotiation: ExtendedNegotiation) -> bytes:
    return item(
        ItemType.EXTENDED_NEGOTIATION, counted(negotiation.sop_class.encode("latin-1")) + negotiation.information
    )


def _encode_identity(identity: UserIdentity) -> bytes:
    head = bytes((identity.identity_type, identity.response_requested))
    return item(ItemType.USER_IDENTITY_RQ, head + counted(identity.primary) + counted(identity.secondary))


def encode(information: UserInformation) -> bytes:
    """The user information item, its sub-items in ascending order of their types."""
    parts: list[bytes] = []
    if information.maximum_length is not None:
        parts.append(item(ItemType.MAXIMUM_LENGTH, information.maximum_length.to_bytes(4, "big")))
    if information.implementation_class_uid:
        parts.append(item(ItemType.IMPLEMENTATION_CLASS_UID, information.implementation_class_uid.encode("latin-1")))
    if information.asynchronous_window is not None:
        window = information.asynchronous_window
        value = window.invoked.to_bytes(2, "big") + window.performed.to_bytes(2, "big")
        parts.append(item(ItemType.ASYNCHRONOUS_OPERATIONS_WINDOW, value))
    parts.extend(map(_encode_role, information.roles))
    if information.implementation_version_name:
        name = information.implementation_version_name.encode("latin-1")
        parts.append(item(ItemType.IMPLEMENTATION_VERSION_NAME, name))
    parts.extend(map(_encode_extended, information.extended))
    parts.extend(map(_encode_common_extended, information.common_extended))
    if information.user_identity is not None:
        parts.append(_encode_identity(information.user_identity))
    if information.user_identity_response is not None:
        parts.append(item(ItemType.USER_IDENTITY_AC, counted(information.user_identity_response)))
    return item(ItemType.USER_INFORMATION, b"".join(parts))
