"""Names that fit into a directory, whatever the object is called (storescp facts 2.1 to 2.6)."""

import os
from collections.abc import Iterator

from storescpd.config.problems import Finding
from storescpd.config.root import Config
from storescpd.config.texts import UID_LENGTH
from storescpd.data.sop_classes import SOP_CLASSES, modality_code

LONGEST = 255
"""Bytes of one name (NAME_MAX of Linux)."""
_CODES = sorted(len(modality_code(uid)) for uid in SOP_CLASSES)
_SHORTEST_UID = len("1.2")
_OWN_UID = len("2.25.") + 32, len("2.25.") + 39
"""Made from a random number of 128 bits: one that begins with so many zeros that it is shorter is never met."""
_TIME = len("20261123101112345")
_FOLDER_TIME = len("20261123_101112345")
_NUMBER = len("+1"), len("_0000")
"""What a name gets where it is taken: as a duplicate, by time."""


def extension(config: Config) -> Iterator[Finding]:
    """A name is the modality's code and a UID or a time, and then the extension."""
    naming = config.naming
    shortest, longest = {
        "default": (len(".") + _SHORTEST_UID, len(".") + UID_LENGTH + _NUMBER[0]),
        "unique": (len(".X.") + _OWN_UID[0], len(".X.") + _OWN_UID[1]),
        "time": (_TIME + len("."), _TIME + len(".") + _NUMBER[1]),
    }[naming.filenames]
    length = len(os.fsencode(naming.extension))
    what, least, most = f"has {length} bytes", shortest + _CODES[0] + length, longest + _CODES[-1] + length
    yield from _judged("extension", "filenames", what, (least, most), LONGEST - longest - _CODES[-1])


def prefix(config: Config) -> Iterator[Finding]:
    """A study's directory is the prefix and a UID or a time."""
    naming = config.naming
    if not naming.prefix or naming.sort not in {"study", "study-uid"}:
        return
    shortest, longest = (_FOLDER_TIME, _FOLDER_TIME) if naming.sort == "study" else (_SHORTEST_UID, UID_LENGTH)
    length = len(os.fsencode(naming.prefix)) + len("_")
    what, least, most = f"has {length - 1} bytes", shortest + length, longest + length
    yield from _judged("prefix", "sort", what, (least, most), LONGEST - longest - 1)


def _judged(name: str, way: str, what: str, lengths: tuple[int, int], room: int) -> Iterator[Finding]:
    """Names have so many bytes at least and at most; nothing is wrong where all of them fit."""
    least, most = lengths
    if most <= LONGEST:
        return
    whom = "every object" if least > LONGEST else "objects with long UIDs"
    message = f"{what}, and a name {LONGEST} at most: {whom} would be refused"
    remedy = f"write {room} bytes or fewer"
    yield Finding(("naming", name), message, remedy, (("naming", way),), note=least <= LONGEST)


RULES = (extension, prefix)
