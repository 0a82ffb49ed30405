"""The same bytes as the real storescp 3.6.7, for every option of [encoding] and combinations that interact."""

import re
import shutil
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from random import Random

import pytest

from storescpd.data.transfer_syntaxes import DEFLATED
from storescpd.dataset import (
    ConversionError,
    DataSetError,
    Dictionary,
    Encoding,
    GroupLength,
    Identity,
    OutputSyntax,
    SequenceLength,
)
from tests.dataset.applied import reencoded
from tests.dataset.build import (
    BIG,
    IMPLICIT,
    LITTLE,
    SQ,
    big,
    group_length,
    item,
    open_item,
    open_sequence,
    plain,
    sequence,
)
from tests.dataset.cases import CASES, DATE, ID, STUDY, Case
from tests.dataset.mistaken import SYNTAXES, every_pair_of_letters, mistaken
from tests.dataset.oddities import CREATORS, ITEM, Sender
from tests.dataset.oracle import Oracle, Refused, Stored, oracle
from tests.dataset.samples import REPOSITORY, Sample, bundled, corpus
from tests.support.reference import version

DICTIONARIES = [Path(f"/usr/share/libdcmtk17/{name}.dic") for name in ("dicom", "private")]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not shutil.which("storescp") or version() != "3.6.7", reason="needs storescp 3.6.7"),
    pytest.mark.timeout(600),
]

OPTIONS = {
    "": Encoding(),
    "+te": Encoding(OutputSyntax.EXPLICIT_LITTLE),
    "+tb": Encoding(OutputSyntax.EXPLICIT_BIG),
    "+ti": Encoding(OutputSyntax.IMPLICIT),
    "+td": Encoding(OutputSyntax.DEFLATED),
    "-u": Encoding(new_vr=False),
    "+g": Encoding(group_length=GroupLength.CREATE),
    "-g": Encoding(group_length=GroupLength.REMOVE),
    "-e": Encoding(sequence_length=SequenceLength.UNDEFINED),
    "+uc": Encoding(convert_un=True),
    "+p 512 16": Encoding(file_padding=512, item_padding=16),
    "+p 1024 0": Encoding(file_padding=1024),
    "+p 0 64": Encoding(item_padding=64),
    "+p 0 16": Encoding(item_padding=16),
    "+p 0 2": Encoding(item_padding=2),
    "+td +cl 9": Encoding(OutputSyntax.DEFLATED, compression_level=9),
    "+cl 1": Encoding(compression_level=1),
    "-e +p 0 16": Encoding(item_padding=16, sequence_length=SequenceLength.UNDEFINED),
    "+ti +p 0 16": Encoding(OutputSyntax.IMPLICIT, item_padding=16),
    "+te -u -e": Encoding(OutputSyntax.EXPLICIT_LITTLE, new_vr=False, sequence_length=SequenceLength.UNDEFINED),
    "+tb +g +p 256 32": Encoding(
        OutputSyntax.EXPLICIT_BIG, group_length=GroupLength.CREATE, file_padding=256, item_padding=32
    ),
    "+tb -u +uc": Encoding(OutputSyntax.EXPLICIT_BIG, new_vr=False, convert_un=True),
    "+ti +g -e +p 128 8": Encoding(
        OutputSyntax.IMPLICIT, True, GroupLength.CREATE, SequenceLength.UNDEFINED, file_padding=128, item_padding=8
    ),
    "+td +g -e +uc": Encoding(
        OutputSyntax.DEFLATED, True, GroupLength.CREATE, SequenceLength.UNDEFINED, convert_un=True
    ),
    "+te -g +uc": Encoding(OutputSyntax.EXPLICIT_LITTLE, True, GroupLength.REMOVE, convert_un=True),
}

OPTION_SETS = pytest.mark.parametrize("options", OPTIONS, ids=lambda options: options or "default")

NEWER_SYNTAXES = re.compile(r"1\.2\.840\.10008\.1\.2\.(1\.98|4\.9[45]|4\.10[0-6]\.1|4\.11[0-2]|4\.20[1-3]|8\.1)$")
"""Transfer syntaxes that 3.6.7 cannot read."""

INTERNAL = re.compile(rb"^.{4}(na|pi)", re.DOTALL)
"""Names of storescp's own that it does not read."""

