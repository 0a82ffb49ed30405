"""What a sender could not get stands in the log once, by name and with the remedy."""

from tests.support.daemon import storescpd
from tests.support.objects import CT_IMAGE, EXPLICIT_LITTLE
from tests.support.scenes import associate

JPEG_LOSSLESS = "1.2.840.10008.1.2.4.70"
MR_IMAGE, WORKLIST, PRIVATE = "1.2.840.10008.5.1.4.1.1.4", "1.2.840.10008.5.1.4.31", "1.2.3.4.5"


def refused(log: str) -> list[str]:
    return [line for line in log.splitlines() if "SOP classes refused" in line]


def test_refused_classes_are_named_once_with_the_remedy(tmp_path):
    contexts = [
        (1, CT_IMAGE, [JPEG_LOSSLESS]),
        (3, CT_IMAGE, [EXPLICIT_LITTLE]),
        (5, MR_IMAGE, [JPEG_LOSSLESS]),
        (7, WORKLIST, [EXPLICIT_LITTLE]),
        (9, PRIVATE, [EXPLICIT_LITTLE]),
    ]
    with storescpd(tmp_path / "out") as daemon:
        for calling in ("CT1", "CT1", "CT2"):
            with associate(daemon.port, contexts=contexts, calling=calling) as association:
                association.release()
        lines = refused(daemon.log())
        assert len(lines) == 4  # two remedies for each of two senders
        by_remedy = {line.partition("remedy=")[2]: line for line in lines if "calling=CT1" in line}
        compressed = next(line for remedy, line in by_remedy.items() if "only compressed" in remedy)
        unknown = next(line for remedy, line in by_remedy.items() if "extra_sop_classes" in remedy)
        assert f"MRImageStorage({MR_IMAGE})" in compressed
        assert WORKLIST in unknown
        assert PRIVATE in unknown
        assert all("CTImageStorage" not in line for line in lines)
