"""The sub-items of user information that few peers send (PS3.7 annex D.3.3.3 to D.3.3.7), decoded and encoded."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from storescpd.wire.codes import ItemType
from storescpd.wire.errors import WireError
from storescpd.wire.items import MAX_SUB_ITEMS_OF_A_TYPE, Fields, UserInformation, counted, item

if TYPE_CHECKING:
    from storescpd.wire.user_information import Found


@dataclass(frozen=True, slots=True)
class RoleSelection:
    """SCP/SCU role selection (PS3.7 D.3.3.4)."""

    sop_class: str
    scu: bool
    scp: bool


@dataclass(frozen=True, slots=True)
class AsynchronousOperationsWindow:
    """Asynchronous operations window (PS3.7 D.3.3.3); 0 is unlimited."""

    invoked: int
    performed: int


@dataclass(frozen=True, slots=True)
class ExtendedNegotiation:
    """SOP class extended negotiation (PS3.7 D.3.3.5)."""

    sop_class: str
    information: bytes


@dataclass(frozen=True, slots=True)
class CommonExtendedNegotiation:
    """SOP class common extended negotiation (PS3.7 D.3.3.6)."""

    sop_class: str
    service_class: str
    related_general_sop_classes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class UserIdentity:
    """User identity of a request (PS3.7 D.3.3.7.1)."""

    identity_type: int
    response_requested: bool
    primary: bytes
    secondary: bytes = b""


def _asynchronous_window(found: "Found", fields: Fields) -> None:
    found.asynchronous_window = AsynchronousOperationsWindow(fields.u16(), fields.u16())


def _user_identity(found: "Found", fields: Fields) -> None:
    found.user_identity = UserIdentity(fields.u8(), fields.u8() != 0, fields.counted(), fields.counted())


def _user_identity_response(found: "Found", fields: Fields) -> None:
    found.user_identity_response = fields.counted()


def _role(found: "Found", fields: Fields) -> None:
    sop_class = fields.counted_uid()
    found.roles.append(RoleSelection(sop_class, scu=fields.u8() != 0, scp=fields.u8() != 0))


def _extended(found: "Found", fields: Fields) -> None:
    found.extended.append(ExtendedNegotiation(fields.counted_uid(), fields.rest()))


def _common_extended(found: "Found", fields: Fields) -> None:
    sop_class = fields.counted_uid()
    service_class = fields.counted_uid()
    related: list[str] = []
    if not fields.empty:
        fields.u16()
        while not fields.empty:
            if len(related) == MAX_SUB_ITEMS_OF_A_TYPE:
                # As any of these that makes no sense it is passed over: a Storage SCP does without.
                raise WireError("related general SOP classes", 0, f"more than {MAX_SUB_ITEMS_OF_A_TYPE}")
            related.append(fields.counted_uid())
    found.common_extended.append(CommonExtendedNegotiation(sop_class, service_class, tuple(related)))


READERS: Mapping[int, "Callable[[Found, Fields], None]"] = MappingProxyType(
    {
        ItemType.ASYNCHRONOUS_OPERATIONS_WINDOW: _asynchronous_window,
        ItemType.USER_IDENTITY_RQ: _user_identity,
        ItemType.USER_IDENTITY_AC: _user_identity_response,
        ItemType.ROLE_SELECTION: _role,
        ItemType.EXTENDED_NEGOTIATION: _extended,
        ItemType.COMMON_EXTENDED_NEGOTIATION: _common_extended,
    }
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


def encoded(information: UserInformation) -> Iterator[bytes]:
    """Those that are there."""
    window = information.asynchronous_window
    if window is not None:
        value = window.invoked.to_bytes(2, "big") + window.performed.to_bytes(2, "big")
        yield item(ItemType.ASYNCHRONOUS_OPERATIONS_WINDOW, value)
    yield from map(_encode_role, information.roles)
    yield from map(_encode_extended, information.extended)
    yield from map(_encode_common_extended, information.common_extended)
    if information.user_identity is not None:
        yield _encode_identity(information.user_identity)
    if information.user_identity_response is not None:
        yield item(ItemType.USER_IDENTITY_AC, counted(information.user_identity_response))