KNOWN_CREATORS = [name for name in CREATORS if name.startswith((b"SIEMENS", b"GEMS"))]

GENERATED = 150
"""Data sets for each set of options."""


@pytest.fixture(scope="module")
def same_dictionary() -> Dictionary:
    """What storescp itself reads."""
    text = "\n".join(path.read_text("latin-1") for path in DICTIONARIES)
    return Dictionary({}, (), {}).with_text(text)


@pytest.fixture(scope="module")
def listed() -> set[str]:
    """The differences that are documented."""
    table = (REPOSITORY / "docs/differences.md").read_text()
    return set(re.findall(r"^\| `?([a-z][a-z-]+)`? \|", table, re.MULTILINE))


class Difference(Exception):
    """What one of the two does and the other does not."""


def outcome(
    sample: Sample, encoding: Encoding, dictionary: Dictionary, prefix: int
) -> tuple[bytes, Identity] | Exception:
    """The data set as we write it, or why not."""
    try:
        written, reencoder = reencoded(
            sample.data, sample.syntax, encoding, dictionary, (16372, 8000), prefix_length=prefix, per_feed=4
        )
    except (DataSetError, ConversionError) as error:
        return error
    return written, reencoder.identity


def known(sample: Sample, theirs: Stored | Refused, ours: object) -> str | None:
    """The documented difference that this is."""
    if NEWER_SYNTAXES.match(sample.syntax) and isinstance(theirs, Refused):
        return "newer-syntaxes"
    if isinstance(ours, DataSetError) and ours.message.startswith("data set ends within"):
        return "truncated"
    if (
        isinstance(theirs, Refused)
        and not isinstance(ours, Exception)
        and any(name in sample.data for name in KNOWN_CREATORS)
    ):
        return "private-sequences"
    if isinstance(theirs, Refused) and INTERNAL.search(sample.data):
        return "internal-vrs"
    if isinstance(ours, ConversionError) and isinstance(theirs, Refused):
        return "refused-at-once"
    if isinstance(ours, ConversionError) and not sample.data:
        return "empty"
    return None


def same(sample: Sample, theirs: Stored | Refused, ours: tuple[bytes, Identity] | Exception) -> bool:
    """Whether both did the same."""
    if isinstance(theirs, Refused):
        return isinstance(ours, DataSetError)
    if theirs.data is None:
        return isinstance(ours, ConversionError)
    if isinstance(ours, Exception) or ours[0] != theirs.data:
        return False
    identity = ours[1]
    complete = identity.sop_class_uid and identity.sop_instance_uid
    return theirs.status == 0xA900 if complete else True


def compare(
    lab: Oracle, samples: Iterable[Sample], encoding: Encoding, dictionary: Dictionary, listed: set[str]
) -> None:
    """Every sample comes out the same, or is a documented difference."""
    different = []
    for sample in samples:
        # An odd length is a matter of the protocol: storescp aborts before it looks at the data.
        even = Sample(sample.name, sample.syntax, sample.data + b"\0" * (len(sample.data) % 2))
        theirs = lab.store(even.syntax, even.data)
        ours = outcome(even, encoding, dictionary, theirs.prefix_length if isinstance(theirs, Stored) else 0)
        if not same(even, theirs, ours) and known(even, theirs, ours) not in listed:
            different.append((sample.name, str(theirs)[:80], str(ours)[:80]))
    assert not different


@pytest.fixture
def lab(options: str, tmp_path: Path) -> Iterator[Oracle]:
    with oracle(tmp_path, *options.split()) as running:
        yield running


def generated(options: str) -> Iterator[Sample]:
    """Data sets that are different for each set of options, and the same each time."""
    for number in range(GENERATED):
        random = Random(f"{options} {number}")
        syntax = random.choice([LITTLE, LITTLE, BIG, IMPLICIT, DEFLATED])
        sender = Sender(
            random, explicit=syntax != IMPLICIT, big_endian=syntax == BIG, oddity=random.choice([0.02, 0.15, 0.3])
        )
        data = sender.data_set(random.randrange(1, 14))
        if syntax == DEFLATED:
            deflate = zlib.compressobj(wbits=-zlib.MAX_WBITS)
            data = deflate.compress(data) + deflate.flush()
        yield Sample(f"generated {number}", syntax, data)


