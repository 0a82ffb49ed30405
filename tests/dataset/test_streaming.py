"""The same bytes however the data arrives, and whatever is held back, streamed or handed out early."""

import zlib
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storescpd.data.transfer_syntaxes import TRANSFER_SYNTAXES
from storescpd.dataset import (
    DataSetError,
    Dictionary,
    Encoding,
    GroupLength,
    OutputSyntax,
    Patch,
    Reencoder,
    SequenceLength,
    large,
    reader,
)
from tests.dataset.applied import reencoded
from tests.dataset.build import BIG, IMPLICIT, LITTLE, element, group_length, item, open_item, open_sequence, plain
from tests.dataset.cases import CASES
from tests.dataset.oddities import Sender
from tests.dataset.samples import bundled

JPIP_DEFLATED = "1.2.840.10008.1.2.4.95"

ENCODINGS = st.builds(
    Encoding,
    st.sampled_from(OutputSyntax),
    st.booleans(),
    st.sampled_from(GroupLength),
    st.sampled_from(SequenceLength),
    st.sampled_from([0, 256]),
    st.sampled_from([0, 16]),
    st.booleans(),
)
SIZES = st.lists(st.integers(1, 60), min_size=1, max_size=5)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything is large: values are streamed, structure is handed out at once."""
    monkeypatch.setattr(large, "LARGE", 8)
    monkeypatch.setattr(large, "LARGE_TEXT", 10)
    monkeypatch.setattr(large, "HOLD", 40)
    monkeypatch.setattr(reader, "HOLD", 40)


def sent(seed: int) -> tuple[str, bytes]:
    random = Random(seed)
    syntax = random.choice([LITTLE, BIG, IMPLICIT])
    sender = Sender(random, explicit=syntax != IMPLICIT, big_endian=syntax == BIG, oddity=random.choice([0.05, 0.3]))
    return syntax, sender.data_set(random.randrange(1, 14))


def outcome(
    data: bytes, syntax: str, encoding: Encoding, dictionary: Dictionary, sizes: list[int], per_feed: int
) -> object:
    try:
        written, reencoder = reencoded(data, syntax, encoding, dictionary, sizes, 300, per_feed)
    except DataSetError as error:
        return str(error)
    return written, reencoder.warnings, reencoder.identity


@settings(max_examples=150, deadline=None)
@given(seed=st.integers(0, 10**6), encoding=ENCODINGS, sizes=SIZES, per_feed=st.integers(1, 4))
def test_fragments_do_not_matter(
    seed: int, encoding: Encoding, sizes: list[int], per_feed: int, dictionary: Dictionary
) -> None:
    syntax, data = sent(seed)
    whole = outcome(data, syntax, encoding, dictionary, [len(data)], 1)
    assert outcome(data, syntax, encoding, dictionary, sizes, per_feed) == whole


@pytest.mark.parametrize("seed", range(300))
@pytest.mark.usefixtures("impatient")
def test_patience_does_not_matter(seed: int, dictionary: Dictionary):
    random = Random(seed)
    encoding = Encoding(
        random.choice(list(OutputSyntax)),
        random.random() < 0.5,
        random.choice(list(GroupLength)),
        random.choice(list(SequenceLength)),
        random.choice([0, 256]),
        random.choice([0, 16]),
    )
    syntax, data = sent(seed)
    sizes = [random.randint(1, 70) for _ in range(3)]
    streamed = reencoded(data, syntax, encoding, dictionary, sizes, 300)[0]
    with pytest.MonkeyPatch.context() as patient:
        for module, name in ((large, "LARGE"), (large, "LARGE_TEXT"), (large, "HOLD"), (reader, "HOLD")):
            patient.setattr(module, name, 1 << 20)
        assert streamed == reencoded(data, syntax, encoding, dictionary, (len(data),), 300)[0]


@pytest.mark.parametrize(
    "case", [case for case in CASES if isinstance(case.expected, bytes)], ids=lambda case: case.name
)
def test_every_case_byte_by_byte(case, dictionary: Dictionary):
    assert reencoded(case.given, case.syntax, case.encoding, dictionary, (1,))[0] == case.expected


def test_canonical_data_passes_as_it_came(dictionary: Dictionary):
    """A large value is handed on as views of the caller's own fragments."""
    value = bytes(200_000)
    data = element(0x00100020, "LO", b"ab") + element(0x7FE00010, "OW", value)
    fragments = [bytearray(data[at : at + 16384]) for at in range(0, len(data), 16384)]
    reencoder = Reencoder(TRANSFER_SYNTAXES[LITTLE], Encoding(), dictionary)
    pieces = [piece for fragment in fragments for piece in reencoder.feed([memoryview(fragment)])]
    assert b"".join(pieces) + b"".join(reencoder.finish(0).pieces) == data
    assert [piece.obj for piece in pieces[2:]] == fragments[1:]


