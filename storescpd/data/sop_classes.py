"""The storage SOP classes: one row a class in ``sop_classes.tsv``.

Columns: UID; symbolic name as profile files spell it; modality code in file names (storescp facts 2.1, 13: as 3.6.7,
current where the class is newer); generations that accept the class without a profile (4, 7, H; NP: known, not
accepted); transfer syntax list in the profiles Default and AllDICOM (A any, Z uncompressed or zlib, U uncompressed).
"""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

VERIFICATION = "1.2.840.10008.1.1"
UNKNOWN_CODE = "UNKNOWN"
"""What stands in a file name for a class that is not in the table (storescp facts 2.1)."""
UNKNOWN_LOG_CODE = "OT"
"""What stands in a log line for it."""


class SopClass(NamedTuple):
    """One row of the table, its columns in their order."""

    uid: str
    name: str
    code: str
    """Two to four characters."""
    accepted: str
    """Generations that accept it by default, or ``NP``, or ``-``."""
    generic: str
    """Transfer syntax list in the profile Default: ``A``, ``Z``, ``U`` or ``-``."""
    all_dicom: str
    """The same for the profile AllDICOM."""


def _rows() -> dict[str, SopClass]:
    _names, *rows = Path(__file__).with_name("sop_classes.tsv").read_text(encoding="ascii").splitlines()
    return {made.uid: made for made in (SopClass(*row.split("\t")) for row in rows)}


SOP_CLASSES: Mapping[str, SopClass] = MappingProxyType(_rows())
"""Every known class by UID, in the table's order."""

STORAGE_SOP_CLASSES = frozenset(uid for uid, row in SOP_CLASSES.items() if "H" in row.accepted)
"""Accepted without a profile (storescp facts 4.2, the newest list)."""


def modality_code(sop_class_uid: str) -> str:
    """Code for file names, ``UNKNOWN`` for a class that is not in the table."""
    row = SOP_CLASSES.get(sop_class_uid)
    return row.code if row is not None and row.code != "-" else UNKNOWN_CODE


def log_code(sop_class_uid: str) -> str:
    """Code for log lines, ``OT`` for a class that is not in the table."""
    row = SOP_CLASSES.get(sop_class_uid)
    return row.code if row is not None and row.code != "-" else UNKNOWN_LOG_CODE
