"""What a data set may cost: memory, time, depth."""

import time
import tracemalloc
import zlib
from dataclasses import replace

import pytest

from storescpd.data.transfer_syntaxes import DEFLATED, TRANSFER_SYNTAXES
from storescpd.dataset import (
    ConversionError,
    DataSetError,
    Dictionary,
    Encoding,
    Fault,
    Limits,
    OutputSyntax,
    Patch,
    Reencoder,
    SequenceLength,
)
from tests.dataset.applied import reencoded
from tests.dataset.build import IMPLICIT, JPEG, LITTLE, element, item, open_item, open_sequence, plain, sequence
from tests.dataset.oddities import ITEM, UNDEFINED

MIB = 1 << 20
TO_LITTLE = OutputSyntax.EXPLICIT_LITTLE
SEQUENCE = 0x00081140


def peak(reencoder: Reencoder, head: bytes, value: bytes, times: int, tail: bytes = b"") -> tuple[int, int]:
    """Most memory in use while a value made of `times` times the same bytes goes through, and the bytes written."""
    written = 0
    tracemalloc.start()
    try:
        for fragment in (head, *[value] * times, tail):
            pieces = reencoder.feed([memoryview(fragment)])
            written += sum(len(piece) for piece in pieces if not isinstance(piece, Patch))
        written += sum(len(piece) for piece in reencoder.finish(0).pieces if not isinstance(piece, Patch))
        return tracemalloc.get_traced_memory()[1], written
    finally:
        tracemalloc.stop()


@pytest.mark.slow
@pytest.mark.parametrize("syntax", [OutputSyntax.SAME, OutputSyntax.EXPLICIT_BIG, OutputSyntax.DEFLATED])
def test_a_gibibyte_needs_no_memory(syntax: OutputSyntax, dictionary: Dictionary):
    head = element(0x00080008, "CS", b"ORIGINAL") + element(0x7FE00010, "OW", b"", 1 << 30)
    reencoder = Reencoder(TRANSFER_SYNTAXES[LITTLE], Encoding(syntax), dictionary)
    memory, written = peak(reencoder, head, bytes(64 * 1024), 1 << 14)
    assert written == len(head) + (1 << 30)
    assert memory < 4 * MIB


def test_fragments_of_pixel_data_need_no_memory(dictionary: Dictionary):
    reencoder = Reencoder(TRANSFER_SYNTAXES[JPEG], Encoding(), dictionary)
    fragment = plain(ITEM, bytes(30_000))
    head = element(0x7FE00010, "OB", b"", UNDEFINED) + item()
    memory, _ = peak(reencoder, head, fragment, 3000, plain(0xFFFEE0DD))
    assert memory < 8 * MIB


def test_many_items_need_little_memory(dictionary: Dictionary):
    reencoder = Reencoder(TRANSFER_SYNTAXES[LITTLE], Encoding(), dictionary)
    nested = open_item(open_sequence(SEQUENCE, open_item(element(0x00100020, "LO", b"ab"))))
    memory, _ = peak(reencoder, element(SEQUENCE, "SQ", b"", UNDEFINED), nested, 40_000, plain(0xFFFEE0DD))
    assert memory < 4 * MIB


def test_a_text_of_blanks_needs_little_memory(dictionary: Dictionary):
    reencoder = Reencoder(TRANSFER_SYNTAXES[LITTLE], Encoding(), dictionary)
    head = element(0x0040A160, "UT", b"", 1 << 28)
    memory, _ = peak(reencoder, head, b" " * 65536, 1 << 12)
    assert memory < 8 * MIB