def test_lengths_known_late_are_patched(dictionary: Dictionary):
    frame = open_item(open_sequence(0x00209111, open_item(element(0x00189074, "DT", b"20200101"))))
    data = group_length(0x5200, 0) + open_sequence(0x52009230, *[frame] * 40_000)
    written, _ = reencoded(data, LITTLE, Encoding(), dictionary)
    inner = item(element(0x00209111, "SQ", item(element(0x00189074, "DT", b"20200101"))))
    content = element(0x52009230, "SQ", inner * 40_000)
    assert written == group_length(0x5200, len(content)) + content


def test_order_behind_a_large_value_is_made_by_the_plan(dictionary: Dictionary):
    pixels = element(0x7FE00010, "OW", bytes(300_000))
    first, late = element(0x00100020, "LO", b"ab"), element(0x00100010, "PN", b"Doe^John")
    data = group_length(0x10, 0) + first + pixels + late + pixels
    written, _ = reencoded(data, LITTLE, Encoding(), dictionary)
    assert written == group_length(0x10, 26) + late + first + pixels


def test_a_small_object_needs_neither_patch_nor_plan(dictionary: Dictionary):
    data = (
        element(0x00100020, "LO", b"ab") + open_sequence(0x00081140, open_item(element(0x00100010, "PN", b"a  "))) * 2
    )
    reencoder = Reencoder(TRANSFER_SYNTAXES[LITTLE], Encoding(OutputSyntax.DEFLATED), dictionary)
    pieces = reencoder.feed([memoryview(data)])
    final = reencoder.finish(0)
    assert not any(isinstance(piece, Patch) for piece in (*pieces, *final.pieces))
    assert final.plan is None


@pytest.mark.parametrize("blanks", [0, 1, 2, 70_000, 3_000_000])
def test_long_text_is_stripped(blanks: int, dictionary: Dictionary):
    text = b"a" * 1_100_000 + b" b" + b" " * blanks
    data = element(0x0040A160, "UT", text) + element(0x00420011, "OB", b"abcd")
    written, _ = reencoded(data, LITTLE, Encoding(), dictionary)
    kept = text + b"\0" if len(text) % 2 else text.rstrip()
    assert written == element(0x0040A160, "UT", kept) + element(0x00420011, "OB", b"abcd")


def test_large_identifying_values_are_there_but_empty(dictionary: Dictionary):
    data = plain(0x00080018, b"1" * 100_000) + plain(0x00100010, b"Doe^John")
    _, reencoder = reencoded(data, IMPLICIT, Encoding(), dictionary)
    assert reencoder.identity.sop_instance_uid == ""
    assert reencoder.identity.patient_name == b"Doe^John"
    assert reencoder.identity.sop_class_uid is None


@pytest.mark.parametrize(
    "sample", [sample for sample in bundled() if len(sample.data) < 200_000], ids=lambda sample: sample.name
)
def test_files_in_pieces_of_any_size(sample, dictionary: Dictionary):
    random = Random(sample.name)
    try:
        whole = reencoded(sample.data, sample.syntax, Encoding(), dictionary, (len(sample.data) or 1,))[0]
    except ValueError as error:
        with pytest.raises(type(error)):
            reencoded(sample.data, sample.syntax, Encoding(), dictionary, [random.randint(1, 300) for _ in range(9)])
        return
    assert (
        reencoded(sample.data, sample.syntax, Encoding(), dictionary, [random.randint(1, 300) for _ in range(9)])[0]
        == whole
    )


def test_long_text_that_is_nearly_blank(dictionary: Dictionary):
    """Its header is written before its end is known: the one for long values."""
    data = plain(0x00104000, b"ab" + b" " * 2_000_000) + plain(0x00104001, b"abcd")
    written, _ = reencoded(data, IMPLICIT, Encoding(OutputSyntax.EXPLICIT_LITTLE), dictionary)
    assert written == element(0x00104000, "UN", b"ab") + element(0x00104001, "UN", b"abcd")


def test_jpip_may_be_deflated(dictionary: Dictionary):
    """PS3.5 A.6: the data set is deflated, and there is no pixel data in it."""
    data = element(0x00100020, "LO", b"ab    ") + element(0x00287FE0, "UR", b"http://x")
    deflate = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    deflated = deflate.compress(data) + deflate.flush()
    written, _ = reencoded(deflated, JPIP_DEFLATED, Encoding(), dictionary)
    assert zlib.decompress(written, -zlib.MAX_WBITS) == data.replace(b"\x06\0ab    ", b"\x02\0ab")
