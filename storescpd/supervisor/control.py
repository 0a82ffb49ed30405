"""The control socket: ``storescpd --status`` and ``--reload`` ask there (docs/operating.md).

One line of JSON each way, ``{"ask": "status"}``; the answer may take as long as a reload does. Nobody is waited for:
who says nothing keeps a place until others need it.
"""

import contextlib
import errno
import hashlib
import json
import logging
import os
import selectors
import socket
import struct
from collections.abc import Callable, Mapping

from storescpd.telemetry.events import log_event

MOST_ASKING = 16
"""Connections at once; beyond it the oldest is closed. A person has one, a monitor another."""
LONGEST_QUESTION = 1024
"""Bytes."""
LONGEST_ADDRESS = 107
"""Bytes; sun_path has one more (unix(7))."""
_CREDENTIALS = struct.Struct("3i")
"""struct ucred (unix(7)): process, user, group."""

Answer = Callable[[Mapping[str, object]], None]
Handlers = Mapping[str, Callable[[Answer], None]]

logger = logging.getLogger(__name__)


def socket_name(config: str | os.PathLike[str]) -> str:
    """The control socket's name: of a daemon with this configuration file, whatever the file says."""
    return f"storescpd-{hashlib.sha256(os.fsencode(os.path.realpath(config))).hexdigest()[:12]}.sock"


class Asker:
    """One connection."""

    def __init__(self, connection: socket.socket, part: Callable[["Asker"], None], handlers: Handlers) -> None:
        self.socket = connection
        self._permitted = _permitted(connection)
        self._part = part
        self._handlers = handlers
        self._question = bytearray()
        self._asked = False

    def hear(self) -> None:
        """It says something, or has gone."""
        try:
            piece = self.socket.recv(LONGEST_QUESTION)
        except BlockingIOError:
            return
        except OSError:
            piece = b""
        self._question += piece
        if not piece or self._asked or len(self._question) > LONGEST_QUESTION:
            self._part(self)
        elif self._question.endswith(b"\n"):
            self._asked = True
            self._ask(bytes(self._question))

    def _ask(self, question: bytes) -> None:
        if not self._permitted:
            self.answer({"error": "only root and the daemon's own user may ask"})
            return
        try:
            handler = self._handlers[json.loads(question)["ask"]]
        except (ValueError, KeyError, TypeError):
            self.answer({"error": "not a question"})
        else:
            handler(self.answer)

    def answer(self, said: Mapping[str, object]) -> None:
        """Send the answer, which a fresh connection always has room for, and part; no matter if the asker has gone."""
        if self.socket.fileno() >= 0:
            with contextlib.suppress(OSError):
                self.socket.send(json.dumps(said).encode("ascii") + b"\n", socket.MSG_NOSIGNAL)
            self._part(self)


class Control:
    """The socket and whoever asks there."""

    def __init__(self, path: str, handlers: Handlers, selector: selectors.BaseSelector) -> None:
        """``path`` is absolute; empty is no control socket."""
        self._path = path
        self._handlers = handlers
        self._selector = selector
        self._askers: list[Asker] = []
        self._socket: socket.socket | None = None
        self._inode = 0
        self._folder: int | None = None
        self._trouble = ""

    def open(self, uid: int, gid: int) -> None:
        """Make it, unless it is there or its folder is not, for a daemon that is this user now or soon."""
        if self._socket is not None and not self._is_there():
            # Its folder was removed or made anew: nobody finds it there.
            self._shut(self._socket)
        if not self._path or self._socket is not None or not os.path.isdir(os.path.dirname(self._path)):
            return
        made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        made.settimeout(0)
        try:
            _bind(made, self._address())
            # Where the folder is the user's, something else may be there by now.
            status = os.stat(self._path, follow_symlinks=False)
            if (status.st_uid, status.st_gid) != (uid, gid):
                # A service's sandbox forbids the call, even where it would change nothing.
                os.chown(self._path, uid, gid, follow_symlinks=False)
            self._inode = status.st_ino
            made.listen(MOST_ASKING)
        except OSError as error:
            made.close()
            self._trouble = f"{self._path}: {error.strerror or error}"
            return
        self._socket = made
        self._trouble = ""
        self._selector.register(made, selectors.EVENT_READ, self._on_asker)

    def warn(self) -> None:
        """Say why there is none: the daemon goes on without."""
        if self._trouble:
            message = "no control socket: --status and --reload will not work"
            log_event(logger, logging.WARNING, message, cause=self._trouble)

    def _address(self) -> str:
        """A name that is short enough for a socket, and that others can read in proc_net(5) and use."""
        if len(os.fsencode(self._path)) <= LONGEST_ADDRESS:
            return self._path
        folder, name = os.path.split(self._path)
        self._folder = os.open(folder, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        return f"/proc/{os.getpid()}/fd/{self._folder}/{name}"

    def leave(self) -> None:
        """In a child: no business of it."""
        if self._socket is not None:
            self._socket.close()
        if self._folder is not None:
            os.close(self._folder)
        for asker in self._askers:
            asker.socket.close()

    def close(self) -> None:
        """The daemon ends."""
        if self._socket is None:
            return
        for asker in self._askers[:]:
            self._part(asker)
        with contextlib.suppress(OSError):
            if self._is_there():
                os.unlink(self._path)
        self._shut(self._socket)

    def _is_there(self) -> bool:
        """Whether its path still leads to it."""
        try:
            return os.stat(self._path, follow_symlinks=False).st_ino == self._inode
        except OSError:
            return False

    def _shut(self, listening: socket.socket) -> None:
        self._selector.unregister(listening)
        listening.close()
        self._socket = None
        if self._folder is not None:
            os.close(self._folder)
            self._folder = None

    def _on_asker(self) -> None:
        if self._socket is None:
            return
        try:
            connection, _ = self._socket.accept()
        except OSError:
            return
        connection.settimeout(0)
        asker = Asker(connection, self._part, self._handlers)
        self._askers.append(asker)
        self._selector.register(connection, selectors.EVENT_READ, asker.hear)
        if len(self._askers) > MOST_ASKING:
            self._part(self._askers[0])

    def _part(self, asker: Asker) -> None:
        if asker in self._askers:
            self._askers.remove(asker)
            self._selector.unregister(asker.socket)
            asker.socket.close()


def _bind(made: socket.socket, address: str) -> None:
    """Bind, for the owner alone; a socket that nobody listens at any more is taken over."""
    mask = os.umask(0o177)
    try:
        made.bind(address)
    except OSError as error:
        if error.errno != errno.EADDRINUSE or _answered(address):
            raise
        os.unlink(address)
        made.bind(address)
    finally:
        os.umask(mask)


def _answered(address: str) -> bool:
    """Whether somebody listens there; whoever is too busy to answer does."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(0)
        return probe.connect_ex(address) != errno.ECONNREFUSED


def _permitted(connection: socket.socket) -> bool:
    _, uid, _ = _CREDENTIALS.unpack(connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size))
    return uid in {0, os.geteuid()}
