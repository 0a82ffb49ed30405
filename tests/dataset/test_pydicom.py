"""pydicom reads the same from what was written, in every encoding and back again."""

import io
import zlib

import pydicom
import pytest
from pydicom.dataset import Dataset

from storescpd.data.transfer_syntaxes import DEFLATED, TRANSFER_SYNTAXES
from storescpd.dataset import Dictionary, Encoding, OutputSyntax
from tests.dataset.applied import reencoded
from tests.dataset.build import BIG, IMPLICIT, LITTLE
from tests.dataset.samples import Sample, bundled

WAY = [
    (OutputSyntax.IMPLICIT, IMPLICIT),
    (OutputSyntax.EXPLICIT_BIG, BIG),
    (OutputSyntax.DEFLATED, DEFLATED),
    (OutputSyntax.EXPLICIT_LITTLE, LITTLE),
    (OutputSyntax.EXPLICIT_BIG, BIG),
    (OutputSyntax.IMPLICIT, IMPLICIT),
    (OutputSyntax.EXPLICIT_LITTLE, LITTLE),
]


def read(data: bytes, syntax: str) -> Dataset:
    form = TRANSFER_SYNTAXES[syntax]
    if form.deflated:
        data = zlib.decompress(data, -zlib.MAX_WBITS)
    return pydicom.filereader.read_dataset(io.BytesIO(data), not form.explicit_vr, not form.big_endian)


def usable(sample: Sample, dictionary: Dictionary) -> bool:
    """Whether the sample can be converted and read again."""
    if TRANSFER_SYNTAXES[sample.syntax].encapsulated:
        return False
    try:
        written = reencoded(sample.data, sample.syntax, Encoding(OutputSyntax.EXPLICIT_LITTLE), dictionary)[0]
        str(read(written, LITTLE))
    except Exception:  # noqa: BLE001 - whatever pydicom dislikes is no sample for this test
        return False
    return True


@pytest.mark.parametrize(
    "sample", [sample for sample in bundled() if len(sample.data) < 300_000], ids=lambda sample: sample.name
)
def test_all_the_way_round(sample: Sample, dictionary: Dictionary):
    if not usable(sample, dictionary):
        pytest.skip("compressed, or broken")
    start = reencoded(sample.data, sample.syntax, Encoding(OutputSyntax.EXPLICIT_LITTLE), dictionary)[0]
    data, syntax = start, LITTLE
    for wanted, uid in WAY:
        data = reencoded(data, syntax, Encoding(wanted), dictionary)[0]
        syntax = uid
    assert_equal(read(data, LITTLE), read(start, LITTLE))


def assert_equal(one: Dataset, other: Dataset) -> None:
    """Same elements. Through the implicit form VRs are those of the dictionary; private ones it may not know."""
    assert set(one.keys()) == set(other.keys())
    for element in other:
        back = one[element.tag]
        if element.tag.is_private:
            continue
        if element.VR == "SQ":
            assert len(back.value) == len(element.value)
            for left, right in zip(back.value, element.value, strict=True):
                assert_equal(left, right)
        elif back.VR == element.VR:
            assert back.value == element.value or repr(back.value) == repr(element.value), element
