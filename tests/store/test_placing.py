"""What a peer is told when the name is taken, and that A900 and C000 objects replace nothing (whole daemon)."""

import pytest

from tests.support.compare import dissect
from tests.support.daemon import storescpd
from tests.support.objects import CT_IMAGE, EXPLICIT_LITTLE, encode
from tests.support.rawclient import RawAssociation
from tests.support.scenes import SUCCESS

MISMATCH, MISSING, DUPLICATE = 0xA900, 0xC000, 0xC100
INSTANCE = "1.2.3.4"
NAME = f"CT.{INSTANCE}"


def data_set(patient: bytes, instance: str | None = INSTANCE) -> bytes:
    uid = encode(0x00080018, "UI", instance.encode()) if instance else b""
    return encode(0x00080016, "UI", CT_IMAGE.encode()) + uid + encode(0x00100020, "LO", patient)


A, B, C = (data_set(patient) for patient in (b"A1", b"B2", b"C3"))
OTHER, OTHER_TOO, NAMELESS = data_set(b"A1", "1.2.3.5"), data_set(b"B2", "1.2.3.6"), data_set(b"A1", None)

# rule -> what is sent under one name: (data set, status), then the files
STORIES = {
    "overwrite": ([(A, SUCCESS), (B, SUCCESS), (B, SUCCESS), (C, SUCCESS)], {NAME: C}),
    "keep": (
        [(A, SUCCESS), (B, SUCCESS), (A, SUCCESS), (B, SUCCESS), (C, SUCCESS)],
        {NAME: A, f"{NAME}+1": B, f"{NAME}+2": C},
    ),
    "reject": ([(A, SUCCESS), (B, DUPLICATE), (A, DUPLICATE)], {NAME: A}),
    "rename": ([(A, SUCCESS), (A, SUCCESS), (B, SUCCESS)], {NAME: A, f"{NAME}+1": A, f"{NAME}+2": B}),
}
NOT_SUCCESS = [(OTHER, MISMATCH), (OTHER_TOO, MISMATCH), (OTHER, MISMATCH), (NAMELESS, MISSING)]
ASIDE = {f"{NAME}+1": OTHER, f"{NAME}+2": OTHER_TOO, f"{NAME}+3": NAMELESS}


def sent(port: int, data: bytes, calling: str = "MODALITY", instance: str = INSTANCE) -> int:
    with RawAssociation(port, [(1, CT_IMAGE, [EXPLICIT_LITTLE])], calling=calling) as association:
        status = association.store(1, CT_IMAGE, instance, data)
        association.release()
    return status


@pytest.mark.parametrize("extension", ["", ".dcm"])
@pytest.mark.parametrize("rule", STORIES)
def test_objects_of_one_name(rule, extension, tmp_path):
    story, files = STORIES[rule]
    config = {"storage": {"on_duplicate": rule}, "naming": {"extension": extension}}
    with storescpd(tmp_path / "out", config) as daemon:
        assert [sent(daemon.port, data) for data, _ in story] == [status for _, status in story]
        assert {path.name: dissect(path).data for path in daemon.stored()} == {
            name + extension: data for name, data in files.items()
        }
        assert daemon.incoming() == []


@pytest.mark.parametrize("rule", ["overwrite", "keep", "reject"])
def test_what_is_not_told_as_success_replaces_nothing(rule, tmp_path):
    with storescpd(tmp_path / "out", {"storage": {"on_duplicate": rule}}) as daemon:
        assert sent(daemon.port, A) == SUCCESS
        assert [sent(daemon.port, data) for data, _ in NOT_SUCCESS] == [status for _, status in NOT_SUCCESS]
        files = {path.name: dissect(path).data for path in daemon.stored()}
        assert files.pop(NAME) == A
        # What came twice stands there once.
        assert files == ASIDE


