"""File meta information and names beside storescp's own, for the titles and UIDs that a sender may come up with."""

import io
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pydicom
import pytest

from storescpd.store.meta import FileMeta
from storescpd.store.names import default_name
from tests.support.compare import clear, stored
from tests.support.daemon import storescpd
from tests.support.objects import CT_IMAGE, EXPLICIT_LITTLE, encode
from tests.support.rawclient import Aborted, Closed, RawAssociation
from tests.support.reference import storescp
from tests.support.tools import need

BOTH_MODES = {"bit-preserving": ("+B", True), "normal": ("-B", False)}
UNKNOWN_CLASS = "1.2.840.10008.5.1.4.1.1.999.7"
MR_IMAGE, KEY_OBJECT = "1.2.840.10008.5.1.4.1.1.4", "1.2.840.10008.5.1.4.1.1.88.59"


@pytest.fixture(scope="module", params=BOTH_MODES)
def receivers(request, tmp_path_factory) -> Iterator[list[Any]]:
    """storescp and the daemon, in the same mode."""
    need("storescp")
    option, preserving = BOTH_MODES[request.param]
    base = tmp_path_factory.mktemp("both")
    with (
        storescp(base / "theirs", option) as theirs,
        storescpd(base / "ours", {"storage": {"bit_preserving": preserving}}) as ours,
    ):
        yield [theirs, ours]


def outcomes(receivers, *sent: tuple, calling: str | bytes = "MODALITY") -> list[tuple[Any, Any]]:
    """What both make of the same objects: the statuses (or the end of the association), and what is on disk."""
    found = []
    for receiver in receivers:
        clear(receiver.directory)
        statuses = []
        for sop_class, instance, data in sent:
            contexts = [(1, CT_IMAGE, [EXPLICIT_LITTLE])]
            with RawAssociation(receiver.port, contexts, calling=calling) as association:
                try:
                    statuses.append(association.store(1, sop_class, instance, data))
                    association.release()
                except (Aborted, Closed) as error:
                    statuses.append(type(error).__name__)
        found.append((statuses, stored(receiver.directory)))
    return found


def data_set(sop_class: str | None = CT_IMAGE, instance: str | None = "1.2.3.4") -> bytes:
    """A small data set with these UIDs."""
    uids = [(0x00080016, sop_class), (0x00080018, instance)]
    head = b"".join(encode(tag, "UI", value.encode("latin-1")) for tag, value in uids if value is not None)
    return head + encode(0x00100020, "LO", b"PID1") + encode(0x00280010, "US", b"\1\0")


@contextmanager
def same(found) -> Iterator[tuple[Any, Any]]:
    """Both did the same, apart from the implementation."""
    theirs, ours = found
    yield theirs
    assert ours == theirs


TITLES = [
    "X",
    "AB",
    "ODD",
    "SIXTEEN_CHARS_16",
    b"  LEADING",
    b"IN SIDE",
    b"M\xfcnchen",
    b"NUL\0PADDED\0\0\0\0\0\0",
    b"a\\b",
    b'Q"uote',
    b"T\tab",
]


@pytest.mark.parametrize("title", TITLES, ids=repr)
def test_the_source_title_in_the_header(receivers, title):
    field = title if isinstance(title, str) else title.ljust(16)
    with same(outcomes(receivers, (CT_IMAGE, "1.2.3.4", data_set()), calling=field)) as (statuses, files):
        assert statuses == [0]
        [one] = files.values()
        assert one.length


INSTANCES = [
    "1",
    "1.2.3",
    "1.2.840.113619.2.55.3.604688119.971.1234567890.123.456789012.345",
    "../../x",
    "a;b|c$(x)",
    "..",
    ".",
    "-rf",
    "CON",
    "a b",
    "1.2.3 ",
    " 1.2.3",
    "1.2.3\0",
    "with:colon",
    "at@sign",
    "under_score",
    "a/b",
    "/etc/passwd",
    "new\nline",
    "\x7f",
    "\xe9\xfc",
    "tilde~",
    "star*",
    "%s%n",
    "a\\b",
    "'",
    '"',
    "(",
    "#p",
]


@pytest.mark.parametrize("instance", INSTANCES, ids=repr)
def test_names_of_odd_instances(receivers, instance):
    raw = instance.encode("latin-1")
    with same(outcomes(receivers, (CT_IMAGE, raw, data_set(instance=instance)))) as (statuses, files):
        assert len(statuses) == 1
        assert len(files) == (statuses[0] == 0)


CLASSES = [
    CT_IMAGE,
    MR_IMAGE,
    KEY_OBJECT,
    UNKNOWN_CLASS,
    "1.2.840.10008.1.1",
    "x",
    " " + CT_IMAGE,
    "1.2.840.10008.5.1.4.1.1.6.1",
    "1.2.840.10008.5.1.4.1.1.88.67",
    "1.2.840.10008.5.1.4.1.1.77.1.6",
]


@pytest.mark.parametrize("sop_class", CLASSES, ids=repr)
def test_names_of_other_classes(receivers, sop_class):
    with same(outcomes(receivers, (sop_class, "1.2.3.4", data_set(sop_class)))) as (statuses, files):
        assert statuses == [0]
        assert len(files) == 1


LENGTHS = [1, 63, 64, 65, 66, 100, 1000]


@pytest.mark.parametrize("length", LENGTHS)
def test_long_instances(receivers, length):
    instance = ("1.2.3." + "4" * length)[:length]
    with same(outcomes(receivers, (CT_IMAGE, instance, data_set(instance=instance)))) as (statuses, files):
        assert len(files) == (length <= 64)
        assert statuses == [0 if length <= 64 else "Aborted"]


