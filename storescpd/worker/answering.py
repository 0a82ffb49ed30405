"""The response to one C-STORE-RQ: ready in advance where it says success, with a comment where it does not."""

from typing import TYPE_CHECKING

from storescpd.association import AcceptedContext, Acceptor
from storescpd.wire.codes import Status
from storescpd.wire.errors import WireError

if TYPE_CHECKING:
    from storescpd.wire.command import CStoreRQ


class Answer:
    """Made when the command has come, so that the response of nearly every object is there before its data set is."""

    def __init__(self, acceptor: Acceptor, context: AcceptedContext, command: "CStoreRQ", *, comments: bool) -> None:
        """``comments``: failures carry an Error Comment."""
        self._acceptor = acceptor
        self._context_id = context.context_id
        self._command = command
        self._comments = comments
        self._success = self._prepared()

    def _prepared(self) -> bytes:
        try:
            return self._acceptor.store_response(self._context_id, self._command, Status.SUCCESS)
        except WireError:
            # A peer that no response can be sent to is aborted once its object is stored, as storescp does.
            return b""

    def encoded(self, status: Status, comment: str) -> bytes:
        """The response.

        Raises:
            WireError: the peer's maximum length leaves no room for any response.
        """
        if status is Status.SUCCESS and self._success:
            return self._success
        return self._acceptor.store_response(self._context_id, self._command, status, comment if self._comments else "")
