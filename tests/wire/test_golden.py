"""Bytes of the standard to dataclasses and back."""

import pytest

from storescpd.wire import pdu, user_information
from storescpd.wire.codes import PduType
from storescpd.wire.errors import WireError
from storescpd.wire.items import Items, ProposedContext, UserInformation
from tests.wire.golden import (
    APPLICATION_CONTEXT_ITEM,
    CT,
    FIXED_RQ,
    IMPLICIT,
    PDUS,
    PROPOSED,
    PROPOSED_ITEM,
    SUB_ITEMS,
    WHOLE_INFORMATION_ITEM,
)


def decoded(raw: bytes) -> pdu.Pdu:
    """What one whole PDU says."""
    assert int.from_bytes(raw[2:6], "big") == len(raw) - 6
    return pdu.decode(PduType(raw[0]), raw[6:])


def request(*items: bytes) -> pdu.AssociateRQ:
    """An A-ASSOCIATE-RQ with these items."""
    found = pdu.decode(PduType.A_ASSOCIATE_RQ, FIXED_RQ + b"".join(items))
    assert isinstance(found, pdu.AssociateRQ)
    return found


@pytest.mark.parametrize("name", PDUS)
def test_pdus_are_read_as_the_standard_writes_them(name):
    raw, expected = PDUS[name]
    assert decoded(raw) == expected


@pytest.mark.parametrize("name", PDUS)
def test_pdus_are_written_as_the_standard_writes_them(name):
    raw, message = PDUS[name]
    assert pdu.encode(message) == raw


@pytest.mark.parametrize("name", SUB_ITEMS)
def test_sub_items(name):
    raw, expected = SUB_ITEMS[name]
    assert user_information.decode(Items(raw), [(0, len(raw))]) == expected
    assert user_information.encode(expected) == b"\x50\x00" + len(raw).to_bytes(2, "big") + raw


@pytest.mark.parametrize("kind", [PduType.A_ASSOCIATE_RQ, PduType.A_ASSOCIATE_AC])
@pytest.mark.parametrize("name", SUB_ITEMS)
def test_sub_items_inside_both_pdus(name, kind):
    raw, expected = SUB_ITEMS[name]
    item = b"\x50\x00" + len(raw).to_bytes(2, "big") + raw
    found = pdu.decode(kind, FIXED_RQ + APPLICATION_CONTEXT_ITEM + item)
    assert isinstance(found, pdu.AssociateRQ | pdu.AssociateAC)
    assert found.user_information == expected


# Sixteen bytes of a title field, and what is in them to whoever reads C strings, as storescp does.
TITLES = {
    "padded with blanks": (b"STORE           ", "STORE"),
    "padded with NUL": (b"STORE" + bytes(11), "STORE"),
    "blanks and then NUL": (b"STORE   " + bytes(8), "STORE"),
    "something behind a NUL": (b"STORE\0SECRET    ", "STORE"),
    "full": (b"SIXTEEN_LETTERS_", "SIXTEEN_LETTERS_"),
    "Latin-1": (b"R\xd6NTGEN         ", "RÖNTGEN"),
    "backslash": (b"A\\B             ", "A\\B"),
    "leading blanks": (b"  STORE         ", "  STORE"),
    "control characters": (b"A\tB\n            ", "A\tB\n"),
    "blank": (b" " * 16, ""),
    "NUL": (bytes(16), ""),
}


@pytest.mark.parametrize("name", TITLES)
def test_titles(name):
    field, text = TITLES[name]
    called = pdu.decode(PduType.A_ASSOCIATE_RQ, b"\0\1\0\0" + field + b"OTHER".ljust(16) + bytes(32))
    calling = pdu.decode(PduType.A_ASSOCIATE_RQ, b"\0\1\0\0" + b"OTHER".ljust(16) + field + bytes(32))
    assert (called.called_ae_title, called.calling_ae_title) == (text, "OTHER")
    assert (calling.called_ae_title, calling.calling_ae_title) == ("OTHER", text)


def test_titles_are_written_padded_with_blanks():
    raw = pdu.encode(pdu.AssociateAC("RÖNTGEN", "A\\B"))
    assert raw[10:26] == b"R\xd6NTGEN         "
    assert raw[26:42] == b"A\\B             "


@pytest.mark.parametrize("unknown", [b"\x60\x00\x00\x03abc", b"\x00\x00\x00\x00", b"\xff\x00\x00\x01\xff"])
@pytest.mark.parametrize("place", range(4))
def test_unknown_items_are_skipped(unknown, place):
    items = [APPLICATION_CONTEXT_ITEM, PROPOSED_ITEM, WHOLE_INFORMATION_ITEM]
    assert request(*items[:place], unknown, *items[place:]) == request(*items)


