"""What the keeper does with each message of a worker. Answers are queued until the ledger has been committed."""

import contextlib
import logging
import os
import socket
from collections.abc import Callable

from storescpd.studies import jobs
from storescpd.studies.associations import Association
from storescpd.studies.clock import Moment
from storescpd.studies.course import Course
from storescpd.studies.execution import Execution
from storescpd.studies.ledger import Ledger, socket_path
from storescpd.studies.link import bound_address
from storescpd.studies.messages import (
    Await,
    Dropped,
    GivenUp,
    GiveUp,
    Inbox,
    Joined,
    Message,
    MessageError,
    Place,
    Placed,
    Record,
    Recorded,
    Refused,
    Retried,
    Retry,
    Settled,
    encode,
)
from storescpd.studies.policy import Policies
from storescpd.telemetry.events import log_event

_BACKLOG = 512
RENAMING_PATIENCE = 8.0
"""Seconds in which an object waits for the directory of a study whose files are being renamed, less than its worker
waits for an answer; then it is refused."""
_PIECE = 1 << 16

logger = logging.getLogger(__name__)


class Conversation:
    """One connection of a worker, or of a command."""

    def __init__(self, connection: socket.socket) -> None:
        self.socket = connection
        self.association = Association()
        self._inbox = Inbox()

    def hear(self) -> list[Message] | None:
        """What has come; ``None`` at the end."""
        try:
            data = self._receive()
            return self._inbox.feed(data) if data else None
        except BlockingIOError:
            return []
        except (OSError, MessageError) as error:
            log_event(logger, logging.WARNING, "connection to the keeper lost", cause=str(error))
            return None

    def _receive(self) -> bytes:
        """What has come; the signs of life of its worker come with the first message."""
        if self.association.pulse is not None:
            return self.socket.recv(_PIECE)
        data, fds, _, _ = socket.recv_fds(self.socket, _PIECE, 1, socket.MSG_CMSG_CLOEXEC)
        for fd in fds:
            self.association.pulse = fd
        return data

    def say(self, message: Message) -> None:
        """Send; a peer that takes nothing is cut off, and comes back if it lives."""
        data = encode(message)
        with contextlib.suppress(OSError):
            if self.socket.send(data, socket.MSG_NOSIGNAL) != len(data):
                self.socket.shutdown(socket.SHUT_RDWR)


