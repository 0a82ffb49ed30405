"""Who an object is: the elements that name it, read at the top level of the data set only.

storescp also finds UIDs that exist in nested items alone; those name other objects (storescp facts 5.1).
"""

from dataclasses import dataclass

SPECIFIC_CHARACTER_SET = 0x00080005
SOP_CLASS_UID = 0x00080016
SOP_INSTANCE_UID = 0x00080018
PATIENT_NAME = 0x00100010
STUDY_INSTANCE_UID = 0x0020000D

_FIELDS = {
    SPECIFIC_CHARACTER_SET: "specific_character_set",
    SOP_CLASS_UID: "sop_class_uid",
    SOP_INSTANCE_UID: "sop_instance_uid",
    PATIENT_NAME: "patient_name",
    STUDY_INSTANCE_UID: "study_instance_uid",
}
IDENTIFYING_TAGS = frozenset(_FIELDS)
_UID_TAGS = frozenset({SOP_CLASS_UID, SOP_INSTANCE_UID, STUDY_INSTANCE_UID})

_WHITE_SPACE = b" \t\n\v\f\r"


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
        name = _FIELDS[tag]
        if getattr(self, name) is None:
            setattr(self, name, clean_uid(value) if tag in _UID_TAGS else value.rstrip(b" \0"))


def clean_uid(value: bytes) -> str:
    """A UID value as text, without white space and what follows a NUL."""
    return value.partition(b"\0")[0].translate(None, _WHITE_SPACE).decode("latin-1")
