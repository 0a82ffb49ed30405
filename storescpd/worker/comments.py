"""What a sender is told of an object that failed: the Error Comment (0000,0902) of the response (PS3.7 C.4.2, LO).

People read it on the console of a modality, which shows the status as a number otherwise. It names neither paths nor
patients: whoever sends may read it.
"""

import errno
from collections.abc import Mapping
from enum import Enum, auto
from types import MappingProxyType
from typing import Final

from storescpd.dataset import ConversionError, DataSetError, Fault
from storescpd.store import DuplicateError, NoStudyError, PlaceError, SpaceError
from storescpd.studies.errors import KeeperError
from storescpd.wire.codes import Status


class Trouble(Enum):
    """What can go wrong with an object besides its data set."""

    NO_SPACE = auto()
    NOT_WRITTEN = auto()
    LEDGER = auto()
    NO_STUDY = auto()
    NO_PLACE = auto()
    DUPLICATE = auto()
    OTHER_UIDS = auto()
    NO_UIDS = auto()


COMMENTS: Mapping[Fault | Trouble, str] = MappingProxyType(
    {
        Fault.UNREADABLE: "The data set is not valid DICOM",
        Fault.CUT_SHORT: "The data set ends too early",
        Fault.TOO_DEEP: "The data set has sequences nested too deep",
        Fault.DISORDER: "Too many elements of the data set are out of order",
        Fault.NOT_DEFLATED: "The deflated data set is damaged",
        Fault.INFLATES: "The deflated data set inflates to more than is allowed",
        Fault.NOT_CONVERTIBLE: "The data set cannot be converted as the receiver is set up",
        Fault.TOO_LARGE: "The object is larger than the receiver allows",
        Fault.EMPTY: "The data set is empty",
        Trouble.NO_SPACE: "The receiver has too little free disk space",
        Trouble.NOT_WRITTEN: "The receiver cannot write to its storage",
        Trouble.LEDGER: "The receiver cannot record the study",
        Trouble.NO_STUDY: "The data set has no usable Study Instance UID",
        Trouble.NO_PLACE: "The receiver cannot use the directory of this study",
        Trouble.DUPLICATE: "The receiver has this object already and keeps the old one",
        Trouble.OTHER_UIDS: "Stored, but the data set has other SOP UIDs than the command",
        Trouble.NO_UIDS: "Stored, but the data set lacks its SOP class or instance UID",
    }
)
"""Each 64 characters at the most, ASCII without a backslash."""

STORED: Final[Mapping[Status, Trouble]] = MappingProxyType(
    {Status.DATA_SET_DOES_NOT_MATCH: Trouble.OTHER_UIDS, Status.CANNOT_UNDERSTAND: Trouble.NO_UIDS}
)
"""What is wrong with an object that is stored all the same, by its status."""

_FULL: Final = frozenset((errno.ENOSPC, errno.EDQUOT))


def comment_on(error: BaseException) -> str:
    """What to tell of what an object failed by."""
    return COMMENTS[_cause(error)]


def _cause(error: BaseException) -> Fault | Trouble:
    if isinstance(error, DataSetError | ConversionError):
        return error.fault
    if isinstance(error, KeeperError):
        return Trouble.LEDGER
    if isinstance(error, NoStudyError):
        return Trouble.NO_STUDY
    if isinstance(error, PlaceError):
        return Trouble.NO_PLACE
    if isinstance(error, DuplicateError):
        return Trouble.DUPLICATE
    return Trouble.NO_SPACE if isinstance(error, SpaceError) or _is_full(error) else Trouble.NOT_WRITTEN


def _is_full(error: BaseException) -> bool:
    """Whether the system said so, here or in what this error was made of."""
    found: BaseException | None = error
    while found is not None:
        if isinstance(found, OSError) and found.errno in _FULL:
            return True
        found = found.__cause__ or found.__context__
    return False
