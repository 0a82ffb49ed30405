"""Who files the objects of an association: with the keeper, or alone where there will be none after it."""

from collections.abc import Callable
from typing import NamedTuple, Protocol

from storescpd.dataset import Identity
from storescpd.store import NoStudyError, Stored
from storescpd.store.naming import STUDY_UID_LENGTH
from storescpd.studies.messages import Sender
from storescpd.wire.codes import Status
from storescpd.wire.command import CStoreRQ
from storescpd.worker.filing import Filing
from storescpd.worker.links import Links

_LATIN = (None, b"", b"ISO_IR 100")
"""Specific character sets in which a patient's name is read as it is meant."""


class Drawer(NamedTuple):
    """Where an object goes."""

    token: str
    folder: str = ""
    shown: str = ""
    episode: int | None = None
    study: str = ""
    remark: str = ""
    """What is worth a warning."""


NOWHERE = Drawer("")
"""In no directory of its own, and not recorded."""


class Description(NamedTuple):
    """What is recorded of an object besides its place."""

    command: CStoreRQ
    code: str
    transfer_syntax: str
    status: Status


class Clerk(Protocol):
    """What an association asks of it, in this order."""

    @property
    def synchronous(self) -> bool:
        """Hooks are waited for."""

    def opened(self) -> None:
        """The association is there, or has said something that is no object."""

    def begun(self) -> None:
        """A C-STORE command has come."""

    def keep_up(self) -> None:
        """Its data set goes on."""

    def reads(self, study: str) -> None:
        """The study of its object has been read, once for each object."""

    def dropped(self) -> None:
        """Its object is not stored."""

    def drawer(self, identity: Identity | None) -> Drawer:
        """Where an object goes.

        Raises:
            PlaceError: there is no place for it.
            KeeperError: the keeper does not say.
        """

    def record(self, drawer: Drawer, stored: Stored, what: Description) -> None:
        """An object has been stored; returns once it is sure that its hook will run.

        Raises:
            KeeperError: nobody knows whether it will.
        """

    def wait(self, token: str, given_up: Callable[[], bool]) -> None:
        """Wait until the hooks of an object are done."""

    def close(self) -> None:
        """The association is over."""


def clerk(filing: Filing, links: Links, root: str, sender: Sender) -> Clerk | None:
    """Who files the objects of one association; ``None`` where nobody has to."""
    # One of the two is needed in a process, and the way to the keeper brings SQLite.
    if filing.alone is not None:
        from storescpd.worker.lone_desk import LoneDesk  # noqa: PLC0415

        return LoneDesk(filing, filing.alone, root, sender)
    if filing.ledger:
        from storescpd.worker.desk import Desk  # noqa: PLC0415

        return Desk(filing, links, root, sender)
    return None


def study_of(identity: Identity | None) -> str:
    """The study that an object is sorted by.

    Raises:
        NoStudyError: none, or one that nobody can keep.
    """
    study = (identity.study_instance_uid or "") if identity is not None else ""
    if not study:
        raise NoStudyError("the data set has no Study Instance UID to sort it by")
    if len(study) > STUDY_UID_LENGTH:
        raise NoStudyError(f"the Study Instance UID has {len(study)} characters")
    return study


def study_if_any(identity: Identity | None) -> str:
    """The study of an object that is not sorted; empty where it has none."""
    study = (identity.study_instance_uid or "") if identity is not None else ""
    return study if len(study) <= STUDY_UID_LENGTH else ""


def remark_on(identity: Identity) -> str:
    """What is worth a warning where a directory has the patient's name."""
    name = identity.patient_name
    if not name:
        return "the patient has no name, the directory says ANONYMOUS"
    if not name.isascii() and identity.specific_character_set not in _LATIN:
        return "the patient's name is not in Latin-1, the directory shows other letters"
    return ""
