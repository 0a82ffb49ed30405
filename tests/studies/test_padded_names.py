"""Directories named by patients whose name is padded with NUL, or sent as something else than a name."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.dataset.build import LITTLE, element
from tests.support.daemon import storescpd
from tests.support.rawclient import RawAssociation
from tests.support.reference import storescp
from tests.support.scenes import SUCCESS

CT_IMAGE = "1.2.840.10008.5.1.4.1.1.2"
CASES = {
    "padded": ("PN", b"Doe^Joe\0", "Doe_Joe_", "Doe_Joe"),
    "nothing but padding": ("PN", b"\0\0", "__", "ANONYMOUS"),
    "unknown": ("UN", b"Doe^Joe ", "44", "ANONYMOUS"),
    "bytes": ("OB", b"Doe^Joe ", "44", "ANONYMOUS"),
    "numbers": ("US", b"Doe^Joe ", "28484", "ANONYMOUS"),
    "text of one value": ("ST", b"Doe\\Joe ", "Doe_Joe", "Doe"),
}


@contextmanager
def receivers(place: Path) -> Iterator[list[tuple[int, Path]]]:
    with (
        storescp(place / "theirs", "-sp") as reference,
        storescpd(place / "ours", {"naming": {"sort": "patient-name"}}) as daemon,
    ):
        yield [(reference.port, place / "theirs"), (daemon.port, place / "ours")]


def label(port: int, directory: Path, vr: str, value: bytes) -> str:
    data = element(0x00080016, "UI", CT_IMAGE.encode() + b"\0") + element(0x00080018, "UI", b"1.2.3\0")
    data += element(0x00100010, vr, value) + element(0x0020000D, "UI", b"1.2.4\0")
    with RawAssociation(port, [(1, CT_IMAGE, [LITTLE])]) as association:
        assert association.store(1, CT_IMAGE, "1.2.3", data) == SUCCESS
    [stored] = directory.rglob("CT.1.2.3")
    return re.sub(r"_\d{8}_\d{9}$", "", stored.parent.name)


@pytest.mark.parametrize("case", CASES)
def test_what_is_padding_and_what_is_no_name(case, tmp_path):
    vr, value, *expected = CASES[case]
    with receivers(tmp_path) as both:
        assert [label(port, directory, vr, value) for port, directory in both] == expected
