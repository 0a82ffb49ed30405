"""Which name an object and its study directory get: the settings of ``[naming]`` as plain values."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from storescpd.store.errors import PlaceError
from storescpd.store.names import default_name, file_stamp, joined, patient_label, study_uid_folder, time_names
from storescpd.store.names import unique_names as unique

STUDY_UID_LENGTH: Final = 1024
"""Characters. A UID has 64; some modalities write more, nobody writes a thousand, and a ledger has to keep it."""

MASKED: Final = "***"
"""Stands for a patient's name in logs."""
_LONGEST: Final = 255
"""Bytes of a directory's name (NAME_MAX of Linux)."""
_STAMP: Final = "20261123_101112345"


class FileNames(StrEnum):
    """How files are named."""

    DEFAULT = "default"
    UNIQUE = "unique"
    TIME = "time"


class Sort(StrEnum):
    """How study directories are named."""

    NONE = "none"
    STUDY = "study"
    STUDY_UID = "study-uid"
    PATIENT_NAME = "patient-name"


@dataclass(frozen=True, slots=True)
class Folder:
    """The name of a study directory, as far as the study alone decides it."""

    label: str
    stamped: bool
    """A date and a time follow the label: the study gets a directory of its own each time it begins."""
    private: bool = False
    """The label is made from a patient's name."""


@dataclass(frozen=True, slots=True)
class Naming:
    """One way to name files and study directories."""

    filenames: FileNames = FileNames.DEFAULT
    extension: str = ""
    sort: Sort = Sort.NONE
    prefix: str = ""

    def names(self, code: str, sop_instance_uid: str, milliseconds: int) -> tuple[str, Iterator[str] | None]:
        """A file's name, and those that follow where it is taken; ``milliseconds`` is the time of the command."""
        if self.filenames is FileNames.DEFAULT:
            return default_name(code, sop_instance_uid, self.extension), None
        by_time = self.filenames is FileNames.TIME
        names = time_names(file_stamp(milliseconds), code, self.extension) if by_time else unique(code, self.extension)
        return next(names), names

    def folder(self, study_instance_uid: str, patient_name: bytes | None) -> Folder:
        """The directory of a study.

        Raises:
            PlaceError: there is no name for it.
        """
        made = self._folder(study_instance_uid, patient_name)
        length = len(os.fsencode(stamped(made.label, _STAMP) if made.stamped else made.label))
        if length > _LONGEST:
            raise PlaceError(f"a directory's name of {length} bytes, {_LONGEST} are the most")
        return made

    def _folder(self, study_instance_uid: str, patient_name: bytes | None) -> Folder:
        match self.sort:
            case Sort.STUDY_UID:
                return Folder(study_uid_folder(self.prefix, study_instance_uid), stamped=False)
            case Sort.PATIENT_NAME:
                return Folder(patient_label(patient_name), stamped=True, private=True)
            case _:
                return Folder(self.prefix, stamped=True)


def stamped(label: str, stamp: str) -> str:
    """The name of a directory that is named by a label and a time."""
    return joined(label, stamp)
