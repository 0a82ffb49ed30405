"""The workers' end: a connection to the keeper, which serves one association after another.

What it stands for is told again when the keeper was lost, and a record is repeated until a keeper has acknowledged it
or the patience is at its end.
"""

import contextlib
import os
import secrets
import select
import socket
import struct
import time
from collections.abc import Callable, Iterator

from storescpd.studies.errors import KeeperError
from storescpd.studies.ledger import socket_path
from storescpd.studies.messages import (
    Await,
    Dropped,
    Inbox,
    Joined,
    Message,
    MessageError,
    Place,
    Placed,
    Record,
    Recorded,
    Refused,
    Sender,
    Settled,
    StudyKey,
    encode,
)
from storescpd.studies.pulse import NOTHING, Pulse, mark, new_memory

PATIENCE = 10.0
"""Seconds in which a keeper that died is replaced; then the peer is answered A700."""
_PAUSE = 0.02
"""Seconds between two attempts to reach the keeper."""
_LOOK = 0.5
"""Seconds between two looks whether a wait for hooks has become pointless, or whether the keeper was replaced: less
than the grace in which a new one ends nothing."""
_LONGEST_ADDRESS = 100
"""Bytes; sun_path of a Unix socket has 108 (unix(7))."""
_PIECE = 1 << 16
_TIMEVAL = struct.Struct("ll")
_NOBODY = Sender("", "", "", "")


