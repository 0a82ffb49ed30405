"""What is recognised comes out as what is read element by element, and as storescp writes it; and it costs less."""

import re
import shutil
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from random import Random
from types import FrameType

import pytest

from storescpd.dataset import (
    ConversionError,
    DataSetError,
    Dictionary,
    Encoding,
    GroupLength,
    Identity,
    OutputSyntax,
    SequenceLength,
    patterns,
)
from storescpd.dataset.encoding import Limits
from tests.dataset.applied import reencoded
from tests.dataset.build import BIG, IMPLICIT, JPEG, LITTLE, element, item, open_item, open_sequence, plain, sequence
from tests.dataset.oddities import Sender
from tests.dataset.oracle import Stored, oracle
from tests.dataset.samples import Sample, bundled
from tests.support.objects import ct_header
from tests.support.reference import version

ENCODINGS = (
    Encoding(),
    Encoding(sequence_length=SequenceLength.UNDEFINED),
    Encoding(group_length=GroupLength.CREATE),
    Encoding(group_length=GroupLength.REMOVE, item_padding=16, file_padding=512),
    Encoding(convert_un=True),
    Encoding(new_vr=False),
    Encoding(OutputSyntax.IMPLICIT),
    Encoding(OutputSyntax.DEFLATED, limits=Limits(nesting=2)),
)
MUTANTS = 12
"""Of each data set."""
LARGEST = 20_000
"""Bytes of a sample: what stands behind the first receive is not recognised."""

Outcome = tuple[bytes, Identity, list[str]] | tuple[type[Exception], str]


@pytest.fixture
def eager(monkeypatch: pytest.MonkeyPatch, dictionary: Dictionary) -> Dictionary:
    """A dictionary of its own, with whose tables everything is learned at once."""
    monkeypatch.setattr(patterns, "_FIRST_PAUSE", 1)
    monkeypatch.setattr(patterns, "_LONGEST_PAUSE", 1)
    return replace(dictionary, compiled={})


def outcome(sample: Sample, encoding: Encoding, dictionary: Dictionary) -> Outcome:
    try:
        written, reencoder = reencoded(sample.data, sample.syntax, encoding, dictionary, (16372,), 300, per_feed=3)
    except (DataSetError, ConversionError) as error:
        return type(error), str(error)
    return written, reencoder.identity, reencoder.warnings


def read_slowly(sample: Sample, encoding: Encoding, dictionary: Dictionary, monkeypatch: pytest.MonkeyPatch) -> Outcome:
    with monkeypatch.context() as patched:
        # What is learned is forgotten at once.
        patched.setattr(patterns, "_MOST", 0)
        return outcome(sample, encoding, replace(dictionary, compiled={}))


def flipped(data: bytearray, random: Random) -> None:
    data[random.randrange(len(data))] = random.choice(b"\0 \n.1\x02\xff")


def overwritten(data: bytearray, random: Random) -> None:
    at = random.randrange(len(data)) & ~1
    data[at : at + 2] = random.choice([b"  ", b"\0\0", b" \0", b"\n ", b"12", b"\xfe\xff", b"\x01\x00"])


def lengthened(data: bytearray, random: Random) -> None:
    """A value becomes longer or shorter together with the byte that may be the low one of its length."""
    at = random.randrange(len(data) - 1) & ~1
    data[at] = (data[at] + 2) & 0xFF
    where = at + random.choice([2, 4, 6, 12])
    data[where:where] = random.choice([b"1 ", b"  ", b"0\0", b".1"])


def shortened(data: bytearray, random: Random) -> None:
    at = random.randrange(len(data) - 1) & ~1
    data[at] = (data[at] - 2) & 0xFF
    where = at + random.choice([2, 4, 12])
    del data[where : where + 2]


CHANGES: tuple[Callable[[bytearray, Random], None], ...] = (flipped, overwritten, lengthened, shortened)


def mutant(sample: Sample, random: Random) -> Sample:
    data = bytearray(sample.data)
    for _ in range(random.choice([1, 1, 2, 5])):
        random.choice(CHANGES)(data, random)
    return replace(sample, data=bytes(data))


def compare(sample: Sample, encoding: Encoding, eager: Dictionary, monkeypatch: pytest.MonkeyPatch, seed: str) -> None:
    """The sample, the same again, and its mutants; each time what was learned of those before is used."""
    random = Random(seed)
    for tried in (sample, sample, *(mutant(sample, random) for _ in range(MUTANTS)), sample):
        assert outcome(tried, encoding, eager) == read_slowly(tried, encoding, eager, monkeypatch), tried


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_generated_data_sets(encoding: Encoding, eager: Dictionary, monkeypatch: pytest.MonkeyPatch):
    for number in range(60):
        random = Random(number)
        syntax = random.choice([LITTLE, LITTLE, BIG, IMPLICIT, IMPLICIT, JPEG])
        sender = Sender(
            random,
            explicit=syntax != IMPLICIT,
            big_endian=syntax == BIG,
            oddity=random.choice([0, 0, 0.02, 0.15]),
        )
        sample = Sample(f"generated {number}", syntax, sender.data_set(random.randrange(3, 25)))
        compare(sample, encoding, eager, monkeypatch, f"{number}")


