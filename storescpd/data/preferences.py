"""The ordered transfer syntaxes of each ``negotiation.prefer`` (storescp facts 4.4).

The acceptor's order decides, not the proposal's. A compressed preference adds exactly one syntax; ``all`` is the
newest list. The orders of the uncompressed syntaxes hold for a little-endian host and are turned for a big-endian one
where storescp turns them: in the default list and at the end of ``all``, not behind a compressed preference.
"""

from collections.abc import Mapping
from types import MappingProxyType

from storescpd.data.transfer_syntaxes import EXPLICIT_BIG, EXPLICIT_LITTLE, IMPLICIT_LITTLE

_ROOT = IMPLICIT_LITTLE
_TAIL = (EXPLICIT_LITTLE, EXPLICIT_BIG, IMPLICIT_LITTLE)

_SINGLE = MappingProxyType(
    {
        "lossless": ".4.70",
        "jpeg8": ".4.50",
        "jpeg12": ".4.51",
        "j2k-lossless": ".4.90",
        "j2k-lossy": ".4.91",
        "jls-lossless": ".4.80",
        "jls-lossy": ".4.81",
        "mpeg2": ".4.100",
        "mpeg2-high": ".4.101",
        "mpeg4": ".4.102",
        "mpeg4-bd": ".4.103",
        "mpeg4-2-2d": ".4.104",
        "mpeg4-2-3d": ".4.105",
        "mpeg4-2-st": ".4.106",
        "hevc": ".4.107",
        "hevc10": ".4.108",
        "rle": ".5",
        "deflated": ".1.99",
    }
)

_ALL = (
    ".4.91 .4.90 .4.51 .4.50 .4.70 .4.81 .4.80 .5 .4.100 .4.100.1 .4.101 .4.101.1 .4.102 .4.102.1 .4.103 .4.103.1 "
    ".4.104 .4.104.1 .4.105 .4.105.1 .4.106 .4.106.1 .4.107 .4.108 .4.201 .4.202 .4.203 .4.110 .4.111 .4.112 .8.1 "
    ".1.99 .1.98"
)


def _native_first(byteorder: str) -> tuple[str, ...]:
    explicit = (EXPLICIT_LITTLE, EXPLICIT_BIG)
    return (*(explicit if byteorder == "little" else explicit[::-1]), IMPLICIT_LITTLE)


def preferences(byteorder: str) -> Mapping[str, tuple[str, ...]]:
    """Transfer syntax UIDs by the name of the preference, for a host of ``byteorder`` ``little`` or ``big``."""
    native = _native_first(byteorder)
    lists = {
        "uncompressed": native,
        "little": (EXPLICIT_LITTLE, EXPLICIT_BIG, IMPLICIT_LITTLE),
        "big": (EXPLICIT_BIG, EXPLICIT_LITTLE, IMPLICIT_LITTLE),
        "implicit": (IMPLICIT_LITTLE,),
        "all": (*(_ROOT + suffix for suffix in _ALL.split()), *native),
    }
    lists |= {name: (_ROOT + suffix, *_TAIL) for name, suffix in _SINGLE.items()}
    return MappingProxyType(lists)


COMPRESSED = frozenset(_SINGLE) - {"deflated"} | {"all"}
"""Preferences under which another output transfer syntax is refused (storescp facts 1.6): DCMTK has no codec here."""
