"""The transfer syntaxes: how their data sets are encoded, and the names that profile files use for them.

Names: storescp facts 7.5. Encodings: PS3.5 annex A.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

_ROOT = "1.2.840.10008.1.2"

IMPLICIT_LITTLE = _ROOT
EXPLICIT_LITTLE = f"{_ROOT}.1"
EXPLICIT_BIG = f"{_ROOT}.2"
DEFLATED = f"{_ROOT}.1.99"

UNCOMPRESSED = (EXPLICIT_LITTLE, EXPLICIT_BIG, IMPLICIT_LITTLE)
"""The order in which a little-endian storescp prefers them (storescp facts 4.4)."""


class TransferSyntax(NamedTuple):
    """How the data set of one transfer syntax is encoded."""

    uid: str
    name: str
    """Symbolic name of profile files, ``""`` where there is none."""
    explicit_vr: bool = True
    big_endian: bool = False
    deflated: bool = False
    encapsulated: bool = True
    """Pixel data comes in fragments, so that no other encoding can be made from it without a codec."""


_UNCOMPRESSED = (
    TransferSyntax(IMPLICIT_LITTLE, "LittleEndianImplicit", explicit_vr=False, encapsulated=False),
    TransferSyntax(EXPLICIT_LITTLE, "LittleEndianExplicit", encapsulated=False),
    TransferSyntax(EXPLICIT_BIG, "BigEndianExplicit", big_endian=True, encapsulated=False),
    TransferSyntax(DEFLATED, "DeflatedLittleEndianExplicit", deflated=True, encapsulated=False),
)

_ENCAPSULATED = """\
.1.98 EncapsulatedUncompressedLittleEndianExplicit
.5 RLELossless
.4.50 JPEGBaseline
.4.51 JPEGExtended:Process2+4
.4.52 JPEGExtended:Process3+5
.4.53 JPEGSpectralSelection:Non-hierarchical:Process6+8
.4.54 JPEGSpectralSelection:Non-hierarchical:Process7+9
.4.55 JPEGFullProgression:Non-hierarchical:Process10+12
.4.56 JPEGFullProgression:Non-hierarchical:Process11+13
.4.57 JPEGLossless:Non-hierarchical:Process14
.4.58 JPEGLossless:Non-hierarchical:Process15
.4.59 JPEGExtended:Hierarchical:Process16+18
.4.60 JPEGExtended:Hierarchical:Process17+19
.4.61 JPEGSpectralSelection:Hierarchical:Process20+22
.4.62 JPEGSpectralSelection:Hierarchical:Process21+23
.4.63 JPEGFullProgression:Hierarchical:Process24+26
.4.64 JPEGFullProgression:Hierarchical:Process25+27
.4.65 JPEGLossless:Hierarchical:Process28
.4.66 JPEGLossless:Hierarchical:Process29
.4.70 JPEGLossless:Non-hierarchical-1stOrderPrediction
.4.80 JPEGLSLossless
.4.81 JPEGLSLossy
.4.90 JPEG2000LosslessOnly
.4.91 JPEG2000
.4.92 JPEG2000MulticomponentLosslessOnly
.4.93 JPEG2000Multicomponent
.4.94 JPIPReferenced
.4.95 JPIPReferencedDeflate
.4.100 MPEG2MainProfile@MainLevel
.4.100.1 FragmentableMPEG2MainProfile/MainLevel
.4.101 MPEG2MainProfile@HighLevel
.4.101.1 FragmentableMPEG2MainProfile/HighLevel
.4.102 MPEG4HighProfile/Level4.1
.4.102.1 FragmentableMPEG4HighProfile/Level4.1
.4.103 MPEG4BDcompatibleHighProfile/Level4.1
.4.103.1 FragmentableMPEG4BDcompatibleHighProfile/Level4.1
.4.104 MPEG4HighProfile/Level4.2For2DVideo
.4.104.1 FragmentableMPEG4HighProfile/Level4.2For2DVideo
.4.105 MPEG4HighProfile/Level4.2For3DVideo
.4.105.1 FragmentableMPEG4HighProfile/Level4.2For3DVideo
.4.106 MPEG4StereoHighProfile/Level4.2
.4.106.1 FragmentableMPEG4StereoHighProfile/Level4.2
.4.107 HEVCMainProfile/Level5.1
.4.108 HEVCMain10Profile/Level5.1
.4.110 JPEGXLLossless
.4.111 JPEGXLJPEGRecompression
.4.112 JPEGXL
.4.201 HighThroughputJPEG2000ImageCompressionLosslessOnly
.4.202 HighThroughputJPEG2000withRPCLOptionsImageCompressionLosslessOnly
.4.203 HighThroughputJPEG2000ImageCompression
.8.1 DeflatedImageFrameCompression
"""

_JPIP_DEFLATE = f"{_ROOT}.4.95"


def _encapsulated() -> list[TransferSyntax]:
    pairs = (line.split(" ") for line in _ENCAPSULATED.splitlines())
    return [TransferSyntax(_ROOT + suffix, name, deflated=_ROOT + suffix == _JPIP_DEFLATE) for suffix, name in pairs]


TRANSFER_SYNTAXES: Mapping[str, TransferSyntax] = MappingProxyType(
    {syntax.uid: syntax for syntax in (*_UNCOMPRESSED, *_encapsulated())}
)
"""Every known transfer syntax by UID. What is not here has no known encoding: its objects cannot be read."""
