"""Misbehaviour on purpose, to try out a sender (contract, [testing]; storescp facts 4.1, 5.2, 5.7, 5.8)."""

from collections.abc import Sequence

from storescpd.association import AcceptedContext
from storescpd.data.transfer_syntaxes import TRANSFER_SYNTAXES
from storescpd.dataset import DataSetError, Reencoder
from storescpd.wire.codes import Status
from storescpd.worker.outcome import Result, UnreadableError
from storescpd.worker.storing import Storing


class IgnoredReception:
    """Takes an object and stores nothing; it is read all the same, unless the bytes would be kept as they are."""

    def __init__(self, storing: Storing, context: AcceptedContext) -> None:
        self._reencoder: Reencoder | None = None
        if not storing.bit_preserving:
            syntax = TRANSFER_SYNTAXES[context.transfer_syntax]
            self._reencoder = Reencoder(syntax, storing.encoding, storing.dictionary)
        self.received = 0
        """Bytes of the data set so far."""
        self.fragments = 0

    def take(self, views: Sequence[memoryview]) -> None:
        """Take fragments of the data set.

        Raises:
            UnreadableError: it cannot be read.
        """
        self.received += sum(map(len, views))
        self.fragments += len(views)
        if self._reencoder is not None:
            try:
                self._reencoder.feed(views)
            except DataSetError as error:
                raise UnreadableError(str(error)) from error

    def finish(self) -> Status:
        """The data set is complete.

        Raises:
            UnreadableError: it cannot be read.
        """
        if self._reencoder is not None:
            try:
                self._reencoder.finish(0)
            except DataSetError as error:
                raise UnreadableError(str(error)) from error
        return Status.SUCCESS

    def report(self) -> Result:
        """What became of the object."""
        return Result(Status.SUCCESS, "not stored: testing.ignore is on")

    def abandon(self) -> None:
        """Nothing was kept."""
