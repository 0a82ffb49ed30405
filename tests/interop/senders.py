"""Other people's senders: how each is called, and what each of them can send."""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tests.support.daemon import ROOT
from tests.support.objects import bundled

PLAIN = (
    "CT_small.dcm", "MR_small.dcm", "ExplVR_BigEnd.dcm", "examples_overlay.dcm", "reportsi.dcm", "test-SR.dcm",
    "rtplan.dcm", "waveform_ecg.dcm", "badVR.dcm", "SC_rgb_small_odd.dcm", "dicomdirtests/77654033/CR1/6154",
)  # fmt: skip
SEGMENTATION = "liver_1frame.dcm"
JPEG = ("SC_rgb_jpeg_dcmtk.dcm", "SC_rgb_jpeg_lossy_gdcm.dcm", "examples_ybr_color.dcm")
JPEG_12 = ("JPEG-lossy.dcm",)
JPEG_LOSSLESS = ("SC_rgb_jpeg_gdcm.dcm",)
JPEG_LS = ("JPEGLSNearLossless_08.dcm", "SC_rgb_jls_lossy_line.dcm")
J2K_LOSSLESS = ("examples_jpeg2k.dcm", "GDCMJ2K_TextGBR.dcm")
J2K = ("693_J2KI.dcm", "SC_rgb_gdcm_KY.dcm")
RLE = ("rtdose_rle.dcm",)
DEFLATED = ("image_dfl.dcm",)
COMPRESSED = (*JPEG, *JPEG_12, *JPEG_LOSSLESS, *JPEG_LS, *J2K_LOSSLESS, *J2K)

JARS = tuple(
    f"/usr/share/java/{name}.jar"
    for name in ("pixelmed", "slf4j-api", "slf4j-simple", "commons-codec", "commons-compress")
)
NODE_MODULES = ROOT / ".venv" / "node" / "node_modules"

Command = list[str]


def paths(names: Sequence[str]) -> list[str]:
    """The files' paths."""
    known = {candidate.name: str(candidate.path) for candidate in bundled()}
    return [known[name] for name in names]


@dataclass(frozen=True, slots=True)
class Sender:
    """A sender and the calls that send what it can send."""

    name: str
    programs: tuple[str, ...]
    stores: int
    """How many different objects a receiver has in the end."""
    commands: Callable[[str], list[Command]]
    """The calls for a port."""

    def __repr__(self) -> str:
        return self.name


def storescu(port: str) -> list[Command]:
    """It proposes one compressed transfer syntax at a time, so there is a call for each."""
    by_option = {
        "-x=": (*PLAIN, SEGMENTATION), "-xy": JPEG, "-xx": JPEG_12, "-xs": JPEG_LOSSLESS, "-xu": JPEG_LS,
        "-xv": J2K_LOSSLESS, "-xw": J2K, "-xd": DEFLATED,
    }  # fmt: skip
    return [["storescu", "-R", option, "127.0.0.1", port, *paths(names)] for option, names in by_option.items()]


def dcmsend(port: str) -> list[Command]:
    """One call, each file in its own transfer syntax."""
    names = (*PLAIN, SEGMENTATION, *COMPRESSED, *DEFLATED)
    return [["dcmsend", "--decompress-never", "127.0.0.1", port, *paths(names)]]


def pynetdicom(port: str) -> list[Command]:
    """One call a file; without -cx it proposes deflated first."""
    names = (*PLAIN[:4], SEGMENTATION, JPEG[0], J2K[0], *RLE, *DEFLATED)
    call = [sys.executable, "-m", "pynetdicom", "storescu"]
    own = [[*call, "-cx", "127.0.0.1", port, path] for path in paths(names)]
    return [*own, [*call, "127.0.0.1", port, *paths(["reportsi.dcm"])]]


def gdcm(port: str) -> list[Command]:
    """Debian's build aborts after a correct release: the receiver is the judge."""
    return [["gdcmscu", "--store", "127.0.0.1", port, *paths((*PLAIN[:8], *COMPRESSED))]]


def odil(port: str) -> list[Command]:
    """Uncompressed alone."""
    return [["odil", "store", "127.0.0.1", port, "ODIL", "ANY-SCP", *paths((*PLAIN, SEGMENTATION))]]


def ctn(port: str) -> list[Command]:
    """A stack of the 1990s with its own idea of fragments."""
    names = (*PLAIN, JPEG[0], *JPEG_12, *JPEG_LOSSLESS, JPEG_LS[0], J2K_LOSSLESS[0], J2K[0])
    call = ["send_image", "-q", "-a", "CTN", "-c", "ANY-SCP", "127.0.0.1", port]
    return [[*call, path] for path in paths(names)]


def pixelmed(port: str) -> list[Command]:
    """A virtual machine a file: a few of each kind."""
    call = ["java", "-Djava.awt.headless=true", "-cp", ":".join(JARS), "com.pixelmed.network.StorageSOPClassSCU"]
    names = ("CT_small.dcm", "test-SR.dcm", "rtplan.dcm", JPEG[0], *DEFLATED)
    return [[*call, "127.0.0.1", port, "ANY-SCP", "PIXELMED", path, "0"] for path in paths(names)]


def dcmjs(port: str) -> list[Command]:
    """It re-encodes what it reads."""
    names = (*(name for name in PLAIN if name != "ExplVR_BigEnd.dcm"), SEGMENTATION, *COMPRESSED)
    script = str(ROOT / "tests" / "interop" / "dcmjs_store.js")
    return [["node", script, port, *paths(names)]]


SENDERS = (
    Sender("storescu", ("storescu",), 24, storescu),
    Sender("dcmsend", ("dcmsend",), 24, dcmsend),
    Sender("pynetdicom", (), 10, pynetdicom),
    Sender("gdcmscu", ("gdcmscu",), 19, gdcm),
    Sender("odil", ("odil",), 12, odil),
    Sender("ctn", ("send_image",), 17, ctn),
    Sender("pixelmed", ("java", *JARS), 5, pixelmed),
    Sender("dcmjs-dimse", ("node", str(NODE_MODULES / "dcmjs-dimse")), 22, dcmjs),
)
