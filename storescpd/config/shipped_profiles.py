"""The profiles that ship with storescpd, written from the table of SOP classes (storescp facts 7.5, newest contents).

Default accepts every storage class that there ever was, AllDICOM those of the current standard; images with any
transfer syntax, the rest uncompressed or deflated.
"""

from collections.abc import Iterable, Iterator, Mapping

from storescpd.config.profile_tables import profile_tables
from storescpd.data.sop_classes import SOP_CLASSES, SopClass
from storescpd.data.transfer_syntaxes import TRANSFER_SYNTAXES

_UNCOMPRESSED = ("LocalEndianExplicit", "OppositeEndianExplicit", "LittleEndianImplicit")
_ENCAPSULATED = ("EncapsulatedUncompressedLittleEndianExplicit", "LittleEndianExplicit", "LittleEndianImplicit")
_DEFLATED = "DeflatedLittleEndianExplicit"
_ANY = (
    ".4.50 .4.51 .4.52 .4.53 .4.54 .4.55 .4.56 .4.57 .4.58 .4.59 .4.60 .4.61 .4.62 .4.63 .4.64 .4.65 .4.66 .4.70 "
    ".4.80 .4.81 .5 .4.90 .4.91 .4.92 .4.93 .4.100 .4.101 .4.102 .4.103 .4.104 .4.105 .4.106 .4.100.1 .4.101.1 "
    ".4.102.1 .4.103.1 .4.104.1 .4.105.1 .4.106.1 .4.107 .4.108 .4.201 .4.202 .4.203 .4.110 .4.111 .4.112 .8.1 .1.99 "
    ".1.98"
)
_LETTERS = {"U": "Uncompressed", "Z": "UncompressedOrZlib", "A": "AnyTransferSyntax"}
"""The lists by the letters of the table."""
_ROOT = "1.2.840.10008.1.2"

_FILE_HEAD = """\
# The association profiles of storescpd, in storescp's own format; storescp reads this file with -xf as well, as far as
# its version knows the names. To use it, say in storescpd.toml:
#
#   [negotiation]
#   profile_file = "/etc/storescpd/profiles.cfg"
#   profile = "Default"
#
# profiles.toml has the same as TOML tables. Written from the table of SOP classes by storescpd.config.reference.

"""
_TABLES_HEAD = """\
# The association profiles of storescpd as TOML tables. To change them, copy the tables into storescpd.toml, behind
# [negotiation], and say there which one counts:
#
#   [negotiation]
#   profile = "Default"
#
# Who needs no change is served better by profiles.cfg, which has the same:
#
#   [negotiation]
#   profile_file = "/etc/storescpd/profiles.cfg"
#   profile = "Default"
#
# Written from the table of SOP classes by storescpd.config.reference.

"""


def _any() -> tuple[str, ...]:
    compressed = (TRANSFER_SYNTAXES[_ROOT + suffix].name for suffix in _ANY.split())
    return (*compressed, *_UNCOMPRESSED)


def transfer_syntaxes() -> Mapping[str, tuple[str, ...]]:
    """The lists of transfer syntaxes, by name: symbolic names, the most wanted first."""
    return {
        "Uncompressed": _UNCOMPRESSED,
        "UncompressedOrZlib": (_DEFLATED, *_UNCOMPRESSED),
        "UncompressedEncapsulated": _ENCAPSULATED,
        "UncompressedEncapsulatedOrZlib": (_DEFLATED, *_ENCAPSULATED),
        "AnyTransferSyntax": _any(),
    }


def contexts(classes: Iterable[SopClass] = tuple(SOP_CLASSES.values())) -> Mapping[str, tuple[tuple[str, str], ...]]:
    """The lists of classes, by name: symbolic name and list of transfer syntaxes of each class."""
    rows = tuple(classes)
    return {
        "GenericStorageSCP": tuple((row.name, _LETTERS[row.generic]) for row in rows if row.generic in _LETTERS),
        "AllDICOMStorageSCP": tuple((row.name, _LETTERS[row.all_dicom]) for row in rows if row.all_dicom in _LETTERS),
    }


def profile_file(
    syntaxes: Mapping[str, Iterable[str]] | None = None,
    classes: Mapping[str, Iterable[tuple[str, str]]] | None = None,
) -> str:
    """``etc/profiles.cfg``; other lists stand in for versions of storescp that know less."""
    return _FILE_HEAD + "\n".join(_lines(syntaxes or transfer_syntaxes(), classes or contexts())) + "\n"


def _lines(syntaxes: Mapping[str, Iterable[str]], classes: Mapping[str, Iterable[tuple[str, str]]]) -> Iterator[str]:
    yield "[[TransferSyntaxes]]"
    for name, entries in syntaxes.items():
        yield f"\n[{name}]"
        yield from (f"TransferSyntax{number} = {entry}" for number, entry in enumerate(entries, 1))
    yield "\n[[PresentationContexts]]"
    for name, rows in classes.items():
        yield f"\n[{name}]"
        yield from (f"PresentationContext{number} = {row}\\{kind}" for number, (row, kind) in enumerate(rows, 1))
    yield "\n[[Profiles]]"
    yield "\n[Default]\nPresentationContexts = GenericStorageSCP"
    yield "\n[AllDICOM]\nPresentationContexts = AllDICOMStorageSCP"


def profile_tables_file() -> str:
    """``etc/profiles.toml``."""
    return _TABLES_HEAD + profile_tables(profile_file(), "profiles.cfg")[0]
