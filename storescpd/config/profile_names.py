"""What names in profiles stand for: SOP classes and transfer syntaxes (storescp facts 7.2, 7.5, 13.4)."""

import re
import sys

from storescpd.data.sop_classes import SOP_CLASSES
from storescpd.data.transfer_syntaxes import EXPLICIT_BIG, EXPLICIT_LITTLE, TRANSFER_SYNTAXES

_NUMERIC = re.compile(r"[0-9.]+", re.ASCII)

_OLDER_SPELLINGS = {
    "BasicTextSR": "BasicTextSRStorage",
    "EnhancedSR": "EnhancedSRStorage",
    "ComprehensiveSR": "ComprehensiveSRStorage",
    "MammographyCADSR": "MammographyCADSRStorage",
    "ChestCADSR": "ChestCADSRStorage",
    "XRayRadiationDoseSR": "XRayRadiationDoseSRStorage",
    "KeyObjectSelectionDocument": "KeyObjectSelectionDocumentStorage",
    "PETImageStorage": "PositronEmissionTomographyImageStorage",
    "PETCurveStorage": "RETIRED_StandalonePETCurveStorage",
    "XRayFluoroscopyImageStorage": "XRayRadiofluoroscopicImageStorage",
    "StoredPrintStorage": "RETIRED_StoredPrintStorage",
    "HardcopyGrayscaleImageStorage": "RETIRED_HardcopyGrayscaleImageStorage",
    "HardcopyColorImageStorage": "RETIRED_HardcopyColorImageStorage",
    "StandaloneOverlayStorage": "RETIRED_StandaloneOverlayStorage",
    "StandaloneCurveStorage": "RETIRED_StandaloneCurveStorage",
    "StandaloneModalityLUTStorage": "RETIRED_StandaloneModalityLUTStorage",
    "StandaloneVOILUTStorage": "RETIRED_StandaloneVOILUTStorage",
    "RETIRED_VLMultiFrameImageStorage": "RETIRED_VLMultiframeImageStorage",
    "ImplantationPlanSRDocumentStorage": "ImplantationPlanSRStorage",
}
"""Of storescp 3.5.4 and 3.6.7, with the names that the table has."""


def by_byte_order(byteorder: str) -> dict[str, str]:
    """The names that mean one thing on a ``little`` host and another on a ``big`` one (storescp facts 7.2)."""
    local, opposite = (EXPLICIT_LITTLE, EXPLICIT_BIG)[:: 1 if byteorder == "little" else -1]
    return {"LocalEndianExplicit": local, "OppositeEndianExplicit": opposite}


_CLASSES = {row.name: uid for uid, row in SOP_CLASSES.items()}
_SYNTAXES = {row.name: uid for uid, row in TRANSFER_SYNTAXES.items() if row.name}
_SYNTAXES |= by_byte_order(sys.byteorder)

SOP_CLASS_NAMES = (*_CLASSES, *_OLDER_SPELLINGS)
TRANSFER_SYNTAX_NAMES = tuple(_SYNTAXES)


def sop_class_uid(text: str) -> str | None:
    """The UID that a name or a UID stands for; ``None`` for an unknown name. Any dotted number is a UID."""
    if _NUMERIC.fullmatch(text):
        return text
    name = text.removeprefix("=")
    return _CLASSES.get(_OLDER_SPELLINGS.get(name, name))


def transfer_syntax_uid(text: str) -> str | None:
    """The same for transfer syntaxes."""
    if _NUMERIC.fullmatch(text):
        return text
    return _SYNTAXES.get(text.removeprefix("="))
