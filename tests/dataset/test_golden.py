"""Single oddities, each with the bytes that storescp 3.6.7 writes."""

import pytest

from storescpd.dataset import ConversionError, DataSetError, Dictionary, Encoding
from tests.dataset.applied import reencoded
from tests.dataset.build import BIG, IMPLICIT, LITTLE, big, element, group_length, item, plain, sequence
from tests.dataset.cases import (
    CASES,
    CONVERT,
    DATE,
    ID,
    PADDING,
    PLAIN_ID,
    STUDY,
    TO_IMPLICIT,
    TO_LITTLE,
    Abort,
    Case,
    Refusal,
)
from tests.dataset.oddities import ITEM_END, SEQUENCE_END, UNDEFINED


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_it_becomes_what_storescp_makes_of_it(case: Case, dictionary: Dictionary):
    if case.expected is Abort:
        with pytest.raises(DataSetError):
            reencoded(case.given, case.syntax, case.encoding, dictionary)
    elif case.expected is Refusal:
        with pytest.raises(ConversionError):
            reencoded(case.given, case.syntax, case.encoding, dictionary)
    else:
        assert reencoded(case.given, case.syntax, case.encoding, dictionary)[0] == case.expected


@pytest.mark.parametrize(
    "case", [case for case in CASES if isinstance(case.expected, bytes)], ids=lambda case: case.name
)
def test_what_was_written_stays_as_it_is(case: Case, dictionary: Dictionary):
    """A file that is sent again gives the same file."""
    if case.encoding.transfer_syntax != "same":
        pytest.skip("another transfer syntax")
    assert reencoded(case.expected, case.syntax, case.encoding, dictionary)[0] == case.expected


def test_a_private_dictionary_may_be_wrong(dictionary: Dictionary):
    """What is sent as a sequence is one, and what is none is not: storescp aborts where its dictionary is wrong."""
    creator = plain(0x00290010, b"SIEMENS CSA HEADER")
    written = element(0x00290010, "LO", b"SIEMENS CSA HEADER")
    assert dictionary.private_vr("SIEMENS CSA HEADER", 0x00291010) == "OB"
    sent = plain(0x00291010, item(PLAIN_ID) + plain(SEQUENCE_END), UNDEFINED)
    assert reencoded(creator + sent, IMPLICIT, TO_LITTLE, dictionary)[0] == written + sequence(0x00291010, item(ID))

    wrong = dictionary.with_text('(0029,"SIEMENS CSA HEADER",10)\tSQ\tWrong\t1\tMine')
    sent, kept = plain(0x00291010, b"abcdefgh"), element(0x00291010, "UN", b"abcdefgh")
    for size in (1, 100):
        assert reencoded(creator + sent, IMPLICIT, TO_LITTLE, wrong, (size,))[0] == written + kept
    right = plain(0x00291010, item(PLAIN_ID))
    assert reencoded(creator + right, IMPLICIT, TO_LITTLE, wrong)[0] == written + sequence(0x00291010, item(ID))


def test_an_item_delimiter_outside_is_ignored(dictionary: Dictionary):
    """storescp takes it for the end and loses what follows."""
    written, reencoder = reencoded(ID + plain(ITEM_END) + STUDY, LITTLE, Encoding(), dictionary)
    assert written == ID + STUDY
    assert reencoder.warnings == ["(fffe,e00d) outside of any item, ignored"]


@pytest.mark.parametrize("value", [b"", b"\1\0", b"abcdef", b"abcdefgh"])
@pytest.mark.parametrize("syntax", [LITTLE, IMPLICIT])
def test_a_group_length_with_a_value_of_another_length(value: bytes, syntax: str, dictionary: Dictionary):
    if syntax == LITTLE:
        given, expected = element(0x00100000, "UL", value) + ID, group_length(0x10, 10) + ID
    else:
        given, expected = plain(0x00100000, value) + PLAIN_ID, plain(0x00100000, b"\n\0\0\0") + PLAIN_ID
    assert reencoded(given, syntax, Encoding(), dictionary)[0] == expected


