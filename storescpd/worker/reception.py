"""The reception of one object: from its C-STORE-RQ to the status of the answer (storescp facts 5).

A failure never ends the association: what still comes of the object is read and thrown away, and the peer is answered
A700, or C000 where the data set cannot be read. With ``storage.on_unreadable = "abort"`` the latter ends it.
"""

import time
from collections.abc import Sequence

from storescpd.association import AcceptedContext
from storescpd.data.sop_classes import modality_code
from storescpd.data.transfer_syntaxes import TRANSFER_SYNTAXES
from storescpd.dataset import ConversionError, DataSetError, Fault, Identity, Reencoder
from storescpd.store import DuplicateError, FileMeta, Outcome, Place, PlaceError, StorageError, Stored, Writer
from storescpd.store.amounts import size
from storescpd.store.meta import GENERIC_SOP_CLASS
from storescpd.store.naming import FileNames
from storescpd.store.uids import fresh_uid
from storescpd.studies.errors import KeeperError
from storescpd.wire.codes import Status
from storescpd.wire.command import CStoreRQ
from storescpd.worker.clerks import NOWHERE, Clerk, Description
from storescpd.worker.identification import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME
from storescpd.worker.outcome import Rest, Result, UnreadableError
from storescpd.worker.storing import Storing


