"""Which VR an element has that comes without one."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from storescpd.dataset import Dictionary
from storescpd.dataset.dictionary_text import parse
from storescpd.dataset.vr import resolved

DCMTK = Path("/usr/share/libdcmtk17/dicom.dic")
EMPTY = Dictionary({}, (), {})


@pytest.mark.parametrize(
    ("tag", "vr"),
    [
        (0x00100010, "PN"),
        (0x00100000, "UL"),
        (0x00110010, "LO"),
        (0x001100FF, "LO"),
        (0x0011000F, "UN"),
        (0x00110100, "UN"),
        (0x00111010, "UN"),
        (0x00100099, "UN"),
        (0x60FE0010, "US"),
        (0x60013000, "UN"),
        (0x50020110, "US"),
        (0x002031FE, "CS"),
        (0x00280106, "xs"),
        (0x7FE00010, "ox"),
        (0x00283006, "lt"),
    ],
)
def test_built_in(tag: int, vr: str, dictionary: Dictionary):
    assert dictionary.vr(tag) == vr


def test_private_elements_belong_to_their_creator(dictionary: Dictionary):
    assert dictionary.private_vr("SIEMENS CSA HEADER", 0x00291010) == "OB"
    assert dictionary.private_vr("SIEMENS CSA HEADER", 0x0029AA10) == "OB"
    assert dictionary.private_vr("SIEMENS CSA HEADER", 0x00311010) == "UN"
    assert dictionary.private_vr("NOBODY", 0x00291010) == "UN"
    assert dictionary.private_vr("PAPYRUS 3.0", 0x60011000) == "IS"


def test_text_comes_on_top(dictionary: Dictionary):
    text = '# comment\n\n(0010,0010)\tLO\tName\t1\tMine\n(0019,"ACME 1.0",10)\tFD\tSpeed\t1\tPrivateTag\n'
    mine = dictionary.with_text(text)
    assert mine.vr(0x00100010) == "LO"
    assert mine.vr(0x00100020) == "LO"
    assert mine.private_vr("ACME 1.0", 0x00192010) == "FD"
    assert dictionary.vr(0x00100010) == "PN"


@pytest.mark.parametrize(
    ("notation", "inside", "outside"),
    [
        ("(60xx,3000)", [0x60003000, 0x60FE3000], [0x60013000, 0x61003000]),
        ("(6000-60FF,3000)", [0x60003000, 0x60FE3000], [0x60013000]),
        ("(6001-o-60ff,3000)", [0x60013000, 0x60FF3000], [0x60003000]),
        ("(6000-u-60FF,3000)", [0x60003000, 0x60013000], [0x61003000]),
        ("(0020,3100-31FF)", [0x00203100, 0x002031FE], [0x00203101]),
        ("(0020-o-00ff,3100)", [0x00213100], [0x00203100]),
        ("(0020,31xx)", [0x00203100], [0x00203200]),
    ],
)
def test_ranges(notation: str, inside: list[int], outside: list[int]):
    dictionary = EMPTY.with_text(f"{notation}\tAT\tSomething\t1\tMine")
    assert [dictionary.vr(tag) for tag in inside] == ["AT"] * len(inside)
    assert "AT" not in [dictionary.vr(tag) for tag in outside]


@pytest.mark.parametrize(
    ("written", "tag", "vr"),
    [
        ("ox", 0x00420011, "OB"),
        ("px", 0x7FE00010, "OW"),
        ("up", 0x00041200, "UL"),
        ("na", 0xFFFE0001, "UN"),
        ("lt", 0x00281201, "OW"),
        ("xs", 0x00280106, "US"),
    ],
)
def test_internal_vrs_of_dcmtk(written: str, tag: int, vr: str):
    text = f"({tag >> 16:04x},{tag & 0xFFFF:04x})\t{written}\tSomething\t1\tMine"
    assert resolved(EMPTY.with_text(text).vr(tag), tag, signed=False).name == vr


@pytest.mark.parametrize(
    "line",
    ["0010,0010\tPN\tName", "(0010,0010)\tQQ\tName", "(0010)\tPN\tName", "(001g,0010)\tPN", "(0010,0010)", "nonsense"],
)
def test_what_cannot_be_understood_is_named_by_its_line(line: str):
    with pytest.raises(ValueError, match="line 2"):
        EMPTY.with_text("# first\n" + line)


@pytest.mark.skipif(not DCMTK.exists(), reason="needs DCMTK's dictionary")
def test_the_public_dictionary_agrees_with_dcmtk(dictionary: Dictionary):
    """Where both know an element they know the same VR; what only DCMTK knows is a handful of retired elements."""
    unknown = set()
    for entry in parse(DCMTK.read_text("latin-1")):
        if entry.single is None:
            continue
        tag = entry.single[0] << 16 | entry.single[1]
        ours = dictionary.vr(tag)
        if ours == "UN" and entry.vr != "UN":
            unknown.add(f"{tag:08x}")
        for signed in (False, True):
            assert "UN" in {ours, entry.vr} or resolved(ours, tag, signed=signed) == resolved(
                entry.vr, tag, signed=signed
            ), hex(tag)
    assert {tag for tag in unknown if not re.match("fffe|00060001", tag)} == set()


def test_the_tables_come_without_the_rest_of_pydicom():
    """The package around them takes longer to load than all that a daemon needs besides."""
    code = (
        "import sys; from storescpd.dataset import Dictionary; found = Dictionary.builtin();"
        "print(found.vr(0x00100010), found.private_vr('GEMS_IDEN_01', 0x00091001), 'pydicom' in sys.modules)"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert said.split() == ["PN", "LO", "False"]
