"""Variables of the environment that storescp knows (storescp facts 10.5); those of TCP are in tests/system."""

import datetime as dt
import re
import struct
from pathlib import Path

import pydicom
import pytest

from tests.support.objects import CT_IMAGE
from tests.support.processes import eventually
from tests.support.rawclient import IMPLICIT_LITTLE, RawAssociation
from tests.support.reference import OURS, THEIRS, storescp
from tests.support.scenes import SUCCESS, associate, small, store
from tests.support.tools import need

BOTH = pytest.mark.parametrize("program", [THEIRS, OURS], ids=["storescp", "ours"])
DICTIONARY = "/usr/share/libdcmtk17/dicom.dic"
PRIVATE = (0x0029, 0x1001)
INSTANCE = "1.2.826.0.1.3680043.8.498.77.9"


@BOTH
@pytest.mark.parametrize(("zone", "hours"), [("XXX-14", 14), ("XXX+11", -11)])
def test_the_time_zone_of_names(program, zone, hours, tmp_path):
    need("storescp")
    with storescp(tmp_path / "out", "-tn", "-ss", "S", program=program, env={"TZ": zone}) as receiver:
        before = dt.datetime.now(dt.UTC)
        with associate(receiver.port) as association:
            assert store(association, small(), 1) == SUCCESS
            association.release()
        after = dt.datetime.now(dt.UTC)
        [path] = (path for path in receiver.directory.rglob("*CT*") if path.is_file())
    shift = dt.timedelta(hours=hours)
    for stamp in (re.sub(r"\D", "", path.parent.name), path.name):
        made = dt.datetime.strptime(stamp[:14], "%Y%m%d%H%M%S").replace(tzinfo=dt.UTC)
        assert (before + shift).replace(microsecond=0) <= made <= after + shift


def element(group: int, number: int, value: bytes) -> bytes:
    return struct.pack("<HHI", group, number, len(value)) + value


def data_set() -> bytes:
    """Implicit little endian: only a dictionary knows that the private element is a number."""
    return (
        element(0x0008, 0x0016, CT_IMAGE.encode() + b"\0" * (len(CT_IMAGE) % 2))
        + element(0x0008, 0x0018, INSTANCE.encode() + b"\0" * (len(INSTANCE) % 2))
        + element(0x0029, 0x0010, b"OUR HOSPITAL")
        + element(*PRIVATE, struct.pack("<i", -7))
    )


@BOTH
def test_dictionaries(program, tmp_path):
    """A file that cannot be read is an error in the log, and the others count."""
    need("storescp", DICTIONARY)
    private = tmp_path / "hospital.dic"
    private.write_text('(0029,"OUR HOSPITAL",01)\tSL\tBedNumber\t1\tPrivateTag\n')
    listed = f"/no/such.dic:{DICTIONARY}:{private}"
    with storescp(tmp_path / "out", "+te", program=program, env={"DCMDICTPATH": listed}) as receiver:
        with RawAssociation(receiver.port, [(1, CT_IMAGE, [IMPLICIT_LITTLE])]) as association:
            assert association.store(1, CT_IMAGE, INSTANCE, data_set()) == SUCCESS
            association.release()
        found = pydicom.dcmread(receiver.directory / f"CT.{INSTANCE}")[PRIVATE]
        assert (found.VR, found.value) == ("SL", -7)
        eventually(lambda: re.search("^E: .*/no/such.dic", receiver.log(), re.MULTILINE))


def test_nothing_else_of_the_environment_counts(tmp_path: Path):
    """There is no variable for access control, level, port or title."""
    names = ("STORESCP_PORT", "LOG_LEVEL", "AETITLE", "DCMTK_LOG_LEVEL")
    with storescp(tmp_path / "out", program=OURS, env=dict.fromkeys(names, "debug")) as receiver:
        with associate(receiver.port) as association:
            association.release()
        assert receiver.log() == ""