@pytest.mark.parametrize("extension", ["", ".dcm"])
@pytest.mark.parametrize("rule", ["overwrite", "keep", "rename"])
def test_no_other_instance_has_the_name_of_what_is_set_aside(rule, extension, tmp_path):
    """Its UID may end in the number, or in what no UID may have."""
    config = {"storage": {"on_duplicate": rule}, "naming": {"extension": extension}}
    others = [f"{INSTANCE}.1", f"{INSTANCE}+1", f"{INSTANCE}1", f"{INSTANCE}.+1"]
    with storescpd(tmp_path / "out", config) as daemon:
        assert [sent(daemon.port, A), sent(daemon.port, OTHER)] == [SUCCESS, MISMATCH]
        aside = tmp_path / "out" / f"{NAME}+1{extension}"
        before = aside.read_bytes()
        for instance in others:
            assert sent(daemon.port, data_set(b"D4", instance), instance=instance) == SUCCESS
        assert aside.read_bytes() == before
        assert dissect(aside).data == OTHER
        assert len(daemon.stored()) == 2 + len(others)


def test_a_success_replaces_what_was_none(tmp_path):
    with storescpd(tmp_path / "out") as daemon:
        assert sent(daemon.port, OTHER) == MISMATCH
        assert sent(daemon.port, A) == SUCCESS
        assert {path.name: dissect(path).data for path in daemon.stored()} == {NAME: A}


def test_keep_keeps_the_first_senders_file(tmp_path):
    with storescpd(tmp_path / "out", {"storage": {"on_duplicate": "keep"}}) as daemon:
        assert sent(daemon.port, A, "FIRST") == SUCCESS
        before = [(path, path.read_bytes(), path.stat().st_ino) for path in daemon.stored()]
        assert sent(daemon.port, A, "SECOND") == SUCCESS
        assert [(path, path.read_bytes(), path.stat().st_ino) for path in daemon.stored()] == before
        assert sent(daemon.port, B, "FIRST") == SUCCESS
        warnings = [line for line in daemon.log().splitlines() if " warning[" in line and f"{NAME}+1" in line]
        assert len(warnings) == 1


@pytest.mark.parametrize("form", ["file", "dataset"])
def test_what_was_there_before_is_compared_too(form, tmp_path):
    """Files that storescp left there, or the daemon in another version."""
    target = tmp_path / "out"
    target.mkdir()
    meta = b"" if form == "dataset" else foreign_header()
    (target / NAME).write_bytes(meta + A)
    config = {"storage": {"on_duplicate": "keep", "format": form}}
    with storescpd(target, config) as daemon:
        assert [sent(daemon.port, data) for data in (A, B)] == [SUCCESS] * 2
        assert [path.name for path in daemon.stored()] == [NAME, f"{NAME}+1"]
        assert (target / NAME).read_bytes() == meta + A


def test_a_data_set_that_looks_like_a_file_is_none(tmp_path):
    def pretending(patient: bytes) -> bytes:
        head = encode(0x00080016, "UI", CT_IMAGE.encode()) + encode(0x00080018, "UI", INSTANCE.encode())
        text = bytes(120 - len(head)) + b"DICM\2\0\0\0UL\4\0\xff\xff\xff\x7f!!"
        return head + encode(0x00081030, "LO", text) + encode(0x00100020, "LO", patient)

    first, second = pretending(b"A1"), pretending(b"B2")
    assert first[128:132] == b"DICM"
    with storescpd(tmp_path / "out", {"storage": {"on_duplicate": "keep", "format": "dataset"}}) as daemon:
        assert [sent(daemon.port, data) for data in (first, second, first)] == [SUCCESS] * 3
        assert {path.name: path.read_bytes() for path in daemon.stored()} == {NAME: first, f"{NAME}+1": second}


def foreign_header() -> bytes:
    """Group 2 in another order of magnitude than ours."""
    body = encode(0x00020001, "OB", b"\0\1") + encode(0x00020002, "UI", CT_IMAGE.encode())
    body += encode(0x00020003, "UI", INSTANCE.encode()) + encode(0x00020010, "UI", EXPLICIT_LITTLE.encode())
    body += encode(0x00020012, "UI", b"1.2.3") + encode(0x00020102, "OB", bytes(3000))
    return bytes(128) + b"DICM" + encode(0x00020000, "UL", len(body).to_bytes(4, "little")) + body
