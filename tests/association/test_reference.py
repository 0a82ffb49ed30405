"""The acceptor beside storescp: random proposals under every preference, and responses into every maximum length."""

import random
import struct
from collections.abc import Iterator

import pytest
from pydicom._uid_dict import UID_dictionary

from storescpd.data.preferences import preferences
from storescpd.data.sop_classes import SOP_CLASSES, VERIFICATION
from tests.association.driver import POLICY, Driver, promiscuous
from tests.association.messages import (
    BIG,
    CT,
    DATA_SET,
    EXPLICIT,
    IMPLICIT,
    LAST,
    RELEASE,
    USER_ABORT,
    context,
    data,
    proposing,
)
from tests.conversation.player import ANSWER, play
from tests.support.rawclient import ABORT, DATA, RELEASE_RP, associate_request, command_set, store_request, uid, us
from tests.support.reference import storescp
from tests.support.tools import need

ROOT = "1.2.840.10008.1.2"
# storescp's options by the name of the preference.
OPTIONS = {
    "uncompressed": "+x=",
    "little": "+xe",
    "big": "+xb",
    "implicit": "+xi",
    "lossless": "+xs",
    "jpeg8": "+xy",
    "jpeg12": "+xx",
    "j2k-lossless": "+xv",
    "j2k-lossy": "+xw",
    "jls-lossless": "+xt",
    "jls-lossy": "+xu",
    "mpeg2": "+xm",
    "mpeg2-high": "+xh",
    "mpeg4": "+xn",
    "mpeg4-bd": "+xl",
    "mpeg4-2-2d": "+x2",
    "mpeg4-2-3d": "+x3",
    "mpeg4-2-st": "+xo",
    "hevc": "+x4",
    "hevc10": "+x5",
    "rle": "+xr",
    "deflated": "+xd",
    "all": "+xa",
}
NEWER = {".4.100.1", ".4.101.1", ".4.102.1", ".4.103.1", ".4.104.1", ".4.105.1", ".4.106.1"} | {
    ".4.201", ".4.202", ".4.203", ".4.110", ".4.111", ".4.112", ".8.1", ".1.98"
}  # fmt: skip
"""Transfer syntaxes that storescp 3.6.7 does not know, so that its +xa has not got them."""

SYNTAXES = [*sorted(set(preferences("little")["all"]) - {ROOT + suffix for suffix in NEWER}), "1.2.3.9"]
CLASSES = [uid for uid, row in SOP_CLASSES.items() if "7" in row.accepted]
REFUSED = ["1.2.840.10008.5.1.4.31", "1.2.840.10008.5.1.4.38.1", "1.2.840.10008.5.1.4.1.2.1.1", IMPLICIT]
UNKNOWN = ["1.2.3.4", "1.2.840.10008.5.1.4.1.1.99999", "", CT + " "]


def proposal(source: random.Random) -> bytes:
    """Random contexts: ids in any order and more than once, classes of every kind, up to eight transfer syntaxes."""

    def syntaxes() -> list[str]:
        pool = source.choice([SYNTAXES, [IMPLICIT, EXPLICIT, BIG]])
        return source.sample(pool, source.randint(1, min(8, len(pool))))

    def abstract() -> str:
        return source.choice([source.choice(CLASSES), VERIFICATION, source.choice(REFUSED), source.choice(UNKNOWN)])

    ids = [source.randrange(256) for _ in range(source.randint(1, 12))]
    ids += source.sample(ids, source.randint(0, len(ids)))
    return proposing(*(context(number, abstract(), *syntaxes()) for number in ids))


@pytest.fixture
def reference(tmp_path, request) -> Iterator[int]:
    """The port of a storescp that serves each connection in a process of its own."""
    need("storescp")
    with storescp(tmp_path / "reference", "--fork", "-ta", "2", "+B", *request.param) as receiver:
        yield receiver.port


@pytest.mark.parametrize(
    ("prefer", "reference"), [(name, (option,)) for name, option in OPTIONS.items()], indirect=["reference"]
)
def test_random_proposals_are_answered_as_by_storescp(prefer, reference):
    policy = POLICY._replace(transfer_syntaxes=preferences("little")[prefer])
    compare(reference, policy, random.Random(f"negotiation {prefer}"))