@pytest.mark.parametrize(("file", "item_multiple"), [(3, 0), (0, 5), (512, 5), (3, 16), (1, 1)])
def test_an_odd_multiple_pads_nothing(file: int, item_multiple: int, dictionary: Dictionary):
    encoding = Encoding(file_padding=file, item_padding=item_multiple)
    given = sequence(0x00081140, item(ID, PADDING)) + group_length(0x10, 1) + ID + PADDING
    expected = sequence(0x00081140, item(ID)) + group_length(0x10, 10) + ID
    assert reencoded(given, LITTLE, encoding, dictionary)[0] == expected


def test_padding_is_last(dictionary: Dictionary):
    last = element(0xFFFF0010, "LO", b"ab")
    padding = element(0xFFFCFFFC, "OB", bytes(32))
    assert reencoded(ID + last, LITTLE, Encoding(file_padding=64), dictionary)[0] == ID + last + padding


def test_fragments_do_not_matter_to_what_is_out_of_order(dictionary: Dictionary):
    """storescp aborts, or takes a part of a value for elements, where a fragment ends within such an element."""
    long_text = element(0x0040A160, "UT", b"abcd")
    given, expected = DATE + STUDY + long_text + ID + STUDY, ID + DATE + STUDY + long_text
    for size in range(1, len(given)):
        assert reencoded(given, LITTLE, Encoding(), dictionary, (size,))[0] == expected


@pytest.mark.parametrize("length", [4, 20_000, 70_000])
def test_unknown_values_are_little_endian_however_long(length: int, dictionary: Dictionary):
    """storescp reads what comes in several fragments as big endian."""
    given, expected = big(0x00281201, "UN", b"ab" * (length // 2)), big(0x00281201, "OW", b"ba" * (length // 2))
    assert reencoded(given, BIG, CONVERT, dictionary)[0] == expected


@pytest.mark.parametrize("tag", [0x60003000, 0x7FE00010])
def test_odd_bytes_keep_their_order(tag: int, dictionary: Dictionary):
    """storescp turns them around in pairs."""
    assert reencoded(big(tag, "OB", b"abc"), BIG, TO_IMPLICIT, dictionary)[0] == plain(tag, b"abc\0")


@pytest.mark.parametrize("vr", ["na", "pi"])
def test_names_that_storescp_has_for_itself_are_unknown(vr: str, dictionary: Dictionary):
    """storescp aborts."""
    given = element(0x00100020, vr, b"abcd") + STUDY
    assert reencoded(given, LITTLE, Encoding(), dictionary)[0] == element(0x00100020, "UN", b"abcd") + STUDY


def test_the_whole_file_is_padded(dictionary: Dictionary):
    for prefix in (0, 2, 344):
        written = reencoded(ID, LITTLE, Encoding(file_padding=512), dictionary, prefix_length=prefix)[0]
        assert len(written) + prefix == 512


@pytest.mark.parametrize("given", [PADDING, PADDING + PADDING, sequence(0xFFFCFFFC, item(ID))])
def test_what_is_left_out_is_padded_nevertheless(given: bytes, dictionary: Dictionary):
    padding = element(0xFFFCFFFC, "OB", bytes(36))
    assert reencoded(given, LITTLE, Encoding(file_padding=64), dictionary, prefix_length=16)[0] == padding


def test_no_element_is_not_padded(dictionary: Dictionary):
    assert reencoded(b"abcd", LITTLE, Encoding(file_padding=64), dictionary, prefix_length=16)[0] == b""


def test_a_creator_out_of_order_is_found(dictionary: Dictionary):
    creator, value = plain(0x00290010, b"SIEMENS CSA HEADER"), plain(0x00291008, b"ab  ")
    given = plain(0x00290011, b"ACME") + creator + value
    expected = element(0x00290010, "LO", b"SIEMENS CSA HEADER") + element(0x00290011, "LO", b"ACME")
    expected += element(0x00291008, "CS", b"ab")
    assert reencoded(given, IMPLICIT, TO_LITTLE, dictionary)[0] == expected
