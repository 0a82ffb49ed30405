"""What re-encoding costs, in processor time: generous bounds that only a blunder breaks."""

import struct
import time

import pytest

from storescpd.data.transfer_syntaxes import TRANSFER_SYNTAXES
from storescpd.dataset import Dictionary, Encoding, Reencoder
from tests.dataset.build import LITTLE, element, open_item, open_sequence
from tests.support.objects import ct_header

PDV = 16372


def seconds(data: bytes, dictionary: Dictionary, rounds: int) -> float:
    """The least processor time of one object that arrives in PDVs, four at a time."""
    view = memoryview(bytearray(data))
    fragments = [view[at : at + PDV] for at in range(0, len(data), PDV)]
    feeds = [fragments[at : at + 4] for at in range(0, len(fragments), 4)]
    best = float("inf")
    for _ in range(rounds):
        start = time.process_time()
        reencoder = Reencoder(TRANSFER_SYNTAXES[LITTLE], Encoding(), dictionary)
        for fragments in feeds:
            reencoder.feed(fragments)
        reencoder.finish(344)
        best = min(best, time.process_time() - start)
    return best


@pytest.mark.parametrize("undefined", [False, True])
def test_a_ct_image(undefined: bool, dictionary: Dictionary):
    """Measured: 0.08 ms; storescp takes 0.65 ms with its network and its file."""
    data = ct_header("1.2.3.4", "1.2.3.5", undefined=undefined) + element(0x7FE00010, "OW", bytes(512 * 1024))
    assert seconds(data, dictionary, 50) < 0.001


def test_an_enhanced_mr(dictionary: Dictionary):
    """1,000 frames, 17,000 items. Measured: 84 ms; storescp takes 97 ms with its network and its file."""

    def group(frame: int, tag: int) -> bytes:
        content = (
            element(0x00189074, "DT", b"20200101120000.0"),
            element(0x00189087, "FD", struct.pack("<d", frame)),
            element(0x00280030, "DS", b"0.5\\0.50"),
        )
        return open_sequence(tag, open_item(*content))

    frames = [open_item(*(group(frame, 0x00189010 + 8 * number) for number in range(16))) for frame in range(1000)]
    data = open_sequence(0x52009230, *frames) + element(0x7FE00010, "OW", bytes(1 << 20))
    assert seconds(data, dictionary, 3) < 1
