"""Names of files and of study directories (storescp facts 2.1 to 2.7).

Whatever comes from a peer passes an allow-list before it becomes part of a name.
"""

import datetime as dt
import itertools
import re
import unicodedata
from collections.abc import Iterator
from typing import Final

from storescpd.store.errors import NoStudyError
from storescpd.store.incoming import OWN_FOLDER
from storescpd.store.uids import fresh_uid

_FORBIDDEN: Final = re.compile(r"[^ \-.:@0-9A-Z_a-z]")
_NOT_IN_PATIENTS: Final = re.compile(r"[^0-9A-Za-z]")
_REFUSED: Final = frozenset({"", ".", "..", OWN_FOLDER})
"""Names that are no directory of their own, or that are ours."""
NO_NAME: Final = "ANONYMOUS"
"""Stands for a patient without a name."""


def sanitised(text: str) -> str:
    """The text with every character outside storescp's allow-list replaced by ``_``, one for one."""
    if text.isascii() and text.replace(".", "").isdigit():
        return text
    return _FORBIDDEN.sub("_", text)


def default_name(code: str, sop_instance_uid: str, extension: str) -> str:
    """``CT.1.2.3`` and the extension as it is; the code is the modality code of the affected SOP class."""
    return f"{code}.{sanitised(sop_instance_uid)}{extension}"


def unique_names(code: str, extension: str) -> Iterator[str]:
    """``CT.X.`` and a new UID, without end (storescp facts 2.3)."""
    while True:
        yield f"{code}.X.{fresh_uid()}{extension}"


def time_names(stamp: str, code: str, extension: str) -> Iterator[str]:
    """``20261123101112345.CT``, then the same with ``_0000``, ``_0001`` and so on, without end (storescp facts 2.4)."""
    yield f"{stamp}.{code}{extension}"
    for serial in itertools.count():
        yield f"{stamp}_{serial:04d}.{code}{extension}"


def file_stamp(milliseconds: int) -> str:
    """``20261123101112345``: milliseconds since 1970 in local time."""
    return _local(milliseconds, "%Y%m%d%H%M%S")


def folder_stamp(milliseconds: int) -> str:
    """``20261123_101112345``: milliseconds since 1970 in local time."""
    return _local(milliseconds, "%Y%m%d_%H%M%S")


def _local(milliseconds: int, style: str) -> str:
    seconds, rest = divmod(milliseconds, 1000)
    return f"{dt.datetime.fromtimestamp(seconds).astimezone():{style}}{rest:03d}"


def joined(prefix: str, name: str) -> str:
    """``prefix_name``; without a prefix the name alone (storescp facts 2.5, 2.6)."""
    return f"{prefix}_{name}" if prefix else name


def study_uid_folder(prefix: str, study_instance_uid: str) -> str:
    """The directory of a study that is named by its UID (storescp facts 2.6).

    Raises:
        NoStudyError: the UID makes no name for a directory.
    """
    name = joined(prefix, sanitised(study_instance_uid))
    if name in _REFUSED:
        raise NoStudyError(f"the Study Instance UID {study_instance_uid!r} makes no name for a directory")
    return name


def patient_label(patient_name: bytes | None) -> str:
    """A patient's name as a part of a directory's name: its first value, byte by byte as Latin-1 (storescp facts 2.7).

    ASCII letters and digits stand as they are, accented letters lose their accents, all else becomes ``_``.
    """
    first = (patient_name or b"").partition(b"\\")[0].rstrip(b" \0")
    return "".join(map(_folded, first.decode("latin-1"))) or NO_NAME


_LETTERS: Final = {
    "Ä": "Ae", "Ö": "Oe", "Ü": "Ue", "ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss",
    "Æ": "A", "Ð": "D", "Ø": "O", "æ": "a", "ð": "d", "ø": "o",
}  # fmt: skip
"""Letters that are not a base letter with an accent, or that storescp does not treat as one."""


def _folded(character: str) -> str:
    letters = _LETTERS.get(character) or unicodedata.normalize("NFD", character)[0]
    return _NOT_IN_PATIENTS.sub("_", letters)
