"""Where the objects of one association are filed without a keeper: its process serves nobody else and then ends.

So a study is remembered as long as the association lasts (storescp facts 9.3, 2.5), and its hooks are run here.
"""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass

from storescpd.dataset import Identity
from storescpd.store import PlaceError, Stored
from storescpd.store.names import folder_stamp
from storescpd.store.naming import MASKED, Sort, stamped
from storescpd.studies.attended import attend
from storescpd.studies.commands import Facts
from storescpd.studies.messages import Sender
from storescpd.studies.policy import Policy, Scope
from storescpd.worker.clerks import Description, Drawer, remark_on, study_if_any, study_of
from storescpd.worker.filing import Filing

_UNFINISHED_MODE = 0o700
"""Of a directory that has not got its own mode yet; ``store`` gives it that with the first object."""


@dataclass(slots=True)
class Study:
    """One that has begun."""

    folder: str
    shown: str
    touched: float
    """Monotonic time of its last object, in seconds."""


class LoneDesk:
    """Names directories and runs hooks for one association."""

    def __init__(self, filing: Filing, policy: Policy, root: str, sender: Sender) -> None:
        self._filing = filing
        self._policy = policy
        self._root = root
        self._sender = sender
        self._studies: dict[str, Study] = {}
        self._waiting: dict[str, Facts] = {}
        self._numbers = 0
        self.synchronous = True
        """Hooks are waited for, always: nobody would be left to do it later."""

    def opened(self) -> None:
        """The association says something that is no object."""

    def begun(self) -> None:
        """A C-STORE command has come."""

    def keep_up(self) -> None:
        """Its data set goes on."""

    def reads(self, study: str) -> None:
        """The study of its object has been read."""

    def dropped(self) -> None:
        """Its object is not stored."""

    def drawer(self, identity: Identity | None) -> Drawer:
        """Where an object goes.

        Raises:
            PlaceError: there is no place for it.
        """
        self._numbers += 1
        token = str(self._numbers)
        naming = self._filing.naming
        if naming.sort is Sort.NONE:
            return Drawer(token, study=study_if_any(identity))
        study = study_of(identity)
        if identity is None:
            raise PlaceError("the data set was not read")
        found = self._remembered(study) or self._begun(study, identity)
        found.touched = time.monotonic()
        note = remark_on(identity) if naming.sort is Sort.PATIENT_NAME else ""
        return Drawer(token, found.folder, found.shown, None, study, note)

    def _remembered(self, study: str) -> Study | None:
        found = self._studies.get(study)
        timeout = self._policy.end_of_study_timeout
        if found is not None and timeout and time.monotonic() - found.touched > timeout:
            # It has ended meanwhile.
            return None
        return found

    def _begun(self, study: str, identity: Identity) -> Study:
        folder = self._filing.naming.folder(study, identity.patient_name)
        name = shown = folder.label
        if folder.stamped:
            stamp = self._allotted(folder.label)
            name = stamped(folder.label, stamp)
            shown = stamped(MASKED, stamp) if folder.private and not self._filing.patient_data else name
        if self._policy.scope is not Scope.NONE:
            # An object of another study ends a study, and all senders here are one.
            self._studies.clear()
        self._studies[study] = Study(name, shown, time.monotonic())
        return self._studies[study]

    def _allotted(self, label: str) -> str:
        """The time now, or the next millisecond at which no other process has taken the name."""
        milliseconds = time.time_ns() // 1_000_000
        while True:
            stamp = folder_stamp(milliseconds)
            try:
                os.mkdir(os.path.join(self._root, stamped(label, stamp)), _UNFINISHED_MODE)
            except FileExistsError:
                milliseconds += 1
            except OSError as error:
                raise PlaceError(f"cannot make a directory for the study: {error.strerror or error}") from error
            else:
                return stamp

    def record(self, drawer: Drawer, stored: Stored, what: Description) -> None:
        """An object has been stored; its hook runs with ``wait``, or at the end."""
        if not self._policy.on_reception:
            return
        self._waiting[drawer.token] = Facts(
            path=os.path.join(self._root, stored.folder) if stored.folder else self._root,
            file=stored.name,
            sender=self._sender,
            study=drawer.study,
            sop_class=what.command.affected_sop_class_uid,
            sop_instance=what.command.affected_sop_instance_uid,
            transfer_syntax=what.transfer_syntax,
            status=what.status,
            objects=1,
        )

    def wait(self, token: str, given_up: Callable[[], bool]) -> None:
        """Run the hook of an object."""
        facts = self._waiting.pop(token, None)
        if facts is not None:
            attend(self._policy, facts, given_up)

    def close(self) -> None:
        """The association is over: hooks whose objects nobody was told of any more run now."""
        for token in list(self._waiting):
            self.wait(token, lambda: False)
