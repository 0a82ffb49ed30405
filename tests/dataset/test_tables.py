"""What a worker keeps of the data sets that it has read has one bound, and nobody feels it who sends ordinary ones."""

import gc
import sys
import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from random import Random
from types import FrameType

import pytest

from storescpd.dataset import Dictionary, Encoding, OutputSyntax
from storescpd.dataset.rules import Rule
from tests.dataset.applied import reencoded
from tests.dataset.build import IMPLICIT, plain

MIB = 1 << 20
BUDGET = 16 * MIB
ENTRY = 1024
TAGS = 200_000
"""Bytes of the table of tags, which is made once."""
VENDOR = b"SIEMENS MR HEADER "
ENCODINGS = (
    Encoding(), Encoding(OutputSyntax.EXPLICIT_LITTLE), Encoding(OutputSyntax.EXPLICIT_BIG), Encoding(convert_un=True),
)  # fmt: skip


def many_tags(seed: int, count: int) -> bytes:
    """Elements of private blocks, each reserved by somebody else with the longest name there is."""
    random = Random(seed)
    parts = []
    for group in range(0x0011, 0xFFFF, 2):
        creator = random.randbytes(32).hex().encode()
        parts.append(plain(group << 16 | 0x10, creator))
        parts += [plain(group << 16 | 0x1000 | number, b"ab") for number in random.sample(range(256), 60)]
        count -= 61
        if count <= 0:
            break
    return b"".join(parts)


def header() -> bytes:
    """As of an enhanced image, without VRs: frames with private elements of a block."""
    frame = b"".join((
        plain(0x00180080, b"2000"), plain(0x00189074, b"20200101120000"), plain(0x00191010, b"ab"),
        *(plain(tag, b"0.5 ") for tag in range(0x00280030, 0x00280040)), plain(0x00290010, VENDOR),
        *(plain(tag, b"0.5 ") for tag in range(0x00291008, 0x00291020)),
    ))  # fmt: skip
    frames = plain(0x52009230, plain(0xFFFEE000, frame) * 200)
    return plain(0x00080070, b"Maker ") + frames


def rules() -> list[Rule]:
    """All that there are in the process."""
    gc.collect()
    return [one for one in gc.get_objects() if isinstance(one, Rule)]


def test_rules_have_one_bound_for_all_tables(dictionary: Dictionary):
    fresh, before = replace(dictionary, compiled={}), len(rules())
    for number in range(4):
        reencoded(many_tags(number, 7_000), IMPLICIT, ENCODINGS[number], fresh, (1 << 20,))
    assert len(rules()) - before < BUDGET // ENTRY + 100


def test_a_rule_is_no_larger_than_is_counted(dictionary: Dictionary):
    fresh, before = replace(dictionary, compiled={}), len(rules())
    tracemalloc.start()
    try:
        reencoded(many_tags(0, 1_000), IMPLICIT, Encoding(), fresh, (1 << 20,))
        gc.collect()
        taken = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert len(rules()) - before > 900
    assert taken - TAGS < (len(rules()) - before) * ENTRY


def calls(work: Callable[[], object]) -> int:
    """Functions of the package that are called meanwhile: a measure of time that no other process changes."""
    count = 0

    def note(frame: FrameType, event: str, _: object) -> None:
        nonlocal count
        count += event == "call" and "storescpd/dataset/" in frame.f_code.co_filename

    sys.setprofile(note)
    try:
        work()
    finally:
        sys.setprofile(None)
    return count


@pytest.mark.plain("Python does not count the calls of compiled functions")
@pytest.mark.parametrize("encoding", [Encoding(), Encoding(OutputSyntax.EXPLICIT_LITTLE)], ids=["same", "explicit"])
def test_others_do_not_feel_a_sender_of_many_tags(encoding: Encoding, dictionary: Dictionary):
    fresh = replace(dictionary, compiled={})

    def good() -> int:
        return calls(lambda: reencoded(header(), IMPLICIT, encoding, fresh))

    good()
    before = good()
    for number in range(2):
        reencoded(many_tags(number, 17_000), IMPLICIT, encoding, fresh, (1 << 20,))
        assert good() <= 1.1 * before
        assert good() <= 1.01 * before