@contextlib.contextmanager
def bound_address(path: str) -> Iterator[str]:
    """A name for a path that fits into a socket's address."""
    if len(os.fsencode(path)) <= _LONGEST_ADDRESS:
        yield path
        return
    folder = os.open(os.path.dirname(path), os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{folder}/{os.path.basename(path)}"
    finally:
        os.close(folder)


class Link:
    """Speaks for one association after another. Every question may wait for the keeper, up to ``PATIENCE``."""

    def __init__(self, ledger: str, patience: float = PATIENCE) -> None:
        self._path = socket_path(ledger)
        self._patience = patience
        self._socket: socket.socket | None = None
        self._pulse: Pulse | None = None
        self._inbox = Inbox()
        self._salt = secrets.token_hex(8)
        self._stamp = 0
        self._sender = _NOBODY
        self._trust = 0.0
        self._known = False
        self._current: StudyKey | None = None
        self._sent: StudyKey | None = None
        self._mark = NOTHING
        self._episode: int | None = None
        self._leased = False
        self._busy = False
        self._placed: Placed | None = None
        self._trusted_until = 0.0
        self._look_at = 0.0

    def open(self, sender: Sender, trust: float = 0.0) -> None:
        """An association begins.

        ``trust``: so many seconds after a record its study is still open, and its directory needs no question.
        """
        self._sender, self._trust = sender, trust
        self._current, self._placed, self._trusted_until = None, None, 0.0
        self._sent, self._mark = None, NOTHING
        if self._socket is not None and _has_gone(self._socket):
            self.disconnect()
        self._known = self._socket is not None

    def close(self) -> None:
        """It is over."""
        if self._pulse is not None:
            self._pulse.next(time.monotonic())
        if self._leased:
            # The keeper looks whether the object has reached its place.
            self.disconnect()
        self._busy, self._episode, self._leased = False, None, False

    def disconnect(self) -> None:
        """No more of this connection; another keeper may have been given shorter times."""
        self._placed, self._pulse = None, None
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def fresh_token(self) -> str:
        """A name for one reception that no other has; those of one time are neighbours in the ledger."""
        # The clock may be set back.
        self._stamp = max(time.time_ns(), self._stamp + 1)
        return f"{self._stamp:016x}{self._salt}"

    def begun(self) -> None:
        """A command has come. Without news for the keeper nothing is said."""
        now = time.monotonic()
        self._busy = True
        if self._pulse is not None:
            self._pulse.begin(now)
        # From now on the keeper keeps the study open; it has not ended before.
        if now >= self._trusted_until:
            self._placed = None

    def sends(self, key: StudyKey) -> None:
        """The study of the object under way is known: from now on the keeper holds it open."""
        if key != self._sent:
            self._sent, self._mark = key, mark(key)
            if self._pulse is not None:
                self._pulse.show(self._mark)
        if self._pulse is None:
            with contextlib.suppress(OSError):
                self._connected()

    def keep_up(self) -> None:
        """More of an object has come: a keeper that has replaced the one that knows of it is told."""
        if not (self._known or self._mark) or time.monotonic() < self._look_at:
            return
        self._look_at = time.monotonic() + _LOOK
        if self._socket is not None and _has_gone(self._socket):
            self.disconnect()
        if self._socket is None:
            with contextlib.suppress(OSError):
                self._connected()

    def dropped(self) -> None:
        """The command is over, and nothing was stored."""
        self._ended()
        self._placed = None
        if self._leased:
            self._leased = False
            self._tell(Dropped())

    def stir(self) -> None:
        """Something has come that is no object; the keeper knows even where nothing has been said yet."""
        with contextlib.suppress(OSError):
            self._connected()
        self._ended()

    def _ended(self) -> None:
        self._busy, self._episode = False, None
        if self._pulse is not None:
            self._pulse.end(time.monotonic())

    def _tell(self, message: Message) -> None:
        """Say what matters as long as the keeper lives; ``Joined`` says it to the next one."""
        if self._socket is not None:
            try:
                self._socket.sendall(encode(message))
            except OSError:
                self.disconnect()

    def place(self, request: Place) -> Placed:
        """The directory of a study.

        Raises:
            KeeperError: there is none, or no keeper.
        """
        if self._placed is not None and self._current == request.key:
            self._episode = self._placed.episode
            return self._placed
        self._leased = True
        answer = self._ask(request)
        if not isinstance(answer, Placed):
            raise KeeperError(_reason(answer))
        self._current, self._episode = request.key, answer.episode
        self._placed = answer
        return answer

    def record(self, record: Record) -> None:
        """Enter what was stored; returns once it is durable.

        Raises:
            KeeperError: nobody knows whether it is.
        """
        asked = time.monotonic()
        answer = self._ask(record)
        self._ended()
        if not isinstance(answer, Recorded):
            self._placed = None
            raise KeeperError(_reason(answer))
        self._leased = False
        self._trusted_until = asked + self._trust

    def wait(self, token: str, given_up: Callable[[], bool]) -> None:
        """Wait for the hooks of a reception; ``given_up`` is asked now and then."""
        deadline = time.monotonic() + self._patience
        while not given_up():
            try:
                if self._await(token, given_up):
                    return
                deadline = time.monotonic() + self._patience
            except (OSError, MessageError):
                self.disconnect()
                if time.monotonic() > deadline:
                    return
                time.sleep(_PAUSE)

    def _await(self, token: str, given_up: Callable[[], bool]) -> bool:
        connection = self._connected()
        connection.sendall(encode(Await(token)))
        _bound(connection, _LOOK)
        try:
            while not given_up():
                with contextlib.suppress(BlockingIOError):
                    return isinstance(self._receive(connection), Settled)
        finally:
            _bound(connection, self._patience)
        self.disconnect()
        return True

    def _ask(self, message: Message) -> Message:
        data = encode(message)
        deadline = time.monotonic() + self._patience
        while True:
            try:
                connection = self._connected()
                connection.sendall(data)
                return self._receive(connection)
            except (OSError, MessageError) as error:
                self.disconnect()
                if time.monotonic() > deadline:
                    raise KeeperError(f"the keeper of the ledger does not answer: {error}") from error
                time.sleep(_PAUSE)

    def _connected(self) -> socket.socket:
        if self._socket is None:
            made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
            try:
                _bound(made, self._patience)
                with bound_address(self._path) as address:
                    made.connect(address)
                self._join(made)
            except OSError:
                made.close()
                raise
            self._socket, self._inbox, self._known = made, Inbox(), True
        return self._socket

    def _join(self, made: socket.socket) -> None:
        """Tell a keeper what this connection is; one that was lost may have known more of it."""
        current, episode = (self._current, self._episode) if self._known else (None, None)
        with new_memory() as fd:
            pulse = Pulse(fd)
            if self._busy:
                pulse.begin(time.monotonic())
            pulse.show(self._mark)
            socket.send_fds(made, [encode(Joined(current, episode, self._sender))], [fd])
        self._pulse = pulse
        self._leased = self._leased or episode is not None

    def _receive(self, connection: socket.socket) -> Message:
        while True:
            data = connection.recv(_PIECE)
            if not data:
                raise ConnectionResetError("the keeper has gone")
            found = self._inbox.feed(data)
            if found:
                return found[0]


def _bound(connection: socket.socket, seconds: float) -> None:
    """Let the kernel end a wait after so long, with EAGAIN: a timeout of Python's costs a system call a wait."""
    whole, rest = divmod(seconds, 1.0)
    for option in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO):
        connection.setsockopt(socket.SOL_SOCKET, option, _TIMEVAL.pack(int(whole), int(rest * 1e6)))


def _has_gone(connection: socket.socket) -> bool:
    """Whether the other end is closed."""
    poll = select.poll()
    poll.register(connection, 0)
    return bool(poll.poll(0))


def _reason(answer: Message) -> str:
    return answer.reason if isinstance(answer, Refused) else f"an answer that does not fit: {type(answer).__name__}"


def ask_once(ledger: str, message: Message, timeout: float) -> Message:
    """One question to the keeper of a ledger, as a command or another keeper asks it.

    Raises:
        OSError: there is no keeper, or it does not answer.
        MessageError: it is none of ours.
    """
    inbox = Inbox()
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC) as connection:
        connection.settimeout(timeout)
        with bound_address(socket_path(ledger)) as address:
            connection.connect(address)
        connection.sendall(encode(message))
        while True:
            data = connection.recv(_PIECE)
            if not data:
                raise ConnectionResetError("the keeper has gone")
            found = inbox.feed(data)
            if found:
                return found[0]
