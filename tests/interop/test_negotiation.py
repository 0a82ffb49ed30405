"""Which contexts are accepted, and with which transfer syntax: the daemon chooses as storescp does."""

import random

import pytest

from tests.support.daemon import storescpd
from tests.support.objects import CT_IMAGE, EXPLICIT_LITTLE, IMPLICIT_LITTLE
from tests.support.rawclient import VERIFICATION, Context, RawAssociation
from tests.support.reference import storescp
from tests.support.tools import need

PREFERENCES = {
    "uncompressed": "+x=", "little": "+xe", "big": "+xb", "lossless": "+xs", "jpeg8": "+xy", "jpeg12": "+xx",
    "j2k-lossless": "+xv", "j2k-lossy": "+xw", "jls-lossless": "+xt", "jls-lossy": "+xu", "mpeg2": "+xm",
    "mpeg2-high": "+xh", "mpeg4": "+xn", "mpeg4-bd": "+xl", "mpeg4-2-2d": "+x2", "mpeg4-2-3d": "+x3",
    "mpeg4-2-st": "+xo", "hevc": "+x4", "hevc10": "+x5", "rle": "+xr", "deflated": "+xd", "implicit": "+xi",
    "all": "+xa",
}  # fmt: skip
SUFFIXES = ["", ".1", ".2", ".5", ".1.99", *(f".4.{number}" for number in (50, 51, 70, 80, 81, 90, 91))]
SUFFIXES += [f".4.{number}" for number in range(100, 109)]
SYNTAXES = [f"1.2.840.10008.1.2{suffix}" for suffix in SUFFIXES]
"""All that storescp 3.6.7 knows."""


def proposals() -> list[Context]:
    """Every transfer syntax alone, then random sets of them in random order, odd ones among them."""
    chance = random.Random(5)
    sets = [[syntax] for syntax in SYNTAXES]
    odd = [*SYNTAXES, "1.2.3.4", "1.2.840.10008.1.2.4.57"]
    sets += [chance.sample(odd, chance.randrange(1, 9)) for _ in range(100)]
    classes = (CT_IMAGE, VERIFICATION)
    return [(2 * number + 1, chance.choice(classes), chosen) for number, chosen in enumerate(sets)]


def negotiated(port: int, contexts: list[Context]) -> tuple[dict[int, int], dict[int, str]]:
    with RawAssociation(port, contexts) as association:
        association.release()
        return association.results, association.accepted


@pytest.mark.parametrize("preference", PREFERENCES)
def test_a_preference_is_storescps_option(preference, tmp_path):
    need("storescp")
    contexts = proposals()
    with storescp(tmp_path / "reference", PREFERENCES[preference]) as reference:
        expected = negotiated(reference.port, contexts)
    with storescpd(tmp_path / "subject", {"negotiation": {"prefer": preference}}) as subject:
        assert negotiated(subject.port, contexts) == expected
    assert 0 < len(expected[1]) < len(contexts) or preference == "all"


def known() -> set[str]:
    """The standard's UIDs, by pydicom."""
    from pydicom.uid import UID_dictionary  # noqa: PLC0415 - slow to import

    return {str(one) for one in UID_dictionary if one.startswith("1.2.840.10008.")}


def candidates() -> list[str]:
    """Everything that might be a storage class, and inventions."""
    storage = "1.2.840.10008.5.1.4.1.1."
    invented = {f"{storage}{major}{minor}" for major in range(1, 92) for minor in ("", ".1", ".2", ".77")}
    retired = {storage + suffix for suffix in ("12.77", "9.1", "9.2.2", "88.1", "88.2", "88.3", "88.4")}
    private = {"1.2.3.4", "1.2.276.0.7230010.3.1.0.1", "1.2.826.0.1.3680043.2.242.1.1"}
    return sorted(known() | invented | retired | private)


SINCE_3_6_7 = 16
"""Classes in the newest list that 3.6.7 does not accept."""


@pytest.mark.parametrize("promiscuous", [False, True])
def test_the_classes_are_storescps_and_newer_ones(promiscuous, tmp_path):
    need("storescp")
    classes = candidates()
    portions = [classes[start : start + 120] for start in range(0, len(classes), 120)]
    with (
        storescp(tmp_path / "reference", *(["-pm"] if promiscuous else [])) as reference,
        storescpd(tmp_path / "subject", {"negotiation": {"promiscuous": promiscuous}}) as subject,
    ):
        ours, theirs = set(), set()
        for portion in portions:
            contexts = [(2 * number + 1, one, [EXPLICIT_LITTLE, IMPLICIT_LITTLE]) for number, one in enumerate(portion)]
            for port, found in ((subject.port, ours), (reference.port, theirs)):
                results, accepted = negotiated(port, contexts)
                found.update(portion[number // 2] for number in accepted)
                assert set(results.values()) <= {0, 3}
    assert len(theirs) > 180
    assert len(ours - theirs) <= SINCE_3_6_7
    # What the standard has named since is no longer unknown.
    assert theirs - ours <= (known() if promiscuous else set())
    assert ("1.2.3.4" in ours) == promiscuous
