"""Who is recognised, and who is served otherwise: titles, [[peers]] and the order of the checks."""

import pytest

from tests.support.daemon import storescpd
from tests.support.objects import CT_IMAGE, EXPLICIT_LITTLE
from tests.support.rawclient import Rejected, item
from tests.support.reference import storescp
from tests.support.scenes import CT, SUCCESS, associate, small, store, whole

JPEG_LOSSLESS = "1.2.840.10008.1.2.4.70"
CALLED, CALLING = (1, 1, 7), (1, 1, 3)
NO_IMPLEMENTATION = item(0x52, b"")
"""The last of several sub-items counts, for storescp too."""


def answer(port: int, **options) -> tuple[int, int, int] | None:
    """A rejection, or nothing where the association is accepted."""
    try:
        with associate(port, **options) as association:
            association.release()
    except Rejected as rejected:
        return rejected.result, rejected.source, rejected.reason
    return None


@pytest.mark.parametrize(
    ("association", "called", "calling", "expected"),
    [
        ({}, "ANYTHING", "ANYONE", None),
        ({"check_called_ae_title": True, "ae_title": "STORE"}, "STORE", "A", None),
        ({"check_called_ae_title": True, "ae_title": "STORE"}, "STORE\0\0", "A", None),
        ({"check_called_ae_title": True, "ae_title": "STORE"}, "store", "A", CALLED),
        ({"check_called_ae_title": True, "ae_title": "ST*"}, "STORE", "A", CALLED),
        ({"check_called_ae_title": True, "accepted_called_ae_titles": ["ARCH*"]}, "ARCHIVE", "A", None),
        ({"calling_ae_titles": ["CT?", "MR1"]}, "X", "CT7", None),
        ({"calling_ae_titles": ["CT?", "MR1"]}, "X", "CT17", CALLING),
        ({"calling_ae_titles": ["CT?"]}, "X", " CT1", None),
        ({"check_called_ae_title": True, "calling_ae_titles": ["CT1"]}, "X", "MR1", CALLED),
        ({"reject_without_implementation_uid": True}, "X", "CT1", None),
    ],
)
def test_titles(association, called, calling, expected, tmp_path):
    with storescpd(tmp_path / "out", {"association": association}) as daemon:
        assert answer(daemon.port, called=called, calling=calling) == expected


@pytest.mark.parametrize("extra", [b"", NO_IMPLEMENTATION])
@pytest.mark.parametrize(
    ("option", "config"),
    [
        ("--reject", {"association": {"reject_without_implementation_uid": True}}),
        ("--refuse", {"testing": {"refuse": True}}),
        ("-v", {}),
    ],
)
def test_rejections_are_those_of_storescp(option, config, extra, tmp_path):
    (tmp_path / "reference").mkdir()
    with storescp(tmp_path / "reference", option) as reference:
        expected = answer(reference.port, extra=extra)
    with storescpd(tmp_path / "out", config) as daemon:
        assert answer(daemon.port, extra=extra) == expected


def test_the_first_peer_whose_matchers_all_hold_decides(tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    peers = [
        {"calling_ae_title": "BAD*", "accept": False},
        {"calling_ae_title": "CT1", "called_ae_title": "OTHER", "storage": {"directory": str(other)}},
        {"network": "127.0.0.2/32", "naming": {"extension": ".two"}},
        {"calling_ae_title": "BADLY", "naming": {"extension": ".never"}},
    ]
    template = small()
    with storescpd(tmp_path / "out", {"peers": peers}) as daemon:
        assert answer(daemon.port, calling="BADLY") == CALLING
        with associate(daemon.port, calling="CT1", called="OTHER") as association:
            assert store(association, template, 1) == SUCCESS
        with associate(daemon.port, calling="CT1", called="ELSE") as association:
            assert store(association, template, 2) == SUCCESS
        with associate(daemon.port, calling="CT2", source="127.0.0.2") as association:
            assert store(association, template, 3) == SUCCESS
        assert whole(other, template, 1)
        assert whole(daemon.directory, template, 2)
        assert [path.suffix for path in daemon.stored()].count(".two") == 1
        assert len(daemon.stored()) == 2


def test_a_peer_may_have_its_own_transfer_syntaxes(tmp_path):
    contexts = [(CT, CT_IMAGE, [JPEG_LOSSLESS, EXPLICIT_LITTLE])]
    config = {"peers": [{"calling_ae_title": "MG*", "negotiation": {"prefer": "lossless"}}]}
    with storescpd(tmp_path / "out", config) as daemon:
        accepted = {}
        for calling in ("MG1", "CT1", "MG1"):
            with associate(daemon.port, contexts=contexts, calling=calling) as association:
                accepted.setdefault(calling, set()).add(association.accepted[CT])
        assert accepted == {"MG1": {JPEG_LOSSLESS}, "CT1": {EXPLICIT_LITTLE}}
