"""Command sets: bytes written down from PS3.7 annex E, and messages of pynetdicom in both directions."""

import struct
from io import BytesIO

import pytest
from pydicom.uid import UID
from pynetdicom import dimse_primitives, pdu_primitives
from pynetdicom.dimse_messages import C_CANCEL_RQ, C_ECHO_RQ, C_FIND_RQ, C_STORE_RQ, DIMSEMessage

from storescpd.wire import command
from storescpd.wire.command import CEchoRQ, CEchoRSP, CStoreRQ, CStoreRSP, UnsupportedCommand
from storescpd.wire.errors import WireError

CT = "1.2.840.10008.5.1.4.1.1.2"
VERIFICATION = "1.2.840.10008.1.1"

STORE = {
    0x0002: b"1.2.840.10008.5.1.4.1.1.2\0",
    0x0100: b"\x01\x00",
    0x0110: b"\x07\x00",
    0x0700: b"\x02\x00",
    0x0800: b"\x01\x00",
    0x1000: b"1.2.3.4.5\0",
}
ECHO = {0x0002: b"1.2.840.10008.1.1\0", 0x0100: b"\x30\x00", 0x0110: b"\xff\xff", 0x0800: b"\x01\x01"}


def element(number: int, value: bytes, group: int = 0) -> bytes:
    """An element: group, number, length of four bytes, all little endian, and the value."""
    return struct.pack("<HHI", group, number, len(value)) + value


def message(elements: dict[int, bytes], *without: int, tail: bytes = b"", **changed: bytes) -> bytes:
    """A command set; `x0110=...` replaces an element."""
    changes = {int(name[1:], 16): value for name, value in changed.items()}
    kept = {number: value for number, value in {**elements, **changes}.items() if number not in without}
    body = b"".join(element(number, value) for number, value in sorted(kept.items()))
    return element(0, struct.pack("<I", len(body))) + body + tail


STORED = CStoreRQ(7, CT, "1.2.3.4.5", priority=2)
ECHOED = CEchoRQ(65535, VERIFICATION)

# What storescp accepts (each row was asked of 3.6.7), and what it understands.
ACCEPTED = {
    "C-STORE-RQ": (message(STORE), STORED),
    "C-ECHO-RQ": (message(ECHO), ECHOED),
    "without a group length": (message(STORE)[12:], STORED),
    "with a group length that is wrong": (element(0, b"\x04\0\0\0") + message(STORE)[12:], STORED),
    "with the retired group length to end": (message(STORE, x0001=b"\x04\0\0\0"), STORED),
    "with a move originator": (message(STORE, x1030=b"MOVER ", x1031=b"\3\0"), STORED),
    "with an unknown element": (message(STORE, x4321=b"abcd"), STORED),
    "in descending order": (b"".join(element(number, STORE[number]) for number in sorted(STORE, reverse=True)), STORED),
    "an element twice": (message(STORE, tail=element(0x0110, b"\x08\x00")), STORED),
    "with an element of another group": (message(STORE, tail=element(0x0016, b"1.2\0", group=8)), STORED),
    "with a rest too short for an element": (message(STORE, tail=bytes(6)), STORED),
    "with an element of another group first": (element(0x0110, b"\x63\0", group=8) + message(STORE), STORED),
    "with a rest as long as a header": (message(STORE, tail=b"1.2.3.4."), STORED),
    "with a header and no value": (message(STORE, tail=struct.pack("<HHI", 0, 0x1030, 10)), STORED),
    "data set type 0000": (message(STORE, x0800=b"\0\0"), STORED),
    "data set type 0102": (message(STORE, x0800=b"\2\1"), STORED),
    "data set type FFFE": (message(STORE, x0800=b"\xfe\xff"), STORED),
    "unknown priority": (message(STORE, x0700=b"\x4d\0"), CStoreRQ(7, CT, "1.2.3.4.5", priority=77)),
    "two message ids": (message(STORE, x0110=b"\7\0\x08\0"), STORED),
    "message id 0": (message(STORE, x0110=b"\0\0"), CStoreRQ(0, CT, "1.2.3.4.5", priority=2)),
    "UID without padding": (message(STORE, x1000=b"1.2.3.4.5"), STORED),
    "UID with much NUL": (message(STORE, x1000=b"1.2.3.4.5" + bytes(71)), STORED),
    "UID with text behind a NUL": (message(STORE, x1000=b"1.2.3.4.5\0.6.7.8"), STORED),
    "UID with blanks": (
        message(STORE, x1000=b" 1.2. 3.4.5  "),
        CStoreRQ(7, CT, "1.2.3.4.5", priority=2, blanks_removed=True),
    ),
    "UID with white space of ASCII": (
        message(STORE, x1000=b"1.2\t.3\r\n.4\x0b\x0c.5"),
        CStoreRQ(7, CT, "1.2.3.4.5", priority=2, blanks_removed=True),
    ),
    "UID with white space of others": (
        message(STORE, x1000=b"1.2\x1c\x85\xa03"),
        CStoreRQ(7, CT, "1.2\x1c\x85\xa03", priority=2),
    ),
    "UID that is none": (message(STORE, x1000=b"hello/../x"), CStoreRQ(7, CT, "hello/../x", priority=2)),
    "UID of 64 characters and blanks": (
        message(STORE, x1000=b"1." + b"2" * 62 + b"  "),
        CStoreRQ(7, CT, "1." + "2" * 62, priority=2, blanks_removed=True),
    ),
    "empty SOP class": (message(STORE, x0002=b""), CStoreRQ(7, "", "1.2.3.4.5", priority=2)),
    "echo with an empty SOP class": (message(ECHO, x0002=b""), CEchoRQ(65535, "")),
    "echo with another SOP class": (message(ECHO, x0002=b"1.2.3\0"), CEchoRQ(65535, "1.2.3")),
    "C-FIND-RQ": (message(ECHO, x0100=b"\x20\0"), UnsupportedCommand(0x20)),
    "C-STORE-RSP": (message(STORE, x0100=b"\1\x80"), UnsupportedCommand(0x8001)),
    "unknown command field": (message({0x0100: b"\x77\x77"}), UnsupportedCommand(0x7777)),
}