@pytest.mark.slow
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_real_data_sets(encoding: Encoding, eager: Dictionary, monkeypatch: pytest.MonkeyPatch):
    for sample in bundled():
        if len(sample.data) <= LARGEST:
            compare(sample, encoding, eager, monkeypatch, sample.name)


# What a pattern must not overlook, one case each: what is learned, and what comes then


def private_block(creator: bytes, value: bytes) -> bytes:
    return plain(0x00190010, creator) + plain(0x00191002, value) + plain(0x00100020, b"PID1")


def text_of(*values: bytes) -> bytes:
    return b"".join(element(0x00100010 + 0x10 * number, "LO", value) for number, value in enumerate(values))


FILLER = b"".join(element(tag, "LO", b"filler") for tag in range(0x00380010, 0x00380060, 0x10))
CASES = {
    "spaces": (LITTLE, text_of(b"abcd", b"ab  "), text_of(b"ab  ", b"abcd")),
    "one space": (LITTLE, text_of(b"abc ", b"abcd"), text_of(b"abcd", b"abc ")),
    "all spaces": (LITTLE, text_of(b"ab", b"abcd"), text_of(b"  ", b"    ")),
    "other length": (LITTLE, text_of(b"ab", b"abcd"), text_of(b"abcdef", b"")),
    "odd length": (LITTLE, text_of(b"ab", b"abcd"), text_of(b"abc", b"abcd")),
    "much longer": (LITTLE, text_of(b"ab", b"abcd"), text_of(b"ab" * 20, b"abcd")),
    "uid with blanks": (
        LITTLE,
        element(0x0020000D, "UI", b"1.2.3.45") + element(0x0020000E, "UI", b"1.2.3.4\0"),
        element(0x0020000D, "UI", b"1.2 3.45") + element(0x0020000E, "UI", b"1.2.3.\0\0"),
    ),
    "order": (
        LITTLE,
        text_of(b"ab") + element(0x00200010, "SH", b"12"),
        element(0x00200010, "SH", b"12") + text_of(b"ab"),
    ),
    "other VR": (LITTLE, element(0x00280010, "US", b"\1\0"), element(0x00280010, "SS", b"\1\0")),
    "reserved bytes": (
        LITTLE,
        element(0x00420011, "OB", b"1234"),
        element(0x00420011, "OB", b"1234").replace(b"OB\0\0", b"OB\0\1"),
    ),
    "private creator": (IMPLICIT, private_block(b"SIEMENS MED", b"12"), private_block(b"ANOTHER ONE", b"12")),
    "private sequence": (
        IMPLICIT,
        private_block(b"GEMS_IDEN_01", b"abcdefgh"),
        private_block(b"GEMS_IDEN_01", b"\xfe\xff\0\xe0\0\0\0\0"),
    ),
    "pixel representation": (
        IMPLICIT,
        plain(0x00280103, b"\0\0") + plain(0x00280106, b"\1\0"),
        plain(0x00280103, b"\1\0") + plain(0x00280106, b"\1\0"),
    ),
    "group length": (
        LITTLE,
        element(0x00100000, "UL", b"\x0a\0\0\0") + text_of(b"ab"),
        element(0x00100000, "UL", b"\x0c\0\0\0") + text_of(b"abcd"),
    ),
    "empty item": (
        LITTLE,
        open_sequence(0x00081115, open_item(element(0x0020000E, "UI", b"1.2.3.\x31\0"))),
        open_sequence(0x00081115, open_item()),
    ),
    "defined and undefined": (
        LITTLE,
        open_sequence(0x00081115, open_item(text_of(b"abcd"))),
        sequence(0x00081115, item(text_of(b"abcd"))),
    ),
    "item within": (
        LITTLE,
        open_sequence(0x00081115, open_item(open_sequence(0x00081140, open_item(text_of(b"abcd"), FILLER)))),
        open_sequence(0x00081115, open_item(open_sequence(0x00081140, open_item(text_of(b"ab  "), FILLER)))),
    ),
}  # fmt: skip


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("name", CASES)
def test_what_must_not_be_overlooked(name: str, encoding: Encoding, eager: Dictionary, monkeypatch: pytest.MonkeyPatch):
    syntax, learned, other = CASES[name]
    filler = (
        FILLER if syntax == LITTLE else b"".join(plain(tag, b"filler") for tag in range(0x00380010, 0x00380060, 0x10))
    )
    for data in (learned, learned, other, other, learned):
        sample = Sample(name, syntax, data + filler)
        assert outcome(sample, encoding, eager) == read_slowly(sample, encoding, eager, monkeypatch)


