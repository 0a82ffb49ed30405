"""Single oddities, each with the bytes that storescp 3.6.7 writes."""

import pytest

from storescpd.dataset import ConversionError, DataSetError, Dictionary
from tests.dataset.applied import reencoded
from tests.dataset.cases import CASES, Abort, Case, Refusal


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
