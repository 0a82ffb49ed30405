"""Single oddities, each with the bytes that storescp 3.6.7 writes."""

import pytest

from storescpd.dataset import ConversionError, DataSetError, Dictionary
from tests.dataset.applied import reencoded
from tests.dataset.build import IMPLICIT, element, item, plain, sequence
from tests.dataset.cases import CASES, ID, PLAIN_ID, TO_LITTLE, Abort, Case, Refusal
from tests.dataset.oddities import SEQUENCE_END, UNDEFINED


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
