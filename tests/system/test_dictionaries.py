"""Dictionaries of the site: in the configuration, in the environment, and those that cannot be used."""

import struct

import pydicom
import pytest

from tests.support.daemon import NotStarted, storescpd
from tests.support.objects import CT_IMAGE
from tests.support.rawclient import IMPLICIT_LITTLE, RawAssociation
from tests.support.scenes import SUCCESS

INSTANCE = "1.2.826.0.1.3680043.8.498.77.9"
PRIVATE = (0x0029, 0x1001)
ENTRY = '(0029,"OUR HOSPITAL",01)\tSL\tBedNumber\t1\tPrivateTag\n'


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


def stored(daemon) -> pydicom.Dataset:
    with RawAssociation(daemon.port, [(1, CT_IMAGE, [IMPLICIT_LITTLE])]) as association:
        assert association.store(1, CT_IMAGE, INSTANCE, data_set()) == SUCCESS
        association.release()
    [path] = daemon.stored()
    return pydicom.dcmread(path)


CONVERTED = {"encoding": {"transfer_syntax": "explicit-little"}}


def test_without_a_dictionary_the_element_is_unknown(tmp_path):
    with storescpd(tmp_path / "out", CONVERTED) as daemon:
        assert stored(daemon)[PRIVATE].VR == "UN"


@pytest.mark.parametrize("place", ["configuration", "environment"])
def test_a_dictionary_of_the_site_is_used(place, tmp_path):
    path = tmp_path / "hospital.dic"
    path.write_text(ENTRY)
    configured = [str(path)] if place == "configuration" else []
    # One that cannot be read does not keep the others from being used.
    environment = {} if place == "configuration" else {"DCMDICTPATH": f"/no/such.dic:{path}"}
    config = {"encoding": {"transfer_syntax": "explicit-little", "dictionaries": configured}}
    with storescpd(tmp_path / "out", config, env=environment) as daemon:
        found = stored(daemon)[PRIVATE]
        assert (found.VR, found.value) == ("SL", -7)
        assert ("/no/such.dic" in daemon.log()) == (place == "environment")


@pytest.mark.parametrize(
    ("dictionaries", "environment", "text", "named"),
    [
        (["/no/such.dic"], {}, "", "/no/such.dic"),
        (["BAD"], {}, "(0029,\n", "bad.dic"),
        ([], {"DCMDICTPATH": "/no/such.dic:/nor/this.dic"}, "", "/no/such.dic"),
    ],
)
def test_one_that_cannot_be_used_keeps_the_daemon_from_starting(dictionaries, environment, text, named, tmp_path):
    bad = tmp_path / "bad.dic"
    bad.write_text(text)
    listed = [str(bad) if name == "BAD" else name for name in dictionaries]
    config = {"encoding": {"dictionaries": listed}}
    with (
        pytest.raises(NotStarted, match=r"(?s)exit status 1.*" + named.replace(".", r"\.")),
        storescpd(tmp_path / "out", config, env=environment),
    ):
        pass