REFUSED = {
    "nothing": b"",
    "one byte": b"\0",
    **{f"C-STORE-RQ without {number:04X}": message(STORE, number) for number in STORE},
    **{f"C-ECHO-RQ without {number:04X}": message(ECHO, number) for number in ECHO},
    **{f"C-STORE-RQ with an empty {number:04X}": message({**STORE, number: b""}) for number in STORE if number != 2},
    "C-STORE-RQ without a data set": message(STORE, x0800=b"\1\1"),
    "C-ECHO-RQ with a data set": message(ECHO, x0800=b"\1\0"),
    "blank instance": message(STORE, x1000=b"  "),
    "instance that begins with NUL": message(STORE, x1000=b"\0001.2.3"),
    "instance of 65 characters": message(STORE, x1000=b"1." + b"2" * 63),
    "SOP class of 65 characters": message(STORE, x0002=b"1." + b"2" * 63),
    "element beyond the end": message(STORE, tail=struct.pack("<HHI", 0, 0x1030, 10) + b"ab"),
    "element of another group beyond the end": message(STORE, tail=struct.pack("<HHI", 8, 0x16, 10) + b"ab"),
    "rest longer than a header": message(STORE, tail=b"1.2.3.4.5."),
    "element of undefined length": message(STORE, tail=struct.pack("<HHI", 0, 0x1030, 0xFFFFFFFF) + b"ab"),
    "big endian": b"\0\0\0\0\0\0\0\4\0\0\0\x42",
    "too many elements": message(STORE, **{f"x{0x4000 + number:04x}": b"ab" for number in range(100)}),
}


@pytest.mark.parametrize("name", ACCEPTED)
def test_requests_are_read(name):
    raw, expected = ACCEPTED[name]
    assert command.decode(raw) == expected


@pytest.mark.parametrize("name", REFUSED)
def test_unusable_requests_raise_what_is_declared(name):
    with pytest.raises(WireError):
        command.decode(REFUSED[name])