@pytest.mark.parametrize(
    "encoding",
    [Encoding(), Encoding(sequence_length=SequenceLength.UNDEFINED), Encoding(OutputSyntax.IMPLICIT)],
    ids=["explicit", "undefined", "implicit"],
)
def test_time_is_linear_in_the_items(encoding: Encoding, dictionary: Dictionary):
    def seconds(count: int) -> float:
        frame = open_item(open_sequence(0x00209111, open_item(element(0x00189074, "DT", b"20200101"))))
        data = open_sequence(0x52009230, *[frame] * (count // 2))
        best = float("inf")
        for _ in range(3):
            start = time.process_time()
            reencoded(data, LITTLE, encoding, dictionary)
            best = min(best, time.process_time() - start)
        return best

    assert seconds(100_000) < 20 * seconds(10_000)


def test_time_is_linear_in_the_disorder(dictionary: Dictionary):
    def seconds(count: int) -> float:
        tags = [0x00110000 + number * 3 for number in range(count)]
        data = b"".join(element(tag, "LO", b"ab") for tag in reversed(tags))
        start = time.process_time()
        reencoded(data, LITTLE, Encoding(), dictionary)
        return time.process_time() - start

    # So few that their rules are remembered: making them takes as long as reading them.
    seconds(12_000)
    assert seconds(12_000) < 40 * seconds(1_200)


def test_tiny_fragments_of_a_value_are_gathered_in_linear_time(dictionary: Dictionary):
    data = element(0x00420011, "OB", bytes(60_000))
    start = time.process_time()
    assert reencoded(data, LITTLE, Encoding(), dictionary, (2,))[0] == data
    assert time.process_time() - start < 5


@pytest.mark.parametrize("depth", [64, 65, 5000])
def test_nesting_ends_at_64(depth: int, dictionary: Dictionary):
    data = element(0x00100020, "LO", b"ab")
    for _ in range(depth):
        data = sequence(SEQUENCE, item(data))
    if depth <= 64:
        assert reencoded(data, LITTLE, Encoding(), dictionary)[0] == data
    else:
        with pytest.raises(DataSetError, match="too deep"):
            reencoded(data, LITTLE, Encoding(), dictionary)


def test_open_nesting_ends_at_64_too(dictionary: Dictionary):
    data = (element(SEQUENCE, "SQ", b"", UNDEFINED) + plain(ITEM, b"", UNDEFINED)) * 70
    with pytest.raises(DataSetError, match="too deep"):
        reencoded(data, LITTLE, Encoding(), dictionary)


def test_disorder_has_a_limit(dictionary: Dictionary, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("storescpd.dataset.assembly._INDEX_LIMIT", 100)
    tags = range(0x00110000, 0x00110000 + 200)
    data = b"".join(element(tag, "LO", b"ab") for tag in reversed(tags))
    with pytest.raises(DataSetError, match="too many elements out of order"):
        reencoded(data, LITTLE, Encoding(), dictionary)


def test_disorder_in_many_items_has_the_same_limit(dictionary: Dictionary, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("storescpd.dataset.assembly._INDEX_LIMIT", 100)
    large_value = element(0x00420011, "OB", bytes(70_000))
    disordered = item(large_value, element(0x00100020, "LO", b"ab"))
    assert reencoded(sequence(SEQUENCE, *[disordered] * 30), LITTLE, Encoding(), dictionary)
    with pytest.raises(DataSetError, match="too many elements out of order"):
        reencoded(sequence(SEQUENCE, *[disordered] * 60), LITTLE, Encoding(), dictionary)


def reversed_elements(count: int) -> bytes:
    return b"".join(element(tag, "LO", b"ab") for tag in reversed(range(0x00110000, 0x00110000 + count)))


@pytest.mark.parametrize("levels", [2, 12])
def test_disorder_in_many_levels_has_the_same_limit(
    levels: int, dictionary: Dictionary, monkeypatch: pytest.MonkeyPatch
):
    """All that are open count together; those that were closed count no more."""
    monkeypatch.setattr("storescpd.dataset.assembly._INDEX_LIMIT", 100)
    each = reversed_elements(100 // levels)
    data = b""
    for _ in range(levels):
        data = each + open_sequence(SEQUENCE, open_item(data))
    with pytest.raises(DataSetError, match="too many elements out of order") as raised:
        reencoded(data, LITTLE, Encoding(), dictionary)
    assert raised.value.fault is Fault.DISORDER
    one = open_item(reversed_elements(90))
    assert reencoded(open_sequence(SEQUENCE, *[one] * 30), LITTLE, Encoding(), dictionary)


def test_a_level_that_was_in_order_for_too_long_has_to_stay_so(dictionary: Dictionary, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("storescpd.dataset.assembly._INDEX_LIMIT", 100)
    many = b"".join(element(0x00110100 + number, "LO", b"ab") for number in range(200))
    large_value = element(0x00420011, "OB", bytes(70_000))
    ordered = many + large_value + element(0x00420013, "LO", b"ab")
    assert reencoded(ordered + element(0x00420014, "OB", bytes(70_000)), LITTLE, Encoding(), dictionary)
    with pytest.raises(DataSetError, match="too many elements out of order"):
        reencoded(
            ordered + element(0x00420014, "OB", bytes(70_000)) + element(0x00100020, "LO", b"ab"),
            LITTLE,
            Encoding(),
            dictionary,
        )
    # What it remembered does not count any more.
    item_in_disorder = open_item(reversed_elements(90))
    assert reencoded(ordered + open_sequence(0x52009230, item_in_disorder), LITTLE, Encoding(), dictionary)


def test_the_memory_of_disorder_does_not_grow_with_the_levels(dictionary: Dictionary):
    reencoder = Reencoder(TRANSFER_SYNTAXES[LITTLE], Encoding(), dictionary)
    each = reversed_elements(0xF000) + element(SEQUENCE, "SQ", b"", UNDEFINED) + plain(ITEM, b"", UNDEFINED)
    tracemalloc.start()
    try:
        with pytest.raises(DataSetError, match="too many elements out of order"):
            reencoder.feed([memoryview(each)] * 12)
        assert tracemalloc.get_traced_memory()[1] < 48 * MIB
    finally:
        tracemalloc.stop()


def test_creators_do_not_fill_the_memory(dictionary: Dictionary):
    syntax = TRANSFER_SYNTAXES[IMPLICIT]
    reencoder = Reencoder(syntax, Encoding(), dictionary)
    creators = b"".join(
        plain(0x00110010 + (number << 17) + low, b"x" * 60) for number in range(64) for low in range(240)
    )
    memory, _ = peak(reencoder, b"", creators, 1)
    assert memory < 16 * MIB


def test_duplicates_have_none(dictionary: Dictionary, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("storescpd.dataset.assembly._INDEX_LIMIT", 100)
    one = element(0x00100020, "LO", b"ab")
    assert reencoded(one * 1000, LITTLE, Encoding(), dictionary)[0] == one


def test_a_bomb_ends_at_the_size_of_objects(dictionary: Dictionary):
    deflate = zlib.compressobj(9, wbits=-zlib.MAX_WBITS)
    data = deflate.compress(element(0x00420011, "OB", bytes(50 * MIB))) + deflate.flush()
    encoding = Encoding(limits=Limits(object_size=MIB))
    with pytest.raises(ConversionError, match="larger"):
        reencoded(data, DEFLATED, encoding, dictionary)


def test_a_bomb_ends_at_a_ratio_where_one_is_wanted(dictionary: Dictionary):
    deflate = zlib.compressobj(9, wbits=-zlib.MAX_WBITS)
    data = deflate.compress(element(0x00420011, "OB", bytes(5 * MIB))) + deflate.flush()
    with pytest.raises(ConversionError, match="100 times"):
        reencoded(data, DEFLATED, Encoding(limits=Limits(inflation=100)), dictionary)
    for inflation in (0, 1100):
        reencoded(data, DEFLATED, Encoding(limits=Limits(inflation=inflation)), dictionary)


def test_a_small_data_set_may_inflate_as_it_likes(dictionary: Dictionary):
    deflate = zlib.compressobj(9, wbits=-zlib.MAX_WBITS)
    data = deflate.compress(element(0x00420011, "OB", bytes(MIB // 2))) + deflate.flush()
    reencoded(data, DEFLATED, Encoding(limits=Limits(inflation=1)), dictionary)


def many_items(count: int) -> bytes:
    """Little that becomes a lot where items are padded."""
    return element(SEQUENCE, "SQ", item(element(0x00100020, "LO")) * count)


def deflated(data: bytes) -> bytes:
    deflate = zlib.compressobj(9, wbits=-zlib.MAX_WBITS)
    return deflate.compress(data) + deflate.flush()


GROWING = {
    "padded": (LITTLE, many_items(8000), Encoding(item_padding=8192), 8000 * 8192),
    "padded far": (LITTLE, many_items(30), Encoding(item_padding=2 << 20), 60 << 20),
    "padded beyond all": (LITTLE, many_items(3), Encoding(item_padding=(1 << 31) - 2), 3 * ((1 << 31) - 2)),
    "inflated": (DEFLATED, deflated(element(0x00420011, "OB", bytes(60 * MIB))), Encoding(TO_LITTLE), 60 * MIB),
    "both": (DEFLATED, deflated(many_items(8000)), Encoding(TO_LITTLE, item_padding=8192), 8000 * 8192),
    "the whole padded": (LITTLE, many_items(1), Encoding(file_padding=1 << 30), (1 << 30) - 28),
}


@pytest.mark.parametrize("kind", GROWING)
def test_what_grows_comes_in_parts(kind: str, dictionary: Dictionary):
    """However much becomes of little, no more than a few MiB of it are held."""
    syntax, data, encoding, least = GROWING[kind]
    reencoder = Reencoder(TRANSFER_SYNTAXES[syntax], encoding, dictionary)
    written = 0
    tracemalloc.start()
    try:
        for pieces in reencoder.parts([memoryview(data)]):
            written += sum(len(piece) for piece in pieces if not isinstance(piece, Patch))
        written += sum(len(piece) for piece in reencoder.finish(0).pieces if not isinstance(piece, Patch))
        memory = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert written >= least
    assert memory < 20 * MIB


@pytest.mark.parametrize("kind", GROWING)
def test_what_grows_ends_at_the_size_of_objects(kind: str, dictionary: Dictionary):
    syntax, data, encoding, _ = GROWING[kind]
    reencoder = Reencoder(TRANSFER_SYNTAXES[syntax], replace(encoding, limits=Limits(object_size=MIB)), dictionary)
    written = []

    def write() -> None:
        for pieces in reencoder.parts([memoryview(data)]):
            written.extend(len(piece) for piece in pieces if not isinstance(piece, Patch))
        reencoder.finish(0)

    with pytest.raises(ConversionError) as caught:
        write()
    assert caught.value.fault is Fault.TOO_LARGE
    assert sum(written) <= MIB


@pytest.mark.parametrize("tail", [b"", b"\0", b"\0\0"])
def test_padding_behind_the_deflated_stream_is_ignored(tail: bytes, dictionary: Dictionary):
    plain_data = element(0x00100020, "LO", b"ab")
    deflate = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    data = deflate.compress(plain_data) + deflate.flush() + tail
    for sizes in ((len(data),), (1,)):
        written, _ = reencoded(data, DEFLATED, Encoding(OutputSyntax.EXPLICIT_LITTLE), dictionary, sizes)
        assert written == plain_data


@pytest.mark.parametrize("cut", [1, 5, -1])
def test_a_deflated_stream_must_be_whole(cut: int, dictionary: Dictionary):
    deflate = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    data = deflate.compress(element(0x00100020, "LO", b"ab" * 50)) + deflate.flush()
    with pytest.raises(DataSetError):
        reencoded(data[:cut], DEFLATED, Encoding(), dictionary)
    with pytest.raises(DataSetError):
        reencoded(b"\xff" + data, DEFLATED, Encoding(), dictionary)