class Reception:
    """One object on its way. ``take`` its fragments, ``finish`` it, ``report`` on it; or ``abandon`` it before."""

    def __init__(
        self,
        storing: Storing,
        context: AcceptedContext,
        command: CStoreRQ,
        calling_ae_title: str,
        desk: Clerk | None = None,
        *,
        looks: bool = True,
    ) -> None:
        """``looks``: it is of interest whether the object takes the place of another file."""
        self._storing = storing
        self._desk = desk
        self._looks = looks
        self._code = modality_code(command.affected_sop_class_uid)
        self._milliseconds = time.time_ns() // 1_000_000
        self._context = context
        self._command = command
        self._calling_ae_title = calling_ae_title
        self._writer: Writer | None = None
        self._failure: Result | None = None
        self._rest = Rest()
        self._committed: Writer | None = None
        self._stored: Stored | None = None
        self._status = Status.SUCCESS
        self._drawer = NOWHERE
        self.received = 0
        """Bytes of the data set so far."""
        self.fragments = 0
        self.comment = ""
        """What the sender is told of a failure; there once the object is finished."""
        self._reencoder = self._make_reencoder()
        self._is_awaited = desk is not None and self._reencoder is not None
        self._head = self._header(None)
        if desk is not None:
            desk.begun()
        try:
            self._writer = storing.directory.begin(self._head)
        except StorageError as error:
            self._fail(error)

    def _make_reencoder(self) -> Reencoder | None:
        if self._storing.bit_preserving:
            return None
        syntax = TRANSFER_SYNTAXES[self._context.transfer_syntax]
        return Reencoder(syntax, self._storing.encoding, self._storing.dictionary)

    def _header(self, identity: Identity | None) -> bytes:
        """Preamble and meta header: by the command, and once the data set is known, by the data set (facts 5.4)."""
        if self._storing.bare_data_set:
            return b""
        sop_class, instance = self._command.affected_sop_class_uid, self._command.affected_sop_instance_uid
        if identity is not None:
            sop_class = GENERIC_SOP_CLASS if identity.sop_class_uid is None else identity.sop_class_uid
            instance = fresh_uid() if identity.sop_instance_uid is None else identity.sop_instance_uid
        syntax = self._context.transfer_syntax if self._reencoder is None else self._reencoder.output_syntax
        return FileMeta(
            sop_class,
            instance,
            syntax,
            IMPLEMENTATION_CLASS_UID,
            IMPLEMENTATION_VERSION_NAME,
            self._calling_ae_title,
        ).encode()

    def take(self, views: Sequence[memoryview]) -> None:
        """Take fragments of the data set.

        Raises:
            UnreadableError: it cannot be read, and that ends the association; or too much comes of one that failed.
        """
        length = 0
        # A loop: the compiled build runs it in a third of the time of sum(map(len, views)).
        for view in views:
            length += len(view)
        self.received += length
        self.fragments += len(views)
        if self._desk is not None:
            self._desk.keep_up()
        limit = self._storing.max_object_size
        if limit and self.received > limit and self._writer is not None:
            self._fail(_too_large(limit))
        if self._writer is None:
            self._rest.discard(length)
        else:
            self._store(self._writer, views)
        if self._is_awaited:
            self._await_study()

    def _await_study(self) -> None:
        """The study of the object is held open as soon as it is known."""
        if self._desk is None or self._reencoder is None:
            return
        study = self._reencoder.identity.study_instance_uid
        if study is not None:
            self._is_awaited = False
            self._desk.reads(study)

    def _store(self, writer: Writer, views: Sequence[memoryview]) -> None:
        try:
            if self._reencoder is None:
                writer.write(views)
            elif not self._reencoder.grows:
                writer.emit(self._reencoder.feed(views))
            else:
                for part in self._reencoder.parts(views):
                    writer.emit(part)
                    self._check_size(writer)
        except OSError as error:
            self._fail(error, reason=self._cannot_write(error))
        except (ConversionError, StorageError) as error:
            self._fail(error)
        except DataSetError as error:
            self._fail_to_read(error)

    def _check_size(self, writer: Writer) -> None:
        """What is written counts too: inflated and padded, it may be many times what came."""
        limit = self._storing.max_object_size
        if limit and writer.length > limit:
            raise _too_large(limit)

    def _cannot_write(self, error: OSError) -> str:
        return f"cannot write below {self._storing.directory.settings.directory}: {error.strerror or error}"

    def _fail_to_read(self, error: DataSetError) -> Status:
        if not self._storing.refuses_unreadable:
            raise UnreadableError(str(error)) from error
        return self._fail(error, Status.CANNOT_UNDERSTAND, f"the data set cannot be read: {error}")

    def _fail(self, error: Exception, status: Status = Status.OUT_OF_RESOURCES, reason: str = "") -> Status:
        """Nothing of the object stays, whatever still comes of it."""
        self.abandon()
        self._refuse(error, status, reason)
        # It may hold some MiB, and much may still come.
        self._reencoder = None
        return status

    def _refuse(self, error: Exception, status: Status = Status.OUT_OF_RESOURCES, reason: str = "") -> Status:
        from storescpd.worker.comments import comment_on  # noqa: PLC0415 - nearly all objects do without

        self.comment = comment_on(error)
        self._failure = Result(status, reason or str(error), study=self._study(), comment=self.comment)
        return status

    def _study(self) -> str:
        return "" if self._reencoder is None else self._reencoder.identity.study_instance_uid or ""

    def abandon(self) -> None:
        """Leave nothing of the object behind but what has its place already."""
        if self._writer is not None:
            self._writer.abandon()
            self._writer = None
        self._close()

    def _close(self) -> None:
        if self._committed is not None:
            self._committed.close()
            self._committed = None

    def finish(self) -> Status:
        """The data set is complete: give it its place, or find out why it has none; returns what to answer.

        Raises:
            UnreadableError: it cannot be read, and that ends the association.
        """
        status = self._finish()
        if self._failure is not None and self._desk is not None:
            self._desk.dropped()
        return status

    def report(self) -> Result:
        """What became of the object. It can wait until the peer has its answer: what is left to do is done here too."""
        if self._failure is not None:
            result = self._failure
        elif self._stored is None:
            raise RuntimeError("the object is not finished")
        else:
            result = self._describe(self._stored, self._study())
        self._close()
        return result

    def _finish(self) -> Status:
        if self._writer is None:
            return Status.OUT_OF_RESOURCES if self._failure is None else self._failure.status
        try:
            self._status = self._complete(self._writer)
            if self._desk is not None:
                self._drawer = self._desk.drawer(None if self._reencoder is None else self._reencoder.identity)
        except OSError as error:
            return self._fail(error, reason=self._cannot_write(error))
        except (ConversionError, StorageError, KeeperError) as error:
            return self._fail(error)
        except PlaceError as error:
            return self._fail(error, Status.CANNOT_UNDERSTAND)
        except DataSetError as error:
            return self._fail_to_read(error)
        writer, self._writer = self._writer, None
        return self._commit(writer)

    def _complete(self, writer: Writer) -> Status:
        """Write what is left of the object; returns the status it deserves once it has its place."""
        if self._reencoder is None:
            return Status.SUCCESS
        if not self.received:
            raise ConversionError("the data set is empty", Fault.EMPTY)
        identity = self._reencoder.identity
        status = _compare(self._command, identity)
        header = self._head if status is Status.SUCCESS else self._header(identity)
        final = self._reencoder.finish(len(header))
        writer.emit(final.pieces)
        writer.finish(header, final.plan)
        self._check_size(writer)
        return status

    def _commit(self, writer: Writer) -> Status:
        try:
            stored = writer.commit(self._place())
            self._committed = writer
            if self._desk is not None:
                self._desk.record(self._drawer, stored, self._description())
        except (StorageError, KeeperError) as error:
            return self._refuse(error)
        except PlaceError as error:
            return self._refuse(error, Status.CANNOT_UNDERSTAND)
        except DuplicateError as error:
            return self._refuse(error, Status.DUPLICATE, f"{error} exists and storage.on_duplicate is reject")
        self._stored = stored
        if self._status is not Status.SUCCESS:
            self.comment = self._comment_on_stored()
        return self._status

    def _comment_on_stored(self) -> str:
        from storescpd.worker.comments import COMMENTS, STORED  # noqa: PLC0415 - as above

        return COMMENTS[STORED[self._status]]

    def _place(self) -> Place:
        naming, instance = self._storing.filing.naming, self._command.affected_sop_instance_uid
        name, successors = naming.names(self._code, instance, self._milliseconds)
        exclusive, drawer = self._status is not Status.SUCCESS, self._drawer
        return Place(name, exclusive, drawer.folder, drawer.shown, successors, self._looks)

    def _description(self) -> Description:
        syntax = self._context.transfer_syntax if self._reencoder is None else self._reencoder.output_syntax
        return Description(self._command, self._code, syntax, self._status)

    def _describe(self, stored: Stored, study: str) -> Result:
        status, drawer = self._status, self._drawer
        path = self._storing.directory.path(stored.name, drawer.shown)
        reasons = [drawer.remark] if drawer.remark else []
        if status is Status.DATA_SET_DOES_NOT_MATCH:
            reasons.append("the UIDs of the data set differ from those of the command; stored all the same")
        elif status is Status.CANNOT_UNDERSTAND:
            reasons.append("the data set lacks its SOP class or instance UID; stored all the same")
        if stored.outcome is Outcome.SET_ASIDE:
            reasons.append("the name was taken by an object that differs")
        elif stored.outcome is Outcome.UNCHANGED:
            reasons.append("the same object was there already")
        instance = self._command.affected_sop_instance_uid
        by_instance = self._storing.filing.naming.filenames is FileNames.DEFAULT
        if by_instance and not stored.name.startswith(f"{self._code}.{instance}"):
            reasons.append(f"characters of the instance UID {instance!r} that no file name may have were replaced")
        replaced = stored.outcome is Outcome.REPLACED
        return Result(status, "; ".join(reasons), path, drawer.token, study, replaced, self.comment)


def _too_large(limit: int) -> ConversionError:
    return ConversionError(f"the object is larger than storage.max_object_size, {size(limit)}", Fault.TOO_LARGE)


def _compare(command: CStoreRQ, identity: Identity) -> Status:
    """The data set against its command (storescp facts 5.1); an element without a value differs, it is not missing."""
    if identity.sop_class_uid is None or identity.sop_instance_uid is None:
        return Status.CANNOT_UNDERSTAND
    if (identity.sop_class_uid, identity.sop_instance_uid) != (
        command.affected_sop_class_uid,
        command.affected_sop_instance_uid,
    ):
        return Status.DATA_SET_DOES_NOT_MATCH
    return Status.SUCCESS
