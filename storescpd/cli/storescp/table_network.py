"""Options of the network: what is accepted, from whom, and how long is waited."""

from storescpd.cli.storescp.option import Argument, Era, Forbids, Kind, Option, Section, Sets
from storescpd.cli.storescp.values import dotted, fixed, integer, path, seconds, text, title

_NETWORK = "network options"


def _prefer(long: str, short: str, what: str, word: str, era: Era = Era.SEED) -> Option:
    return Option(long, short, what, group="prefer", era=era, sets=(fixed("negotiation.prefer", word),))


_UNCOMPRESSED = Option(
    "--prefer-uncompr",
    "+x=",
    "explicit VR in the byte order of this host first",
    group="prefer",
    default=True,
    sets=(fixed("negotiation.prefer", "uncompressed"),),
)

_OTHERS = (
    _prefer("--prefer-little", "+xe", "explicit VR little endian first", "little"),
    _prefer("--prefer-big", "+xb", "explicit VR big endian first", "big"),
    _prefer("--prefer-lossless", "+xs", "JPEG lossless first", "lossless"),
    _prefer("--prefer-jpeg8", "+xy", "JPEG baseline (8 bits) first", "jpeg8"),
    _prefer("--prefer-jpeg12", "+xx", "JPEG extended (12 bits) first", "jpeg12"),
    _prefer("--prefer-j2k-lossless", "+xv", "JPEG 2000 lossless first", "j2k-lossless"),
    _prefer("--prefer-j2k-lossy", "+xw", "JPEG 2000 first", "j2k-lossy"),
    _prefer("--prefer-jls-lossless", "+xt", "JPEG-LS lossless first", "jls-lossless", Era.NEWER),
    _prefer("--prefer-jls-lossy", "+xu", "JPEG-LS first", "jls-lossy", Era.NEWER),
    _prefer("--prefer-mpeg2", "+xm", "MPEG2 main level first", "mpeg2", Era.NEWER),
    _prefer("--prefer-mpeg2-high", "+xh", "MPEG2 high level first", "mpeg2-high", Era.NEWER),
    _prefer("--prefer-mpeg4", "+xn", "MPEG4 level 4.1 first", "mpeg4", Era.NEWER),
    _prefer("--prefer-mpeg4-bd", "+xl", "MPEG4 for Blu-ray first", "mpeg4-bd", Era.NEWER),
    _prefer("--prefer-mpeg4-2-2d", "+x2", "MPEG4 level 4.2 (2D) first", "mpeg4-2-2d", Era.NEWER),
    _prefer("--prefer-mpeg4-2-3d", "+x3", "MPEG4 level 4.2 (3D) first", "mpeg4-2-3d", Era.NEWER),
    _prefer("--prefer-mpeg4-2-st", "+xo", "MPEG4 level 4.2 (stereo) first", "mpeg4-2-st", Era.NEWER),
    _prefer("--prefer-hevc", "+x4", "HEVC main profile first", "hevc", Era.NEWER),
    _prefer("--prefer-hevc10", "+x5", "HEVC main 10 profile first", "hevc10", Era.NEWER),
    _prefer("--prefer-rle", "+xr", "RLE lossless first", "rle"),
    _prefer("--prefer-deflated", "+xd", "deflated explicit VR little endian first", "deflated"),
    _prefer("--implicit", "+xi", "implicit VR little endian and nothing else", "implicit"),
    _prefer("--accept-all", "+xa", "all, in the order in which the peer proposes them", "all", Era.NEWER),
)

COMPRESSED = tuple(
    option.long
    for option in _OTHERS
    if option.long not in {"--prefer-little", "--prefer-big", "--prefer-deflated", "--implicit"}
)
"""Preferences with which nothing can be converted."""

PREFERENCES = Section(
    "transfer syntaxes that are taken first",
    (_UNCOMPRESSED, *_OTHERS),
    _NETWORK,
    "not with --config-file",
)

PROFILES = Section(
    "association profiles",
    (
        Option(
            "--config-file",
            "-xf",
            "accept what a profile of an association profile file says",
            (Argument("FILE", Kind.PATH), Argument("PROFILE")),
            checks=(*(Forbids((option.long,)) for option in _OTHERS), Forbids(("--promiscuous",))),
            sets=(path("negotiation.profile_file"), text("negotiation.profile", 1)),
        ),
    ),
    _NETWORK,
)