class Service:
    """All conversations of one keeper."""

    def __init__(self, ledger: Ledger, course: Course, execution: Execution, policies: Policies) -> None:
        self._ledger = ledger
        self._course = course
        self._execution = execution
        self._policies = policies
        self._answers: list[tuple[Conversation, Message]] = []
        self.orphaned = False
        """The supervisor is gone: another keeper may have the ledger."""
        self.leaving = False
        self.away = ""
        """Why the ledger takes nothing; empty: it does."""
        self._handlers: dict[type[Message], Callable[..., None]] = {
            Place: self._on_place,
            Record: self._on_record,
            Dropped: self._on_dropped,
            Joined: self._on_joined,
            Await: self._on_await,
            Retry: self._on_retry,
            GiveUp: self._on_give_up,
        }
        self._waiting: list[Conversation] = []
        self._held: list[tuple[float, Conversation, Place]] = []
        """Until when, who, and the directory that it waits for."""

    def join(self, conversation: Conversation) -> None:
        """A connection has come."""
        self._course.associations.open.append(conversation.association)

    def leave(self, conversation: Conversation, now: Moment) -> None:
        """A connection has gone."""
        self._course.leave(conversation.association, now, adopts=not self.away)
        if conversation in self._waiting:
            self._waiting.remove(conversation)
        self._held = [held for held in self._held if held[1] is not conversation]
        conversation.socket.close()

    def take(self, conversation: Conversation, message: Message, now: Moment) -> None:
        """Do what a message asks for."""
        handler = self._handlers.get(type(message))
        if self.away and isinstance(message, Place | Record | Retry):
            conversation.say(Refused(self.away))
        elif self.away and isinstance(message, Await):
            conversation.association.awaits = message.token
            self._waiting.append(conversation)
        elif handler is None:
            self._answer(conversation, Refused("not a message to a keeper"))
        else:
            handler(conversation, message, now)

    def _answer(self, conversation: Conversation, message: Message) -> None:
        """Answer once what was done is durable; at once where nothing was."""
        if self._ledger.database.in_transaction:
            self._answers.append((conversation, message))
        else:
            conversation.say(message)

    def committed(self) -> None:
        """The ledger has all that happened."""
        for conversation, message in self._answers:
            conversation.say(message)
        self._answers.clear()

    def refuse(self, reason: str) -> None:
        """The ledger has nothing of it, and takes nothing: whoever asks is refused at once, until ``away`` is empty."""
        self.away = reason
        for conversation, message in [*self._answers, *((held[1], held[2]) for held in self._held)]:
            if isinstance(message, Settled):
                self._waiting.append(conversation)
                continue
            if isinstance(message, Placed):
                conversation.association.lease = None
            conversation.say(Refused(reason))
        self._answers.clear()
        self._held.clear()

    def settle(self) -> None:
        """Hooks have ended: tell those who waited for them."""
        for conversation in [one for one in self._waiting if self._is_settled(one.association.awaits)]:
            self._waiting.remove(conversation)
            self._answer(conversation, Settled())

    def release(self, now: Moment) -> None:
        """Renamings are over: give their directories to those who wait for them."""
        held, self._held = self._held, []
        for until, conversation, message in held:
            if self._course.is_closed(message) and now.monotonic < until:
                self._held.append((until, conversation, message))
            elif self._course.is_closed(message):
                self._answer(conversation, Refused("the files of its study are being renamed, and that takes long"))
            else:
                self._answer(conversation, self._course.place(message, conversation.association, now))

    def _is_settled(self, token: str) -> bool:
        return jobs.settled(self._ledger.database, token)

    def _on_place(self, conversation: Conversation, message: Place, now: Moment) -> None:
        if self._course.is_closed(message):
            self._held.append((now.monotonic + RENAMING_PATIENCE, conversation, message))
        else:
            self._answer(conversation, self._course.place(message, conversation.association, now))

    def _on_record(self, conversation: Conversation, message: Record, now: Moment) -> None:
        entered = self._course.record(message, conversation.association, now)
        if entered is not None and self._policies[message.slot].on_reception:
            number, episode = entered
            identity = None if episode is None else episode.id
            jobs.add_reception(self._ledger.begin(), message, number, identity, now)
        self._answer(conversation, Recorded())

    def _on_dropped(self, conversation: Conversation, _: Dropped, now: Moment) -> None:
        self._course.drop(conversation.association, now)

    def _on_joined(self, conversation: Conversation, message: Joined, now: Moment) -> None:
        self._course.join(message, conversation.association, now)

    def _on_await(self, conversation: Conversation, message: Await, _: Moment) -> None:
        conversation.association.awaits = message.token
        if self._is_settled(message.token):
            self._answer(conversation, Settled())
        else:
            self._waiting.append(conversation)

    def _on_retry(self, conversation: Conversation, _: Retry, __: Moment) -> None:
        count = jobs.retry_failed(self._ledger.begin())
        self._execution.restart()
        self._answer(conversation, Retried(count))

    def _on_give_up(self, conversation: Conversation, _: GiveUp, __: Moment) -> None:
        self.leaving = self.orphaned
        self._answer(conversation, GivenUp(self.leaving))


def listen(ledger: str) -> socket.socket:
    """The keeper's socket, for processes of this user alone. The caller holds the lock of the ledger."""
    path = socket_path(ledger)
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK)
    mask = os.umask(0o177)
    try:
        with bound_address(path) as address:
            made.bind(address)
    finally:
        os.umask(mask)
    made.listen(_BACKLOG)
    return made