@pytest.mark.parametrize("unknown", [b"\x5b\x00\x00\x02xy", b"\x00\x00\x00\x00", b"\x10\x00\x00\x03abc"])
def test_unknown_sub_items_are_skipped(unknown):
    known = SUB_ITEMS["maximum length"][0], SUB_ITEMS["implementation version name"][0]
    for raw in (unknown + b"".join(known), unknown.join(known), b"".join(known) + unknown):
        assert user_information.decode(Items(raw), [(0, len(raw))]) == UserInformation(
            maximum_length=16384, implementation_version_name="VERSION_1"
        )


def test_unknown_items_inside_a_context_are_skipped():
    context = (
        b"\x20\x00\x00\x3b\x01\x00\x00\x00\x60\x00\x00\x01x"
        b"\x40\x00\x00\x11" + b"1.2.840.10008.1.2" + b"\x30\x00\x00\x19" + b"1.2.840.10008.5.1.4.1.1.2"
    )
    assert request(context).presentation_contexts == (ProposedContext(1, CT, (IMPLICIT,)),)


def test_reserved_bytes_are_not_looked_at():
    fixed = b"\0\1\xff\xff" + FIXED_RQ[4:36] + b"\xff" * 32
    item = PROPOSED_ITEM[:1] + b"\xff" + PROPOSED_ITEM[2:5] + b"\xff\xff\xff" + PROPOSED_ITEM[8:]
    found = pdu.decode(PduType.A_ASSOCIATE_RQ, fixed + b"\x10\xff" + APPLICATION_CONTEXT_ITEM[2:] + item)
    assert found == pdu.AssociateRQ("STORE", "SCU-1", presentation_contexts=(PROPOSED,))


# The value of a UID field in an item, and what it says: NUL is padding, a blank makes it another UID.
UIDS = {
    "even": (b"1.2.34", "1.2.34"),
    "odd": (b"1.2.3", "1.2.3"),
    "trailing NUL": (b"1.2.3\0", "1.2.3"),
    "several NUL": (b"1.2.3\0\0\0", "1.2.3"),
    "trailing blank": (b"1.2.3 ", "1.2.3 "),
    "leading blank": (b" 1.2.3", " 1.2.3"),
    "64 characters": (b"1." + b"2" * 62, "1." + "2" * 62),
    "empty": (b"", ""),
}


@pytest.mark.parametrize("name", UIDS)
def test_uids_of_items(name):
    value, expected = UIDS[name]
    length = len(value).to_bytes(2, "big")
    inner = b"\x01\x00\x00\x00\x30\x00" + length + value + b"\x40\x00" + length + value
    context = b"\x20\x00" + len(inner).to_bytes(2, "big") + inner
    found = request(b"\x10\x00" + length + value, context)
    assert found.application_context == expected
    assert found.presentation_contexts == (ProposedContext(1, expected, (expected,)),)


def test_the_last_of_several_items_counts():
    uids = b"\x52\x00\x00\x03" + b"1.1" + b"\x52\x00\x00\x03" + b"1.2"
    first = b"\x50\x00\x00\x16\x51\x00\x00\x04\x00\x00\x00\x1e" + uids
    second = b"\x50\x00\x00\x08\x51\x00\x00\x04\x00\x00\x40\x00"
    found = request(b"\x10\x00\x00\x031.9", first, second, APPLICATION_CONTEXT_ITEM)
    assert found.application_context == "1.2.840.10008.3.1.1.1"
    assert found.user_information == UserInformation(maximum_length=16384, implementation_class_uid="1.2")


# What storescp accepts although its length is wrong: it says nothing that a Storage SCP needs.
LENIENT = {
    "maximum length of two bytes": (b"\x51\x00\x00\x02\x40\x00", UserInformation()),
    "maximum length of no byte": (b"\x51\x00\x00\x00", UserInformation()),
    "maximum length of eight bytes": (
        b"\x51\x00\x00\x08\x00\x00\x00\x1e\x00\x00\x40\x00",
        UserInformation(maximum_length=30),
    ),
    "window of two bytes": (b"\x53\x00\x00\x02\x00\x01", UserInformation()),
    "common extended negotiation of garbage": (b"\x57\x00\x00\x02\xff\xff", UserInformation()),
    "response of a server in a request": (b"\x59\x00\x00\x01\xff", UserInformation()),
}


