"""The PDUs that the tests of this folder and the recorded conversations send, byte for byte."""

import struct

from tests.support.rawclient import (
    APPLICATION_CONTEXT,
    DATA,
    RELEASE_RQ,
    VERIFICATION,
    associate_request,
    command_set,
    echo_request,
    element,
    item,
    pdu,
    store_request,
    uid,
    us,
    user_information,
)

CT = "1.2.840.10008.5.1.4.1.1.2"
MR = "1.2.840.10008.5.1.4.1.1.4"
UNKNOWN = "1.2.3"
IMPLICIT = "1.2.840.10008.1.2"
EXPLICIT = "1.2.840.10008.1.2.1"
BIG = "1.2.840.10008.1.2.2"
JPEG = "1.2.840.10008.1.2.4.50"
INSTANCE = "1.2.3.4.5"

APPLICATION = item(0x10, APPLICATION_CONTEXT.encode())
INFORMATION = user_information(16384)

RELEASE = pdu(RELEASE_RQ, bytes(4))
RELEASED = b"\x06\x00\x00\x00\x00\x04\x00\x00\x00\x00"
USER_ABORT = b"\x07\x00\x00\x00\x00\x04\x00\x00\x00\x00"
PROVIDER_ABORT = b"\x07\x00\x00\x00\x00\x04\x00\x00\x02\x02"


def context(number: int, abstract: str | bytes, *syntaxes: str | bytes) -> bytes:
    """A proposed presentation context; text that is no ASCII goes in as bytes."""

    def value(text: str | bytes) -> bytes:
        return text if isinstance(text, bytes) else text.encode()

    inner = item(0x30, value(abstract)) + b"".join(item(0x40, value(one)) for one in syntaxes)
    return item(0x20, bytes((number, 0, 0, 0)) + inner)


def request(*items: bytes, version: int = 1, called: bytes = b"STORE", calling: bytes = b"SCU") -> bytes:
    """An A-ASSOCIATE-RQ of these items."""
    titles = called.ljust(16) + calling.ljust(16)
    return pdu(1, struct.pack(">H2x", version) + titles + bytes(32) + b"".join(items))


def proposing(*contexts: bytes, **fields) -> bytes:
    """A request that is usual but for its contexts."""
    return request(APPLICATION, *contexts, INFORMATION, **fields)


STANDARD = associate_request([(1, CT, (IMPLICIT,)), (3, VERIFICATION, (IMPLICIT,)), (5, MR, (EXPLICIT,))])
"""Three contexts that are all accepted."""

Value = tuple[int, int, bytes]
"""Context id, message control header, value."""


def data(*values: Value) -> bytes:
    """A P-DATA-TF of these PDVs."""
    return pdu(
        DATA,
        b"".join(struct.pack(">IBB", len(value) + 2, number, control) + value for number, control, value in values),
    )


COMMAND, LAST = 1, 2

DATA_SET = element(0x0008_0016, uid(CT)) + element(0x0008_0018, uid(INSTANCE)) + element(0x0020_000D, uid("1.2.3.4"))
"""A data set in implicit little endian with nothing but UIDs."""

STORE = store_request(CT, INSTANCE, 7)
ECHO = echo_request(9)
STORE_ELEMENTS = {
    0x0002: uid(CT),
    0x0100: us(0x0001),
    0x0110: us(7),
    0x0700: us(0),
    0x0800: us(0x0001),
    0x1000: uid(INSTANCE),
}
ECHO_ELEMENTS = {0x0002: uid(VERIFICATION), 0x0100: us(0x0030), 0x0110: us(9), 0x0800: us(0x0101)}


def changed(elements: dict[int, bytes], changes: dict[int, bytes | None]) -> bytes:
    """A command set with some elements replaced, or left out where the value is `None`."""
    merged = {**elements, **changes}
    return command_set({number: value for number, value in merged.items() if value is not None})


def stored(command: bytes = STORE, data_set: bytes = DATA_SET, number: int = 1) -> bytes:
    """Command and data set in a PDU each."""
    return data((number, COMMAND | LAST, command)) + data((number, LAST, data_set))


def echoed(command: bytes = ECHO, number: int = 3) -> bytes:
    """A C-ECHO-RQ in one PDU."""
    return data((number, COMMAND | LAST, command))


def header(kind: int, length: int) -> bytes:
    """A PDU header without what it announces."""
    return struct.pack(">BxI", kind, length)
