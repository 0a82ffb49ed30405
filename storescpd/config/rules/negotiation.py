"""What is accepted: preferences or a profile, storage classes only (storescp facts 1.9, 4.2)."""

from collections.abc import Iterator

from storescpd.config.problems import Finding, KeyPath
from storescpd.config.root import Config
from storescpd.data import pydicom_tables
from storescpd.data.sop_classes import SOP_CLASSES, STORAGE_SOP_CLASSES, VERIFICATION

_PROFILE = ("negotiation", "profile")
_DICOM_ROOT = "1.2.840.10008."


def profile_alone(config: Config) -> Iterator[Finding]:
    """A profile says all that these keys would say."""
    negotiation = config.negotiation
    if not negotiation.profile:
        return
    others = {
        "prefer": negotiation.prefer != "uncompressed",
        "promiscuous": negotiation.promiscuous,
        "extra_sop_classes": bool(negotiation.extra_sop_classes),
    }
    for name in (name for name, is_said in others.items() if is_said):
        key: KeyPath = ("negotiation", name)
        message = "does not go with negotiation.profile, which alone decides what is accepted"
        yield Finding(key, message, "remove this key or the profile", (_PROFILE,))


def extra_classes_store(config: Config) -> Iterator[Finding]:
    """A class whose objects cannot be stored would be accepted and then fail."""
    for index, uid in enumerate(config.negotiation.extra_sop_classes):
        name = not_a_storage_class(uid)
        if name is not None:
            key = ("negotiation", "extra_sop_classes", index)
            yield Finding(
                key, f"{uid} is not a storage class but {name}", "remove it; only storage classes can be added"
            )


def not_a_storage_class(uid: str) -> str | None:
    """What a UID stands for, if it is known and not a class of objects that can be stored."""
    if uid == VERIFICATION:
        return "Verification, which is always accepted"
    if uid in STORAGE_SOP_CLASSES or uid in SOP_CLASSES or not uid.startswith(_DICOM_ROOT):
        return None
    entry = pydicom_tables.load("_uid_dict").UID_dictionary.get(uid)
    if entry is None or (entry[1] == "SOP Class" and _stores(entry[0])):
        return None
    return f"{entry[0]} ({entry[1]})"


def _stores(name: str) -> bool:
    return "Storage" in name and not name.startswith(("Storage Commitment", "Media Storage Directory"))


RULES = (profile_alone, extra_classes_store)
