"""[negotiation]: what is accepted. Profiles follow storescp's association profile files."""

from typing import Literal

from storescpd.config.section import Section, setting
from storescpd.config.texts import OptionalPath, Several, Text, Uid

Prefer = Literal[
    "uncompressed", "little", "big", "lossless", "jpeg8", "jpeg12", "j2k-lossless", "j2k-lossy", "jls-lossless",
    "jls-lossy", "mpeg2", "mpeg2-high", "mpeg4", "mpeg4-bd", "mpeg4-2-2d", "mpeg4-2-3d", "mpeg4-2-st", "hevc", "hevc10",
    "rle", "deflated", "implicit", "all",
]  # fmt: skip

COMPRESSED = frozenset(Prefer.__args__) - {"uncompressed", "little", "big", "deflated", "implicit"}  # type: ignore[attr-defined]
"""Preferences that can bring in pixel data that no other encoding can be made from (storescp facts 1.9)."""


class PresentationContext(Section):
    """One class of a profile and what it may come in."""

    sop_class: Text = setting("", "name or UID of the SOP class", shown='"CTImageStorage"', example=True)
    transfer_syntaxes: Text = setting("", "name of a list in transfer_syntaxes", shown='"uncompressed"', example=True)


class Role(Section):
    """Who may be what for one class of a profile."""

    sop_class: Text = setting("", "name or UID of the SOP class", shown='"CTImageStorage"', example=True)
    role: Literal["scu", "scp", "both"] = setting("scp", "role that the peer may take", shown='"both"', example=True)


class Extended(Section):
    """Service class application information for one class of a profile."""

    sop_class: Text = setting("", "name or UID of the SOP class", shown='"CTImageStorage"', example=True)
    data: Text = setting("", "1 to 1023 bytes in hexadecimal", shown='"0101"', example=True)


class Profile(Section):
    """The lists that make up one profile."""

    presentation_contexts: Text = setting("", "name of a list in presentation_contexts", shown='"ct"', example=True)
    roles: Text = setting("", "name of a list in roles; empty: none", shown='"ct"', example=True)
    extended: Text = setting("", "name of a list in extended; empty: none", shown='"ct"', example=True)


class Negotiation(Section):
    """Presentation contexts: classes and transfer syntaxes.

    With a profile, its lists alone say what is accepted. The profiles Default and AllDICOM ship in profiles.cfg, for
    profile_file, and as tables to copy and change in profiles.toml. storescpd --import-profiles FILE prints the tables
    for any association profile file of storescp.
    """

    profile: Text = setting("", "one of [negotiation.profiles]; not with prefer or promiscuous", option="-xf")
    profile_file: OptionalPath = setting(
        "", "association profile file in storescp's format; profile then names one in it", option="-xf"
    )
    prefer: Prefer = setting(
        "uncompressed",
        "transfer syntax taken first where the peer proposes several",
        option="+x= +xe +xb +xs +xy +xx +xv +xw +xt +xu +xm +xh +xn +xl +x2 +x3 +xo +x4 +x5 +xr +xd +xi +xa",
    )
    promiscuous: bool = setting(default=False, text="accept classes that no dictionary knows, too", option="-pm")
    extra_sop_classes: Several[Uid] = setting((), "UIDs accepted besides the storage classes")
    transfer_syntaxes: dict[str, Several[Text]] = setting(
        {},
        "named, ordered lists of transfer syntaxes: names or UIDs",
        shown='uncompressed = ["LocalEndianExplicit", "OppositeEndianExplicit", "LittleEndianImplicit"]',
        option="-xf: TransferSyntaxes",
    )
    presentation_contexts: dict[str, Several[PresentationContext]] = setting(
        {},
        "named lists of classes and the list of transfer syntaxes of each",
        shown='ct = [{ sop_class = "CTImageStorage", transfer_syntaxes = "uncompressed" }]',
        option="-xf: PresentationContexts",
    )
    roles: dict[str, Several[Role]] = setting(
        {},
        "named lists of classes and the role of each",
        shown='ct = [{ sop_class = "CTImageStorage", role = "both" }]',
        option="-xf: SCPSCURoleSelection",
    )
    extended: dict[str, Several[Extended]] = setting(
        {},
        "named lists of classes and the extended negotiation of each",
        shown='ct = [{ sop_class = "CTImageStorage", data = "0101" }]',
        option="-xf: ExtendedNegotiation",
    )
    profiles: dict[str, Profile] = setting(
        {},
        "named profiles: one list of each kind",
        shown='ct_only = { presentation_contexts = "ct", roles = "ct", extended = "ct" }',
        option="-xf: Profiles",
    )