@pytest.mark.parametrize("options", [""])
@pytest.mark.parametrize("syntax", SYNTAXES)
def test_mistaken_value_representations(
    lab: Oracle, syntax: str, options: str, same_dictionary: Dictionary, listed: set[str]
):
    compare(lab, mistaken(syntax), OPTIONS[options], same_dictionary, listed)


def test_large_paddings(tmp_path: Path, same_dictionary: Dictionary, listed: set[str]):
    """They are written in pieces, with all that surrounds them."""
    inner = sequence(0x00081199, item(DATE, ID), open_item(ID))
    samples = [
        Sample(
            "items", LITTLE, sequence(0x00081140, item(ID), item(), item(inner, STUDY)) + group_length(0x10, 1) + ID
        ),
        Sample("disorder", LITTLE, STUDY + open_sequence(SQ, item(STUDY, ID, inner, ID), item(inner)) + ID),
        Sample("big", BIG, big(SQ, "SQ", plain(ITEM, big(0x00100020, "LO", b"ab"), order=">"))),
    ]
    for options, encoding in {
        "+p 3145728 1310720": Encoding(file_padding=3145728, item_padding=1310720),
        "+te +g -e +p 0 1310720": Encoding(
            OutputSyntax.EXPLICIT_LITTLE, True, GroupLength.CREATE, SequenceLength.UNDEFINED, item_padding=1310720
        ),
    }.items():
        place = tmp_path / str(len(options))
        place.mkdir()
        with oracle(place, *options.split()) as running:
            compare(running, samples, encoding, same_dictionary, listed)


@pytest.mark.parametrize("options", [""])
def test_every_value_representation_that_can_be_written(
    lab: Oracle, options: str, same_dictionary: Dictionary, listed: set[str]
):
    compare(lab, every_pair_of_letters(), OPTIONS[options], same_dictionary, listed)


def too_deep(options: str, sample: Sample) -> bool:
    """storescp needs twice the time for each level when it creates group lengths."""
    return "+g" in options and "depth" in sample.name


@OPTION_SETS
def test_generated(lab: Oracle, options: str, same_dictionary: Dictionary, listed: set[str]):
    compare(lab, generated(options), OPTIONS[options], same_dictionary, listed)


@OPTION_SETS
def test_bundled(lab: Oracle, options: str, same_dictionary: Dictionary, listed: set[str]):
    compare(lab, bundled(), OPTIONS[options], same_dictionary, listed)


@pytest.mark.corpus
@OPTION_SETS
def test_corpus(lab: Oracle, options: str, same_dictionary: Dictionary, listed: set[str]):
    samples = [sample for sample in corpus() if not too_deep(options, sample)]
    if not samples:
        pytest.skip("no corpus")
    compare(lab, samples, OPTIONS[options], same_dictionary, listed)


def options_of(encoding: Encoding) -> str:
    """The command line that means this encoding."""
    return next(options for options, meant in OPTIONS.items() if meant == encoding)


@pytest.mark.parametrize("options", sorted({options_of(case.encoding) for case in CASES}))
def test_the_golden_cases_are_true(lab: Oracle, options: str):
    def expected(case: Case) -> object:
        theirs = lab.store(case.syntax, case.given)
        if isinstance(theirs, Refused):
            return "Abort"
        return "Refusal" if theirs.data is None else theirs.data

    for case in CASES:
        if options_of(case.encoding) == options and len(case.given) % 2 == 0:
            wanted = case.expected if isinstance(case.expected, bytes) else case.expected.__name__
            assert expected(case) == wanted, case.name


@pytest.mark.parametrize("level", range(10))
def test_compression_levels(level: int, tmp_path: Path, same_dictionary: Dictionary):
    random = Random(level)
    value = bytes(random.choices(b"abcd ", k=200_000))
    data = Sender(random, explicit=True, big_endian=False).element(0x00420011, "OB", value)
    with oracle(tmp_path, "+td", "+cl", str(level)) as running:
        theirs = running.store(LITTLE, data)
    encoding = Encoding(OutputSyntax.DEFLATED, compression_level=level)
    ours = reencoded(data, LITTLE, encoding, same_dictionary)[0]
    assert isinstance(theirs, Stored)
    assert theirs.data is not None
    if level:
        assert ours == theirs.data
    else:
        assert zlib.decompress(ours, -zlib.MAX_WBITS) == zlib.decompress(theirs.data, -zlib.MAX_WBITS)