def series(random: Random) -> bytes:
    """An image of a series, as scanners vary them: numbers get more digits, text more blanks, UIDs end in a NUL."""
    number = random.randrange(1, 1200)
    place = f"{random.randrange(-2500, 2500) / 10}"
    even = lambda text, pad=b" ": text.encode() + pad * (len(text) % 2)  # noqa: E731
    frame = [
        open_item(
            open_sequence(0x00209113, open_item(element(0x00200032, "DS", even(f"{place}\\1\\{one}")))),
            open_sequence(0x00289110, open_item(element(0x00280030, "DS", b"0.5\\0.50"))),
        )
        for one in range(9, 12)
    ]
    return b"".join((
        element(0x00080005, "CS", b"ISO_IR 100"), element(0x00080016, "UI", b"1.2.840.10008.5.1.4.1.1.2\0"),
        element(0x00080018, "UI", even(f"1.2.3.{number}", b"\0")), element(0x00080070, "LO", b"Maker "),
        sequence(0x00081140, item(element(0x00081155, "UI", even(f"1.2.3.{number + 1}", b"\0")))),
        element(0x00100010, "PN", random.choice([b"Doe^Jane", b"Doe^Jane  ", b"Doe^Jane^A "[:10]])),
        element(0x00200013, "IS", even(str(number))), element(0x00200032, "DS", even(f"-100\\-100\\{place}")),
        element(0x00201041, "DS", even(place)), element(0x00280010, "US", b"\0\2"),
        open_sequence(0x52009230, *frame), element(0x7FE00010, "OW", bytes(3000)),
    ))  # fmt: skip


@pytest.mark.skipif(not shutil.which("storescp") or version() != "3.6.7", reason="needs storescp 3.6.7")
@pytest.mark.parametrize(
    ("options", "encoding"),
    [
        ((), Encoding()),
        (("-e",), Encoding(sequence_length=SequenceLength.UNDEFINED)),
        (("+p", "512", "16"), Encoding(file_padding=512, item_padding=16)),
    ],
    ids=["default", "undefined", "padded"],
)
def test_a_series_as_storescp_writes_it(
    options: tuple[str, ...], encoding: Encoding, eager: Dictionary, tmp_path: Path
):
    random = Random(7)
    with oracle(tmp_path, *options) as running:
        for _ in range(80):
            data = series(random)
            theirs = running.store(LITTLE, data)
            assert isinstance(theirs, Stored)
            written, _ = reencoded(data, LITTLE, encoding, eager, (16372,), theirs.prefix_length)
            assert written == theirs.data


def calls(work: Callable[[], object]) -> int:
    """How many functions of the package are called meanwhile."""
    count = 0

    def note(frame: FrameType, event: str, _: object) -> None:
        nonlocal count
        count += event == "call" and re.search(r"storescpd.dataset", frame.f_code.co_filename) is not None

    sys.setprofile(note)
    try:
        work()
    finally:
        sys.setprofile(None)
    return count


@pytest.mark.plain("Python does not count the calls of compiled functions")
def test_an_image_of_a_known_series_costs_a_fraction(dictionary: Dictionary):
    """With a UID of another length too."""
    fresh = replace(dictionary, compiled={})

    def image(number: int) -> Callable[[], object]:
        data = ct_header(f"1.2.3.{number}", "1.2.4.5", undefined=True)
        return lambda: reencoded(data, LITTLE, Encoding(), fresh)

    first = min(calls(image(number)) for number in range(10, 13))
    for number in range(20, 60):
        image(number)()
    assert calls(image(61)) * 2 < first
    assert calls(image(6100)) * 2 < first


@pytest.mark.plain("Python does not count the calls of compiled functions")
def test_frames_cost_a_fraction(dictionary: Dictionary):
    fresh = replace(dictionary, compiled={})

    def frames(count: int) -> bytes:
        groups = [open_sequence(0x00189112 + 2 * n, open_item(element(0x00180080, "DS", b"2000"))) for n in range(12)]
        return open_sequence(0x52009230, *([open_item(*groups)] * count))

    def cost(count: int) -> int:
        return calls(lambda: reencoded(frames(count), LITTLE, Encoding(), fresh, (1 << 20,)))

    cost(100)
    assert (cost(1100) - cost(100)) / 1000 < 10
