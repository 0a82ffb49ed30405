"""The user information item and its sub-items (PS3.8 9.3.2.3 and annex D, PS3.7 annex D.3.3)."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Final

from storescpd.wire.codes import ItemType
from storescpd.wire.errors import WireError
from storescpd.wire.items import MAX_SUB_ITEMS_OF_A_TYPE, Fields, Items, UserInformation, item, text

if TYPE_CHECKING:
    from storescpd.wire.sub_items import (
        AsynchronousOperationsWindow,
        CommonExtendedNegotiation,
        ExtendedNegotiation,
        RoleSelection,
        UserIdentity,
    )


class Found:
    """What was read so far; of a sub-item that may stand once, the last counts, as for storescp."""

    def __init__(self) -> None:
        self.maximum_length: int | None = None
        self.implementation_class_uid = ""
        self.implementation_version_name = ""
        self.asynchronous_window: AsynchronousOperationsWindow | None = None
        self.user_identity: UserIdentity | None = None
        self.user_identity_response: bytes | None = None
        self.roles: list[RoleSelection] = []
        self.extended: list[ExtendedNegotiation] = []
        self.common_extended: list[CommonExtendedNegotiation] = []


def _maximum_length(found: Found, fields: Fields) -> None:
    found.maximum_length = fields.u32()


def _implementation_class_uid(found: Found, fields: Fields) -> None:
    found.implementation_class_uid = text(fields.rest())


def _implementation_version_name(found: Found, fields: Fields) -> None:
    found.implementation_version_name = text(fields.rest()).strip(" ")


_CUT_SHORT_REFUSED: Final = frozenset(
    (ItemType.ROLE_SELECTION, ItemType.EXTENDED_NEGOTIATION, ItemType.USER_IDENTITY_RQ)
)
"""storescp does not answer a request in which one of these is cut short; the length of the others it ignores, and so do
we, because a Storage SCP can do without what they say."""

_USUAL: Mapping[int, Callable[[Found, Fields], None]] = {
    ItemType.MAXIMUM_LENGTH: _maximum_length,
    ItemType.IMPLEMENTATION_CLASS_UID: _implementation_class_uid,
    ItemType.IMPLEMENTATION_VERSION_NAME: _implementation_version_name,
}
"""What every peer sends."""


def _reader(kind: int) -> Callable[[Found, Fields], None] | None:
    usual = _USUAL.get(kind)
    if usual is not None:
        return usual
    from storescpd.wire.sub_items import READERS  # noqa: PLC0415 - few peers send more

    return READERS.get(kind)


def _sub_items(items: Items, places: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int, int]]:
    for start, end in places:
        yield from items.between(start, end, "user information")


def decode(items: Items, places: Iterable[tuple[int, int]]) -> UserInformation:
    """Decode the values of all user information items together; unknown sub-items are skipped.

    Raises:
        WireError: a sub-item goes beyond its place, is cut short and would have to be answered, or comes too often.
    """
    found = Found()
    counts: dict[int, int] = {}
    for kind, first, last in _sub_items(items, places):
        read = _reader(kind)
        if read is None:
            continue
        field = f"user information sub-item 0x{kind:02X}"
        counts[kind] = counts.get(kind, 0) + 1
        if counts[kind] > MAX_SUB_ITEMS_OF_A_TYPE:
            raise WireError(field, first, f"more than {MAX_SUB_ITEMS_OF_A_TYPE} of them")
        try:
            read(found, Fields(items.data, first, last, field))
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


def encode(information: UserInformation) -> bytes:
    """The user information item, its sub-items in ascending order of their types."""
    parts: list[bytes] = []
    if information.maximum_length is not None:
        parts.append(item(ItemType.MAXIMUM_LENGTH, information.maximum_length.to_bytes(4, "big")))
    if information.implementation_class_uid:
        parts.append(item(ItemType.IMPLEMENTATION_CLASS_UID, information.implementation_class_uid.encode("latin-1")))
    if information.implementation_version_name:
        name = information.implementation_version_name.encode("latin-1")
        parts.append(item(ItemType.IMPLEMENTATION_VERSION_NAME, name))
    if _has_more(information):
        from storescpd.wire.sub_items import encoded  # noqa: PLC0415 - as few get more

        parts = sorted([*parts, *encoded(information)], key=_type)
    return item(ItemType.USER_INFORMATION, b"".join(parts))


def _has_more(information: UserInformation) -> bool:
    """Whether there are sub-items of those in ``sub_items``."""
    several = information.roles or information.extended or information.common_extended
    single = (information.asynchronous_window, information.user_identity, information.user_identity_response)
    return bool(several) or any(one is not None for one in single)


def _type(sub_item: bytes) -> int:
    return sub_item[0]
