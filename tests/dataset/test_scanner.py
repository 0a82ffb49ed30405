"""With the scanner the same is written as without; it passes by what it may, and nothing of an element costs a call."""

import os
import re
import shutil
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from random import Random
from types import FrameType

import pytest

from storescpd.dataset import ConversionError, DataSetError, Dictionary, Encoding, SequenceLength
from storescpd.dataset.forms import EXPLICIT_BIG, EXPLICIT_LITTLE, Form
from storescpd.dataset.forms import IMPLICIT as IMPLICIT_FORM
from storescpd.dataset.rules import Special
from storescpd.dataset.scanner import (
    GROUPS,
    IDENTIFIES,
    LEAF,
    LETTERS,
    LONG_BINARY,
    LONG_TEXT,
    ROW,
    SEQUENCE,
    TEXT,
    UID,
)
from storescpd.dataset.scanner_tables import tag_table, vr_table
from storescpd.dataset.tables import rule_table
from storescpd.dataset.vr import VALUE_REPRESENTATIONS, Kind
from tests.dataset.applied import reencoded
from tests.dataset.build import LITTLE, element, item, open_item, open_sequence, plain, sequence
from tests.dataset.hostile import Sent, sent
from tests.dataset.oracle import Stored, oracle
from tests.support.objects import ct_header
from tests.support.reference import version

EXAMPLES = int(os.environ.get("STORESCPD_SCANNER_EXAMPLES", "3000"))
FIRST = int(os.environ.get("STORESCPD_SCANNER_FIRST", "0"))
FORMS = (EXPLICIT_LITTLE, EXPLICIT_BIG, IMPLICIT_FORM)
PARTS = 4


@pytest.fixture(scope="module")
def slow(dictionary: Dictionary) -> Dictionary:
    """A dictionary with whose tables nothing is scanned."""
    return replace(dictionary, compiled={})


def outcome(case: Sent, dictionary: Dictionary, *, scanned: bool) -> tuple[object, ...]:
    if not scanned:
        for form in FORMS:
            rule_table(form, form, case.encoding, dictionary).scanner = None
    try:
        written, reencoder = reencoded(case.data, case.syntax, case.encoding, dictionary, case.sizes, 300, per_feed=3)
    except (DataSetError, ConversionError) as error:
        return type(error), str(error)
    return written, reencoder.identity, reencoder.warnings


@pytest.mark.timeout(EXAMPLES / 5 + 120)
@pytest.mark.parametrize("part", range(PARTS))
def test_it_changes_nothing(part: int, dictionary: Dictionary, slow: Dictionary):
    for seed in range(FIRST + part, FIRST + EXAMPLES, PARTS):
        case = sent(seed)
        assert outcome(case, dictionary, scanned=True) == outcome(case, slow, scanned=False), f"seed {seed}"


def class_of(tags: bytes, tag: int) -> int:
    """As the scanner looks it up."""
    row = tags[tag >> 16]
    if not row:
        return 0
    at = GROUPS + (row - 1) * ROW + (tag >> 8 & 0xFF) * 2
    return (
        tags[int.from_bytes(tags[at : at + 2], "little") * LEAF + (tag & 0xFF)] if tags[at : at + 2] != b"\0\0" else 0
    )


def class_of_vr(vrs: bytes, code: bytes) -> int:
    return vrs[(code[0] - 65) * LETTERS + code[1] - 65]


CLASSES = {TEXT: Kind.TEXT, LONG_TEXT: Kind.TEXT, UID: Kind.UID, SEQUENCE: Kind.SEQUENCE}


@pytest.mark.parametrize(
    "encoding", [Encoding(), Encoding(new_vr=False), Encoding(convert_un=True)], ids=["usual", "old", "converted"]
)
@pytest.mark.parametrize("form", FORMS, ids=["little", "big", "implicit"])
def test_only_what_decides_nothing_is_passed(form: Form, encoding: Encoding, dictionary: Dictionary):
    """Each tag that is in the table, with each VR that is, beside the rule that the reader would have for it."""
    fresh = replace(dictionary, compiled={})
    tags, table = tag_table(fresh), rule_table(form, form, encoding, fresh)
    vrs = vr_table(table)
    codes = [vr.code for vr in VALUE_REPRESENTATIONS.values()] if form.explicit else [b""]
    passed = 0
    for tag in (*fresh.public, *range(0x00100000, 0x00110000), 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD, 0xFFFCFFFC):
        kind = class_of(tags, tag)
        if not kind:
            continue
        for code in codes if tag & 0xFF < 0x10 else codes[:1]:
            expected = class_of_vr(vrs, code) if code else kind & ~IDENTIFIES
            if not expected:
                continue
            _, _, rule = table[form.tag_bytes(tag) + code]
            assert rule.special is (Special.IDENTITY if kind & IDENTIFIES else Special.NONE)
            assert rule.plain
            assert not rule.implicit
            assert rule.other is None
            assert rule.vr.kind is CLASSES.get(expected, Kind.BINARY)
            assert rule.long_in == (expected in {LONG_BINARY, LONG_TEXT} or (expected == SEQUENCE and form.explicit))
            passed += 1
    assert passed > 4000