@pytest.mark.parametrize("name", LENIENT)
def test_sub_items_that_nobody_needs_may_be_broken(name):
    raw, expected = LENIENT[name]
    assert user_information.decode(Items(raw), [(0, len(raw))]) == expected


def test_a_role_for_a_class_that_cannot_be_is_kept():
    uid = b"1." + b"2" * 70
    raw = b"\x54\x00\x00\x4c\x00\x48" + uid + b"\x01\x00"
    (role,) = user_information.decode(Items(raw), [(0, len(raw))]).roles
    assert (role.sop_class, role.scu, role.scp) == (uid.decode(), True, False)


MALFORMED = {
    "A-ASSOCIATE-RQ empty": (1, b""),
    "A-ASSOCIATE-RQ one byte short of its fixed part": (1, FIXED_RQ[:-1]),
    "item header cut": (1, FIXED_RQ + b"\x10\x00\x00"),
    "item beyond the end": (1, FIXED_RQ + b"\x10\x00\x00\x05abcd"),
    "context of three bytes": (1, FIXED_RQ + b"\x20\x00\x00\x03\x01\x00\x00"),
    "context's item beyond its end": (1, FIXED_RQ + b"\x20\x00\x00\x09\x01\x00\x00\x00\x30\x00\x00\x02a" + b"b"),
    "abstract syntax of 65 characters": (1, FIXED_RQ + b"\x20\x00\x00\x49\x01\x00\x00\x00\x30\x00\x00\x41" + b"1" * 65),
    "transfer syntax of 65 characters": (1, FIXED_RQ + b"\x20\x00\x00\x49\x01\x00\x00\x00\x40\x00\x00\x41" + b"1" * 65),
    "129 transfer syntaxes": (1, FIXED_RQ + b"\x20\x00\x02\x89\x01\x00\x00\x00" + b"\x40\x00\x00\x011" * 129),
    "application context of 65 characters": (1, FIXED_RQ + b"\x10\x00\x00\x41" + b"1" * 65),
    "sub-item header cut": (1, FIXED_RQ + b"\x50\x00\x00\x03\x51\x00\x00"),
    "sub-item beyond its item": (1, FIXED_RQ + b"\x50\x00\x00\x04\x55\x00\x00\x01" + b"x"),
    "role without its second byte": (1, FIXED_RQ + b"\x50\x00\x00\x08\x54\x00\x00\x04\x00\x011\x01"),
    "role's UID beyond its end": (1, FIXED_RQ + b"\x50\x00\x00\x08\x54\x00\x00\x04\x00\x05\x31\x01"),
    "extended negotiation of one byte": (1, FIXED_RQ + b"\x50\x00\x00\x05\x56\x00\x00\x01\x00"),
    "identity without a second field": (1, FIXED_RQ + b"\x50\x00\x00\x09\x58\x00\x00\x05\x01\x00\x00\x01a"),
    "identity's field beyond its end": (1, FIXED_RQ + b"\x50\x00\x00\x0a\x58\x00\x00\x06\x01\x00\x00\x09ab"),
    "result 5 of an acceptance": (2, FIXED_RQ + b"\x21\x00\x00\x04\x01\x00\x05\x00"),
    "A-ASSOCIATE-RJ of three bytes": (3, b"\x00\x01\x01"),
    "rejection with result 3": (3, b"\x00\x03\x01\x01"),
    "rejection with source 0": (3, b"\x00\x01\x00\x01"),
    "PDV header cut": (4, b"\x00\x00\x00\x02\x01"),
    "PDV of one byte": (4, b"\x00\x00\x00\x01\x01\x03"),
    "PDV of one byte and another": (4, b"\x00\x00\x00\x01\x01\x00\x00\x00\x02\x01\x03"),
    "PDV beyond the end": (4, b"\x00\x00\x00\x05\x01\x03ab"),
    "bytes behind the last PDV": (4, b"\x00\x00\x00\x02\x01\x03\x00"),
    "A-ABORT of three bytes": (7, b"\x00\x00\x00"),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_malformed_pdus_raise_what_is_declared(name):
    kind, body = MALFORMED[name]
    with pytest.raises(WireError) as caught:
        pdu.decode(PduType(kind), body)
    assert 0 <= caught.value.offset <= len(body)


def test_the_items_of_another_version_are_not_read():
    found = pdu.decode(PduType.A_ASSOCIATE_RQ, b"\0\2" + FIXED_RQ[2:] + b"\xff\xff")
    assert found == pdu.AssociateRQ("STORE", "SCU-1", application_context="", protocol_version=2)
