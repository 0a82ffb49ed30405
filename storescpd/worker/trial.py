"""Misbehaviour on purpose, to try out a sender (contract, [testing]; storescp facts 4.1, 5.2, 5.7, 5.8)."""

from collections.abc import Sequence

from storescpd.association import AcceptedContext
from storescpd.data.transfer_syntaxes import TRANSFER_SYNTAXES
from storescpd.dataset import ConversionError, DataSetError, Reencoder
from storescpd.wire.codes import Status
from storescpd.worker.comments import comment_on
from storescpd.worker.outcome import Rest, Result, UnreadableError
from storescpd.worker.storing import Storing


class IgnoredReception:
    """Takes an object and stores nothing; it is read all the same, unless the bytes would be kept as they are."""

    def __init__(self, storing: Storing, context: AcceptedContext) -> None:
        self._storing = storing
        self._reencoder: Reencoder | None = None
        if not storing.bit_preserving:
            syntax = TRANSFER_SYNTAXES[context.transfer_syntax]
            self._reencoder = Reencoder(syntax, storing.encoding, storing.dictionary)
        self._result = Result(Status.SUCCESS, "not stored: testing.ignore is on")
        self._rest = Rest()
        self.received = 0
        """Bytes of the data set so far."""
        self.fragments = 0

    @property
    def comment(self) -> str:
        """What the sender is told of a failure."""
        return self._result.comment

    def take(self, views: Sequence[memoryview]) -> None:
        """Take fragments of the data set.

        Raises:
            UnreadableError: it cannot be read, and that ends the association; or too much comes of one that failed.
        """
        size = sum(map(len, views))
        self.received += size
        self.fragments += len(views)
        if self._result.status is not Status.SUCCESS:
            self._rest.discard(size)
        elif self._reencoder is not None:
            try:
                if self._reencoder.grows:
                    for _ in self._reencoder.parts(views):
                        continue
                else:
                    self._reencoder.feed(views)
            except DataSetError as error:
                self._fail_to_read(error)
            except ConversionError:
                self._stop_reading()

    def _fail_to_read(self, error: DataSetError) -> None:
        if not self._storing.refuses_unreadable:
            raise UnreadableError(str(error)) from error
        reason = f"the data set cannot be read: {error}"
        self._result = Result(Status.CANNOT_UNDERSTAND, reason, comment=comment_on(error))
        self._stop_reading()

    def _stop_reading(self) -> None:
        """It cannot be read on, or not be converted, which matters to nobody where nothing is stored."""
        self._reencoder = None

    def finish(self) -> Status:
        """The data set is complete.

        Raises:
            UnreadableError: it cannot be read, and that ends the association.
        """
        if self._reencoder is not None:
            try:
                self._reencoder.finish(0)
            except DataSetError as error:
                self._fail_to_read(error)
            except ConversionError:
                self._stop_reading()
        return self._result.status

    def report(self) -> Result:
        """What became of the object."""
        return self._result

    def abandon(self) -> None:
        """Nothing was kept."""