ADDRESSES = Section(
    "addresses",
    (
        Option(
            "--ipv4",
            "-i4",
            "listen on IPv4 alone",
            group="address",
            default=True,
            era=Era.NEWEST,
            sets=(fixed("listeners.0.address", "0.0.0.0"),),  # noqa: S104
        ),
        Option(
            "--ipv6",
            "-i6",
            "serve IPv6 alone",
            group="address",
            era=Era.NEWEST,
            sets=(fixed("listeners.0.address", "::"), fixed("access.deny", ["0.0.0.0/0"])),
            changes="the port is taken on IPv4 too, and such connections are closed",
        ),
        Option(
            "--ip-auto",
            "-i0",
            "listen on IPv4 and IPv6",
            group="address",
            era=Era.NEWEST,
            sets=(fixed("listeners.0.address", "::"),),
        ),
    ),
    _NETWORK,
)

ACCESS = Section(
    "who may connect",
    (
        Option(
            "--access-full",
            "-ac",
            "anybody",
            group="access",
            default=True,
            sets=(fixed("access.tcp_wrappers", value=False),),
        ),
        Option(
            "--access-control",
            "+ac",
            "those whom the files of TCP wrappers let in",
            group="access",
            sets=(fixed("access.tcp_wrappers", value=True),),
        ),
    ),
    _NETWORK,
)

INETD = Option(
    "--inetd",
    "-id",
    "serve the one connection that inetd has passed",
    checks=(Forbids(("--fork",)),),
)

OTHERS = Section(
    "other network options",
    (
        INETD,
        Option(
            "--socket-timeout",
            "-ts",
            "wait so long for a peer to send or to take data; 0: for ever",
            (Argument("SECONDS", Kind.SIGNED, -1),),
            era=Era.NEWER,
            sets=(
                seconds("association.socket_timeout"),
                seconds("association.idle_timeout"),
                seconds("association.dimse_timeout"),
            ),
            initial="60",
            changes="the time is for a whole PDU and 1 KiB a second more; -1 is the same as 0",
        ),
        Option(
            "--acse-timeout",
            "-ta",
            "wait so long for an association to be requested",
            (Argument("SECONDS", Kind.SIGNED, 1),),
            sets=(seconds("association.acse_timeout"),),
            initial="30",
            changes="the time is for the whole request, the TLS handshake included",
        ),
        Option(
            "--dimse-timeout",
            "-td",
            "wait so long between two PDUs of an object",
            (Argument("SECONDS", Kind.SIGNED, 1),),
            sets=(seconds("association.dimse_timeout"), fixed("association.dimse_timeout_ends", "object")),
            initial="unlimited",
        ),
        Option(
            "--aetitle",
            "-aet",
            "own AE title",
            (Argument("TITLE"),),
            sets=(Sets(dotted("association.ae_title"), title, "TITLE, if it is one"),),
            initial="STORESCP",
        ),
        Option(
            "--max-pdu",
            "-pdu",
            "longest PDU that peers may send, in bytes",
            (Argument("BYTES", Kind.UNSIGNED, 4096, 131072),),
            sets=(integer("association.max_pdu"),),
            initial="16384",
        ),
        Option(
            "--disable-host-lookup",
            "-dhl",
            "do not ask for the names of hosts",
            sets=(fixed("association.host_lookup", value=False),),
        ),
        Option("--refuse", "", "reject every association", sets=(fixed("testing.refuse", value=True),)),
        Option(
            "--reject",
            "",
            "reject peers without an implementation class UID",
            sets=(fixed("association.reject_without_implementation_uid", value=True),),
        ),
        Option("--ignore", "", "receive objects and store none", sets=(fixed("testing.ignore", value=True),)),
        Option(
            "--sleep-after",
            "",
            "pause after each object",
            (Argument("SECONDS", Kind.UNSIGNED),),
            sets=(seconds("testing.sleep_after"),),
            initial="0",
        ),
        Option(
            "--sleep-during",
            "",
            "pause at each fragment of an object",
            (Argument("SECONDS", Kind.UNSIGNED),),
            sets=(seconds("testing.sleep_during"),),
            initial="0",
        ),
        Option(
            "--abort-after",
            "",
            "abort when an object has come, before it is answered",
            sets=(fixed("testing.abort_after", value=True),),
        ),
        Option("--abort-during", "", "abort inside an object", sets=(fixed("testing.abort_during", value=True),)),
        Option(
            "--promiscuous",
            "-pm",
            "accept classes that no dictionary knows",
            sets=(fixed("negotiation.promiscuous", value=True),),
        ),
        Option(
            "--uid-padding",
            "-up",
            "do not mind blanks at the end of UIDs",
            sets=(fixed("association.uid_padding", value=True),),
        ),
    ),
    _NETWORK,
)
