"""Who an object is: the elements that name it, read at the top level of the data set only.

storescp also finds UIDs that exist in nested items alone; those name other objects (storescp facts 5.1).
"""

from dataclasses import dataclass
from typing import Final

SPECIFIC_CHARACTER_SET: Final = 0x00080005
SOP_CLASS_UID: Final = 0x00080016
SOP_INSTANCE_UID: Final = 0x00080018
PATIENT_NAME: Final = 0x00100010
STUDY_INSTANCE_UID: Final = 0x0020000D

IDENTIFYING_TAGS = frozenset(
    {SPECIFIC_CHARACTER_SET, SOP_CLASS_UID, SOP_INSTANCE_UID, PATIENT_NAME, STUDY_INSTANCE_UID}
)

_WHITE_SPACE: Final = b" \t\n\v\f\r"
_PADDING: Final = b" \0"


@dataclass(slots=True)
class Identity:
    """Filled while the data set streams by: ``None`` is absent so far, empty is present without a value."""

    sop_class_uid: str | None = None
    """Without any white space and without NUL padding (storescp facts 5.3)."""
    sop_instance_uid: str | None = None
    study_instance_uid: str | None = None
    patient_name: bytes | None = None
    """As received, without trailing padding; in the character set below."""
    specific_character_set: bytes | None = None

    def note(self, tag: int, value: bytes) -> None:
        """Take the value of one of ``IDENTIFYING_TAGS``; the first of several elements counts."""
        if tag == SOP_CLASS_UID:
            if self.sop_class_uid is None:
                self.sop_class_uid = clean_uid(value)
        elif tag == SOP_INSTANCE_UID:
            if self.sop_instance_uid is None:
                self.sop_instance_uid = clean_uid(value)
        elif tag == STUDY_INSTANCE_UID:
            if self.study_instance_uid is None:
                self.study_instance_uid = clean_uid(value)
        elif tag == PATIENT_NAME:
            if self.patient_name is None:
                self.patient_name = value.rstrip(_PADDING)
        elif tag == SPECIFIC_CHARACTER_SET and self.specific_character_set is None:
            self.specific_character_set = value.rstrip(_PADDING)


def clean_uid(value: bytes) -> str:
    """A UID value as text, without white space and what follows a NUL."""
    text = value.removesuffix(b"\0")
    if not text.replace(b".", b"").isdigit():
        text = value.partition(b"\0")[0].translate(None, _WHITE_SPACE)
    return text.decode("latin-1")