C_STORE_RSP = (
    b"\0\0\0\0\4\0\0\0\x5c\0\0\0"  # group length 92 = 34 + 10 * 4 + 18
    b"\0\0\2\0\x1a\0\0\0" + b"1.2.840.10008.5.1.4.1.1.2\0"  # 8 + 26
    b"\0\0\0\1\2\0\0\0\1\x80"
    b"\0\0\x20\1\2\0\0\0\7\0"
    b"\0\0\0\x08\2\0\0\0\1\1"
    b"\0\0\0\x09\2\0\0\0\0\xa9"
    b"\0\0\0\x10\x0a\0\0\0" + b"1.2.3.4.5\0"  # 8 + 10
)
C_ECHO_RSP = (
    b"\0\0\0\0\4\0\0\0\x42\0\0\0"  # 66 = 26 + 10 * 4
    b"\0\0\2\0\x12\0\0\0" + b"1.2.840.10008.1.1\0"
    b"\0\0\0\1\2\0\0\0\x30\x80"
    b"\0\0\x20\1\2\0\0\0\xff\xff"
    b"\0\0\0\x08\2\0\0\0\1\1"
    b"\0\0\0\x09\2\0\0\0\0\0"
)


def test_responses_are_written_as_the_standard_writes_them():
    assert command.encode(CStoreRSP(7, CT, "1.2.3.4.5", 0xA900)) == C_STORE_RSP
    assert command.encode(CEchoRSP(65535, VERIFICATION)) == C_ECHO_RSP


def test_an_empty_sop_class_is_answered_empty():
    raw = command.encode(CStoreRSP(7, "", "1.2.3.4", 0))
    assert raw[:20] == b"\0\0\0\0\4\0\0\0\x40\0\0\0" + b"\0\0\2\0\0\0\0\0"


def written(kind: type, primitive: object) -> bytes:
    """The command set of a request as pynetdicom writes it, in one piece."""
    whole = kind()
    whole.primitive_to_message(primitive)
    values = next(whole.encode_msg(1, 16382)).presentation_data_value_list
    return b"".join(value[1:] for _, value in values if value[0] & 1)


def test_we_read_what_pynetdicom_stores():
    primitive = dimse_primitives.C_STORE()
    primitive.MessageID, primitive.Priority = 4711, 1
    primitive.AffectedSOPClassUID, primitive.AffectedSOPInstanceUID = UID(CT), UID("1.2.3.45")
    primitive.MoveOriginatorApplicationEntityTitle, primitive.MoveOriginatorMessageID = "MOVER", 5
    primitive.DataSet = BytesIO(b"ab")
    assert command.decode(written(C_STORE_RQ, primitive)) == CStoreRQ(4711, CT, "1.2.3.45", priority=1)


def test_we_read_what_pynetdicom_echoes():
    primitive = dimse_primitives.C_ECHO()
    primitive.MessageID, primitive.AffectedSOPClassUID = 9, UID(VERIFICATION)
    assert command.decode(written(C_ECHO_RQ, primitive)) == CEchoRQ(9, VERIFICATION)


def test_we_know_what_pynetdicom_asks_that_is_not_for_us():
    find = dimse_primitives.C_FIND()
    find.MessageID, find.Priority, find.Identifier = 1, 0, BytesIO(b"ab")
    find.AffectedSOPClassUID = UID("1.2.840.10008.5.1.4.1.2.1.1")
    cancel = dimse_primitives.C_CANCEL()
    cancel.MessageIDBeingRespondedTo = 1
    assert command.decode(written(C_FIND_RQ, find)) == UnsupportedCommand(0x0020)
    assert command.decode(written(C_CANCEL_RQ, cancel)) == UnsupportedCommand(0x0FFF)


def understood(raw: bytes) -> object:
    """What pynetdicom reads in a response."""
    primitive = pdu_primitives.P_DATA()
    primitive.presentation_data_value_list = [[1, b"\x03" + raw]]
    whole = DIMSEMessage()
    assert whole.decode_msg(primitive)
    return whole.message_to_primitive()


@pytest.mark.parametrize("status", [0x0000, 0xA700, 0xA900, 0xC000, 0xC100])
def test_pynetdicom_reads_our_store_response(status):
    found = understood(command.encode(CStoreRSP(4711, CT, "1.2.3.45", status)))
    assert isinstance(found, dimse_primitives.C_STORE)
    assert (found.MessageIDBeingRespondedTo, found.Status) == (4711, status)
    assert (found.AffectedSOPClassUID, found.AffectedSOPInstanceUID) == (CT, "1.2.3.45")


def test_pynetdicom_reads_our_echo_response():
    found = understood(command.encode(CEchoRSP(9, VERIFICATION)))
    assert isinstance(found, dimse_primitives.C_ECHO)
    assert (found.MessageIDBeingRespondedTo, found.Status, found.AffectedSOPClassUID) == (9, 0, VERIFICATION)
