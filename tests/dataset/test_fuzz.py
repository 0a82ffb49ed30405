"""Whatever arrives: the declared errors, no others, and no more written than can come from it."""

import os
import resource
import time
import zlib
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storescpd.data.transfer_syntaxes import DEFLATED
from storescpd.dataset import (
    ConversionError,
    DataSetError,
    Dictionary,
    Encoding,
    GroupLength,
    OutputSyntax,
    SequenceLength,
)
from tests.dataset.applied import reencoded
from tests.dataset.build import BIG, IMPLICIT, JPEG, LITTLE
from tests.dataset.oddities import Sender
from tests.dataset.test_streaming import ENCODINGS, SIZES, impatient

EXAMPLES = int(os.environ.get("STORESCPD_FUZZ_EXAMPLES", "300"))
SECONDS = float(os.environ.get("STORESCPD_FUZZ_SECONDS", "120"))
MOST_GROWTH = 160 * 1024
"""KiB that the whole run may add to the process: full tables, whatever comes."""
CONFIGURED = (
    Encoding(),
    Encoding(sequence_length=SequenceLength.UNDEFINED, item_padding=16, file_padding=512),
    Encoding(group_length=GroupLength.CREATE, transfer_syntax=OutputSyntax.EXPLICIT_BIG, convert_un=True),
    Encoding(group_length=GroupLength.REMOVE, transfer_syntax=OutputSyntax.IMPLICIT),
    Encoding(new_vr=False, transfer_syntax=OutputSyntax.DEFLATED, item_padding=2),
)
"""Few, as in a daemon: each has tables of its own, which are kept."""
SYNTAXES = st.sampled_from([LITTLE, BIG, IMPLICIT, JPEG, DEFLATED])
__all__ = ["impatient"]


def survives(data: bytes, syntax: str, encoding: Encoding, sizes: list[int], dictionary: Dictionary) -> None:
    try:
        written, reencoder = reencoded(data, syntax, encoding, dictionary, sizes, 300)
    except (DataSetError, ConversionError):
        return
    assert len(written) < 40 * len(data) + 1024
    assert len(reencoder.warnings) <= len(data)


@settings(max_examples=EXAMPLES, deadline=None)
@given(data=st.binary(min_size=1, max_size=400), syntax=SYNTAXES, encoding=ENCODINGS, sizes=SIZES)
def test_any_bytes(data: bytes, syntax: str, encoding: Encoding, sizes: list[int], dictionary: Dictionary):
    survives(data, syntax, encoding, sizes, dictionary)


@settings(max_examples=EXAMPLES, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    syntax=SYNTAXES,
    encoding=ENCODINGS,
    sizes=SIZES,
    changes=st.lists(st.tuples(st.integers(0, 10**4), st.integers(0, 255)), max_size=6),
    cut=st.integers(0, 10**4),
)
def test_damaged_data_sets(
    seed: int,
    syntax: str,
    encoding: Encoding,
    sizes: list[int],
    changes: list[tuple[int, int]],
    cut: int,
    dictionary: Dictionary,
):
    survives(damaged(seed, syntax, changes, cut), syntax, encoding, sizes, dictionary)


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("seed", range(EXAMPLES))
def test_damaged_data_sets_in_a_hurry(seed: int, dictionary: Dictionary):
    random = Random(seed)
    syntax = random.choice([LITTLE, BIG, IMPLICIT, JPEG, DEFLATED])
    changes = [(random.randrange(10**4), random.randrange(256)) for _ in range(random.randrange(5))]
    sizes = [random.randint(1, 60) for _ in range(3)]
    survives(damaged(seed, syntax, changes, random.randrange(10**4)), syntax, Encoding(), sizes, dictionary)


@pytest.mark.slow
@pytest.mark.timeout(SECONDS + 120)
def test_two_minutes_of_damage(dictionary: Dictionary):
    """New data sets in every run; a failure names the seed that makes its data set again."""
    source = Random()
    end = time.monotonic() + SECONDS
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    while time.monotonic() < end:
        seed = source.randrange(1 << 40)
        try:
            survives_damage(seed, dictionary)
        except Exception as error:
            raise AssertionError(f"seed {seed}") from error
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < MOST_GROWTH


def survives_damage(seed: int, dictionary: Dictionary) -> None:
    random = Random(seed)
    syntax = random.choice([LITTLE, BIG, IMPLICIT, JPEG, DEFLATED])
    changes = [(random.randrange(10**4), random.randrange(256)) for _ in range(random.randrange(8))]
    sizes = [random.randint(1, 4000) for _ in range(3)]
    encoding = random.choice(CONFIGURED)
    survives(damaged(seed, syntax, changes, random.randrange(10**4)), syntax, encoding, sizes, dictionary)


def damaged(seed: int, syntax: str, changes: list[tuple[int, int]], cut: int) -> bytes:
    """A data set with some bytes changed, perhaps cut."""
    random = Random(seed)
    sender = Sender(random, explicit=syntax != IMPLICIT, big_endian=syntax == BIG, oddity=0.3)
    data = bytearray(sender.data_set(random.randrange(1, 10)))
    for at, value in changes:
        data[at % len(data)] = value
    if cut % 3 == 0:
        del data[cut % len(data) + 1 :]
    if syntax == DEFLATED:
        deflate = zlib.compressobj(wbits=-zlib.MAX_WBITS)
        data = bytearray(deflate.compress(data) + deflate.flush())
    return bytes(data)
