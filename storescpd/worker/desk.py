"""Where the objects of one association are filed with the keeper: a directory before, a record after each is stored."""

from collections.abc import Callable

from storescpd.dataset import Identity
from storescpd.store import PlaceError, Stored
from storescpd.store.naming import STUDY_UID_LENGTH, Sort
from storescpd.studies.messages import Place, Record, Sender, StudyKey
from storescpd.worker.clerks import Description, Drawer, remark_on, study_if_any, study_of
from storescpd.worker.filing import Filing
from storescpd.worker.links import Links


class Desk:
    """Speaks to the keeper for one association."""

    def __init__(self, filing: Filing, links: Links, root: str, sender: Sender) -> None:
        self._filing = filing
        self._links = links
        self._root = root
        self._sender = sender
        self._closed = False
        self._link = links.take()
        self._link.open(sender, filing.trust)
        self._sorted = filing.naming.sort is not Sort.NONE
        self._sends = StudyKey(root, filing.scheme, "")
        self.synchronous = filing.synchronous
        """Hooks are waited for."""

    def opened(self) -> None:
        """The association is there, or has said something that is no object."""
        if self._filing.watched:
            self._link.stir()

    def begun(self) -> None:
        """A C-STORE command has come."""
        if self._sorted:
            self._link.begun()

    def keep_up(self) -> None:
        """Its data set goes on."""
        if self._sorted:
            self._link.keep_up()

    def reads(self, study: str) -> None:
        """The study of its object has been read."""
        if self._sorted and len(study) <= STUDY_UID_LENGTH:
            if study != self._sends.study:
                self._sends = StudyKey(self._root, self._filing.scheme, study)
            self._link.sends(self._sends)

    def dropped(self) -> None:
        """Its object is not stored."""
        if self._sorted:
            self._link.dropped()

    def drawer(self, identity: Identity | None) -> Drawer:
        """Where an object goes.

        Raises:
            PlaceError: there is no place for it.
            KeeperError: the keeper does not say.
        """
        if not self._sorted:
            return Drawer(self._link.fresh_token(), study=study_if_any(identity))
        study = study_of(identity)
        if identity is None:
            raise PlaceError("the data set was not read")
        return self._sorted_drawer(identity, study)

    def _sorted_drawer(self, identity: Identity, study: str) -> Drawer:
        token = self._link.fresh_token()
        folder = self._filing.naming.folder(study, identity.patient_name)
        placed = self._link.place(
            Place(
                token=token,
                slot=self._filing.slot,
                key=StudyKey(self._root, self._filing.scheme, study),
                label=folder.label,
                stamped=folder.stamped,
                private=folder.private and not self._filing.patient_data,
                sender=self._sender,
            )
        )
        remark = remark_on(identity) if folder.private else ""
        return Drawer(token, placed.folder, placed.shown, placed.episode, study, remark)

    def record(self, drawer: Drawer, stored: Stored, what: Description) -> None:
        """Enter an object that has been stored; returns once that is durable.

        Raises:
            KeeperError: nobody knows whether it is.
        """
        self._link.record(
            Record(
                token=drawer.token,
                slot=self._filing.slot,
                episode=drawer.episode,
                root=self._root,
                folder=stored.folder,
                name=stored.name,
                code=what.code,
                sop_class=what.command.affected_sop_class_uid,
                sop_instance=what.command.affected_sop_instance_uid,
                study=drawer.study,
                transfer_syntax=what.transfer_syntax,
                status=what.status,
                sender=self._sender,
                inode=stored.inode,
            )
        )

    def wait(self, token: str, given_up: Callable[[], bool]) -> None:
        """Wait until the hooks of an object are done."""
        self._link.wait(token, given_up)

    def close(self) -> None:
        """The association is over."""
        if not self._closed:
            self._closed = True
            self._links.give_back(self._link)