def test_what_nothing_is_known_of_is_not_passed(dictionary: Dictionary):
    tags = tag_table(dictionary)
    deciding = (0x00080000, 0x00280103, 0x54001004, 0x7FE00010, 0xFFFCFFFC, 0xFFFEE00D, 0x00080FFF, 0x00190010)
    assert not any(class_of(tags, tag) for tag in deciding)
    assert class_of(tags, 0x00100010) & IDENTIFIES
    assert class_of(tags, 0x00081030) == TEXT


FRAME = open_item(
    open_sequence(0x00209113, open_item(element(0x00200032, "DS", b"-1\\1\\2.5"))),
    open_sequence(0x00289110, open_item(element(0x00280030, "DS", b"0.5\\0.50"))),
)


def test_all_of_a_header_is_one_run(dictionary: Dictionary):
    """But for the pixel representation, which decides where VRs are not sent; lengths are found out."""
    scanner = rule_table(EXPLICIT_LITTLE, EXPLICIT_LITTLE, Encoding(), dictionary).scanner
    assert scanner is not None
    for undefined, changed in ((False, False), (True, True)):
        data = ct_header("1.2.3.4", "1.2.3.5", undefined=undefined)
        # In no dictionary, and so not passed.
        data = data.replace(element(0x00320010, "SH", b"DICTATED"), b"")
        run = scanner.elements(data, 0, len(data), -1, 1 << 33, 64, top=False)
        assert run.end == data.index(b"\x28\x00\x03\x01US")
        run = scanner.elements(data, run.end + 10, len(data), run.last, 1 << 33, 64, top=False)
        assert (run.end, bool(run.marks)) == (len(data), changed)
    frames = FRAME * 30
    run = scanner.items(frames, 0, len(frames), 64)
    assert run.end == len(frames)
    assert len(run.marks) == 30 * 10


def test_what_was_looked_through_in_vain_is_bounded(dictionary: Dictionary):
    scanner = rule_table(EXPLICIT_LITTLE, EXPLICIT_LITTLE, Encoding(), dictionary).scanner
    assert scanner is not None
    data = element(0x00100020, "LO", b"ab")
    for _ in range(9):
        data = sequence(0x00081140, item(data))
    assert scanner.elements(data, 0, len(data), -1, 1 << 33, 64, top=True).end == 0
    assert scanner.elements(data, 20, len(data), -1, 1 << 33, 64, top=True).end == len(data)
    empty = open_item() * 100_000
    run = scanner.items(empty, 0, len(empty), 64)
    assert 0 < run.end < len(empty)
    assert len(run.marks) < 20_000


def calls(work: Callable[[], object]) -> int:
    """How many functions of the package are called meanwhile, but for those that compiled are a few instructions."""
    count = 0

    def note(frame: FrameType, event: str, _: object) -> None:
        nonlocal count
        count += event == "call" and re.search(r"storescpd.dataset.(?!scanner)", frame.f_code.co_filename) is not None

    sys.setprofile(note)
    try:
        work()
    finally:
        sys.setprofile(None)
    return count


@pytest.mark.plain("Python does not count the calls of compiled functions")
@pytest.mark.parametrize(
    "more", [element(0x00091001, "LO", b"ab"), plain(0xFFFEE000, b""), FRAME], ids=["element", "item", "frame"]
)
def test_what_is_passed_costs_no_call(more: bytes, dictionary: Dictionary):
    def cost(count: int) -> int:
        if more[:2] == b"\x09\0":
            data = b"".join(element(0x00091000 + number, "LO", b"ab") for number in range(count))
        else:
            data = open_sequence(0x52009230, more * count)
        return calls(lambda: reencoded(data, LITTLE, Encoding(), dictionary, (1 << 20,)))

    cost(10)
    assert cost(110) == cost(10)


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
    options: tuple[str, ...], encoding: Encoding, dictionary: Dictionary, tmp_path: Path
):
    random = Random(7)
    with oracle(tmp_path, *options) as running:
        for _ in range(80):
            data = series(random)
            theirs = running.store(LITTLE, data)
            assert isinstance(theirs, Stored)
            written, _ = reencoded(data, LITTLE, encoding, dictionary, (16372,), theirs.prefix_length)
            assert written == theirs.data
