"""Objects in a transfer syntax that nobody knows, where they are stored as received."""

from tests.support.daemon import storescpd
from tests.support.rawclient import RawAssociation
from tests.support.scenes import SUCCESS

CT_IMAGE, STRANGE = "1.2.840.10008.5.1.4.1.1.2", "1.2.840.113619.5.2"


def test_they_are_kept_byte_for_byte(tmp_path):
    negotiation = {
        "profile": "ct",
        "transfer_syntaxes": {"odd": [STRANGE]},
        "presentation_contexts": {"ct": [{"sop_class": CT_IMAGE, "transfer_syntaxes": "odd"}]},
        "profiles": {"ct": {"presentation_contexts": "ct"}},
    }
    config = {"storage": {"bit_preserving": True, "format": "dataset"}, "negotiation": negotiation}
    with storescpd(tmp_path / "out", config) as daemon:
        with RawAssociation(daemon.port, [(1, CT_IMAGE, [STRANGE])]) as association:
            assert association.store(1, CT_IMAGE, "1.2.3", b"whatever") == SUCCESS
        [stored] = daemon.stored()
        assert stored.read_bytes() == b"whatever"
