"""Where a keeper cannot begin because its ledger's disk is full, fails or is read-only: somebody has to say so.

Workers are refused at once instead of waiting for a keeper that does not come. Nothing is remembered here.
"""

import contextlib
import os
import selectors
import signal
import socket
import sqlite3
import time
from collections.abc import Callable
from typing import Final

from storescpd.studies.ledger import socket_path
from storescpd.studies.messages import Await, GivenUp, GiveUp, Message, Place, Record, Refused, Retry, Settled
from storescpd.studies.service import Conversation, listen

_PASSING: Final = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY}
_PRIMARY: Final = 0xFF
"""The part of an extended result code that says what kind it is of."""
LOOK: Final = 0.2
"""Seconds between two looks whether it has been told to leave."""


def may_pass(error: BaseException | None) -> bool:
    """Whether a ledger that cannot be used may be usable later, without anybody doing anything about the file."""
    return isinstance(error, sqlite3.OperationalError) and error.sqlite_errorcode & _PRIMARY in _PASSING


class StandIn:
    """Refuses what workers ask, for a while. Its process holds the lock of the ledger."""

    def __init__(self, ledger: str, reason: str, crew: int, leave: signal.Signals) -> None:
        self._path = socket_path(ledger)
        self._reason = reason
        self._crew = crew
        self._leave = leave
        # Pending until the keeper begins, all but the order to leave.
        signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGTERM, signal.SIGHUP, signal.SIGINT, leave))
        self._selector = selectors.DefaultSelector()
        self._listener = listen(ledger)
        self._selector.register(self._listener, selectors.EVENT_READ, self._on_connection)
        self._selector.register(crew, selectors.EVENT_READ, None)
        self._conversations: list[Conversation] = []

    def serve(self, seconds: float, beat: Callable[[float], None]) -> bool:
        """Refuse for so long; ``False`` when it has to leave."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            beat(time.monotonic())
            for key, _ in self._selector.select(min(left, LOOK)):
                if key.fileobj == self._crew:
                    return False
                key.data()
            if self._leave in signal.sigpending():
                return False
        return True

    def close(self) -> None:
        """Workers come again to whoever is next."""
        for conversation in list(self._conversations):
            self._close(conversation)
        with contextlib.suppress(OSError):
            os.unlink(self._path)
        self._listener.close()
        self._selector.close()

    def _on_connection(self) -> None:
        with contextlib.suppress(OSError):
            connection, _ = self._listener.accept()
            self._take(connection)

    def _take(self, connection: socket.socket) -> None:
        connection.settimeout(0)
        conversation = Conversation(connection)
        self._conversations.append(conversation)
        self._selector.register(connection, selectors.EVENT_READ, lambda: self._on_message(conversation))

    def _on_message(self, conversation: Conversation) -> None:
        messages = conversation.hear()
        if messages is None:
            self._close(conversation)
            return
        for message in messages:
            answer = self._answer(message)
            if answer is not None:
                conversation.say(answer)

    def _answer(self, message: Message) -> Message | None:
        match message:
            case Place() | Record() | Retry():
                return Refused(self._reason)
            case Await():
                return Settled()
            case GiveUp():
                return GivenUp(leaving=False)
            case _:
                return None

    def _close(self, conversation: Conversation) -> None:
        self._conversations.remove(conversation)
        self._selector.unregister(conversation.socket)
        conversation.association.close()
        conversation.socket.close()