@pytest.mark.parametrize("reference", [("-pm",)], indirect=True)
def test_random_proposals_in_promiscuous_mode(reference):
    compare(reference, promiscuous(POLICY, UID_dictionary), random.Random("promiscuous"))


def compare(port: int, policy, source: random.Random) -> None:
    """Forty proposals, whose acceptances must be equal byte for byte: the implementation's names are the same."""
    accepted = 0
    for _ in range(40):
        raw = proposal(source)
        expected = play(port, [raw, ANSWER, RELEASE]).pdus[0]
        assert bytes(Driver(policy).play([raw]).sent).hex(" ") == expected.hex(" ")
        accepted += expected.count(b"\x21\x00\x00\x19") + expected.count(b"\x21\x00\x00\x1b")
    assert accepted > 40


@pytest.mark.parametrize("reference", [()], indirect=True)
def test_every_storage_class_is_answered_as_by_storescp(reference):
    every = [uid for uid, row in SOP_CLASSES.items() if row.accepted != "H"]
    for start in range(0, len(every), 100):
        contexts = [context(number, one, EXPLICIT) for number, one in enumerate(every[start : start + 100])]
        raw = proposing(*contexts)
        expected = play(reference, [raw, ANSWER, RELEASE]).pdus[0]
        assert bytes(Driver().play([raw]).sent) == expected


REQUEST = store_request("1." + "3" * 62, "1." + "2" * 62, 7)
RESPONSE = command_set(
    {
        0x0002: uid("1." + "3" * 62), 0x0100: us(0x8001), 0x0120: us(7), 0x0800: us(0x0101), 0x0900: us(0),
        0x1000: uid("1." + "2" * 62),
    }
)  # fmt: skip
"""196 bytes: the longest response there is."""


def storing(max_pdu: int) -> list[bytes]:
    return [
        associate_request([(1, CT, (IMPLICIT,))], max_pdu=max_pdu),
        data((1, 3, REQUEST)) + data((1, LAST, DATA_SET)),
    ]


def split(raw: bytes) -> list[tuple[int, bytes]]:
    """The PDUs in some bytes."""
    found = []
    while raw:
        end = 6 + struct.unpack_from(">I", raw, 2)[0]
        found.append((raw[0], raw[6:end]))
        raw = raw[end:]
    return found


def joined(pdus: list[tuple[int, bytes]]) -> bytes:
    """The command set in P-DATA-TF of one PDV each, the last alone marked so."""
    controls = [body[5] for kind, body in pdus if kind == DATA]
    assert controls == [1] * (len(controls) - 1) + [3]
    return b"".join(body[6:] for _, body in pdus)


SIZES = [*range(14, 202), 203, 204, 1000, 4096, 16384, 131072, 131073, 0x7FFFFFFF, 0xFFFFFFFF]


@pytest.mark.parametrize("size", [0, *SIZES])
def test_responses_fit_what_the_peer_takes(size):
    answers = split(bytes(Driver().play(storing(size)).sent))[1:]
    assert joined(answers) == RESPONSE
    bodies = [len(body) for _, body in answers]
    assert all(length <= (size or 131072) and length % 2 == 0 and length > 6 for length in bodies)
    assert len(bodies) == (1 if size >= 202 or size == 0 else -(-196 // ((size - 6) & ~1)))


@pytest.mark.parametrize("size", range(1, 14))
def test_no_response_fits_into_almost_nothing(size):
    driver = Driver().play(storing(size))
    assert split(bytes(driver.sent))[1:] == [(ABORT, USER_ABORT[6:])]
    assert driver.ended


@pytest.mark.parametrize("reference", [()], indirect=True)
def test_storescp_says_the_same_into_every_length(reference):
    """It cuts otherwise, into less than it might; what it says, and where it gives up, is equal."""
    for size in (0, *range(1, 40), *range(40, 202, 9), *SIZES[-8:]):
        request, message = storing(size)
        heard = split(b"".join(play(reference, [request, ANSWER, message, ANSWER, RELEASE]).pdus))[1:]
        if heard[-1][0] == RELEASE_RP:
            assert joined(heard[:-1]) == RESPONSE, size
        else:
            assert heard == [(ABORT, USER_ABORT[6:])], size
            assert size in range(1, 14)