MISMATCHES = {
    "instance": data_set(instance="1.2.3.5"),
    "class": data_set(sop_class=MR_IMAGE),
    "both": data_set(MR_IMAGE, "1.2.3.5"),
    "long instance": data_set(instance="1." + "7" * 200),
    "no class": data_set(sop_class=None),
    "empty class": data_set(sop_class=""),
    "empty instance": data_set(instance=""),
    "empty both": data_set("", ""),
    "blank class": data_set(sop_class=" "),
    "blank instance": data_set(instance=" "),
    "no class and another instance": data_set(None, "1.2.3.5"),
    "no class and an empty instance": data_set(None, ""),
    "blanks": data_set(instance="1.2.3. 4 "),
}


@pytest.mark.parametrize("which", MISMATCHES)
def test_headers_of_data_sets_that_contradict_their_command(receivers, which):
    with same(outcomes(receivers, (CT_IMAGE, "1.2.3.4", MISMATCHES[which]))) as (statuses, files):
        assert len(files) == 1
        assert len(statuses) == 1


def test_a_data_set_without_an_instance_gets_one_of_its_own(tmp_path):
    """Only that it is valid and new every time can be told: storescp makes one up as well."""
    data = data_set(instance=None)
    made = []
    for number in (1, 2):
        with storescpd(tmp_path / f"out{number}") as daemon:
            with RawAssociation(daemon.port, [(1, CT_IMAGE, [EXPLICIT_LITTLE])]) as association:
                assert association.store(1, CT_IMAGE, "1.2.3.4", data) == 0xC000
                association.release()
            made.append(pydicom.dcmread(daemon.stored()[0]).file_meta.MediaStorageSOPInstanceUID)
    assert all(uid.is_valid for uid in made)
    assert made[0] != made[1]


@pytest.mark.parametrize("length", [65533, 65534, 65535, 65536, 100_000])
def test_a_uid_of_any_length_makes_a_header(length):
    """A data set may say anything of itself; what does not fit 16 bits of length is cut."""
    meta = FileMeta(CT_IMAGE, "1" * length, EXPLICIT_LITTLE, "1.2.3", "V", "A")
    found = pydicom.dcmread(io.BytesIO(meta.encode())).file_meta
    assert len(found.MediaStorageSOPInstanceUID) == min(length, 65534)
    assert found.SourceApplicationEntityTitle == "A"


HEADERS = [
    FileMeta(CT_IMAGE, "1.2.3", EXPLICIT_LITTLE, "1.2.840.99999", "VERSION_1", "MODALITY"),
    FileMeta("1.2.3.4.5", "1." + "2" * 62, "1.2.840.10008.1.2.4.70", "2.25." + "1" * 39, "ODD", "A"),
    FileMeta("1.2", "1", "1.2.840.10008.1.2", "1.2", "V", "SIXTEEN_CHARS_16"),
]


@pytest.mark.parametrize("meta", HEADERS)
def test_pydicom_reads_what_was_meant(meta):
    found = pydicom.dcmread(io.BytesIO(meta.encode())).file_meta
    assert found.MediaStorageSOPClassUID == meta.sop_class_uid
    assert found.MediaStorageSOPInstanceUID == meta.sop_instance_uid
    assert found.TransferSyntaxUID == meta.transfer_syntax
    assert found.ImplementationClassUID == meta.implementation_class_uid
    assert found.ImplementationVersionName == meta.implementation_version_name
    assert found.SourceApplicationEntityTitle == meta.source_ae_title
    assert found.FileMetaInformationVersion == b"\0\1"
    assert len(found) == 8
    assert found.FileMetaInformationGroupLength == len(meta.encode()) - 144


@pytest.mark.parametrize("meta", HEADERS)
def test_pydicom_writes_the_same_bytes(meta):
    from pydicom.dataset import FileMetaDataset  # noqa: PLC0415

    made = FileMetaDataset()
    made.FileMetaInformationVersion = b"\0\1"
    made.MediaStorageSOPClassUID = meta.sop_class_uid
    made.MediaStorageSOPInstanceUID = meta.sop_instance_uid
    made.TransferSyntaxUID = meta.transfer_syntax
    made.ImplementationClassUID = meta.implementation_class_uid
    made.ImplementationVersionName = meta.implementation_version_name
    made.SourceApplicationEntityTitle = meta.source_ae_title
    buffer = io.BytesIO()
    pydicom.filewriter.write_file_meta_info(buffer, made)
    assert meta.encode() == bytes(128) + b"DICM" + buffer.getvalue()


@pytest.mark.parametrize("meta", HEADERS)
def test_dcmdump_finds_nothing_wrong(meta, tmp_path):
    need("dcmdump")
    path = tmp_path / "file.dcm"
    path.write_bytes(meta.encode())
    done = subprocess.run([shutil.which("dcmdump") or "", "+E", str(path)], capture_output=True, text=True, check=True)
    assert done.stderr == ""
    assert f"[{meta.source_ae_title}]" in done.stdout


def test_no_name_leaves_its_directory():
    """Whatever a sender calls its object, and whatever the extension is."""
    for number in range(256):
        for instance in (chr(number), chr(number) * 2, f"..{chr(number)}..", f"{chr(number)}.."):
            name = default_name("CT", instance, ".dcm")
            assert Path(name).name == name
            assert name not in {".", ".."}
            assert name.isprintable()
