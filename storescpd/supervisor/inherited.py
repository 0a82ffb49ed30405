"""A connection that another program has accepted: on descriptor 0 by inetd, on 3 by systemd with Accept=yes.

Under inetd descriptors 1 and 2 are the connection too (storescp facts 9.3): whatever is written there, a warning
of some library included, would reach the peer in the midst of a PDU. So they lead elsewhere before anything else
happens, and this module imports nothing that could have something to say.
"""

import errno
import fcntl
import os
import socket
import stat
import sys
from collections.abc import MutableMapping
from typing import NamedTuple

_PASSED = 3
"""SD_LISTEN_FDS_START of sd_listen_fds(3)."""
_STANDARD = (0, 1, 2)
_VARIABLES = ("LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES")


class NoConnectionError(Exception):
    """What was passed is no connection; the text says what it is and what to do."""


class DescriptorError(Exception):
    """The descriptors cannot be put in order (storescp's exit status 99)."""


class Inherited(NamedTuple):
    """The connection, on a descriptor of its own that no child gets."""

    socket: socket.socket
    stderr: bool
    """Whether descriptor 2 still leads to where somebody may read it."""


def take(environment: MutableMapping[str, str] = os.environ) -> Inherited:
    """Take the connection away from the standard descriptors, those that were it lead to /dev/null then.

    Raises:
        DescriptorError: the descriptor is not open, or there are too many.
        NoConnectionError: it is no connected TCP socket; the descriptors are as they were.
    """
    passed = _passed(environment)
    try:
        made = _connection(passed)
        stderr = _detach(made, passed)
    except OSError as error:
        raise DescriptorError(f"cannot take the connection from descriptor {passed}: {error.strerror}") from error
    for name in _VARIABLES:
        environment.pop(name, None)
    return Inherited(made, stderr)


def _passed(environment: MutableMapping[str, str]) -> int:
    """The descriptor that the connection comes on."""
    meant = environment.get("LISTEN_PID") == str(os.getpid())
    count = environment.get("LISTEN_FDS", "") if meant else ""
    if count in {"", "0"}:
        return 0
    if count != "1":
        raise NoConnectionError(f"systemd passed {count} sockets, --inetd serves one connection: set Accept=yes")
    return _PASSED


def _connection(fd: int) -> socket.socket:
    if not stat.S_ISSOCK(os.fstat(fd).st_mode):
        raise NoConnectionError(f"descriptor {fd} is no socket: --inetd is for inetd, xinetd or systemd to start")
    made = socket.socket(fileno=fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, _PASSED))
    try:
        _verify(made, fd)
    except BaseException:
        made.close()
        raise
    made.settimeout(None)
    return made


def _verify(connection: socket.socket, fd: int) -> None:
    if connection.family not in {socket.AF_INET, socket.AF_INET6} or connection.type != socket.SOCK_STREAM:
        raise NoConnectionError(f"descriptor {fd} is no TCP socket: the service is a stream over tcp")
    if connection.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
        remedy = "write nowait in inetd's line, wait = no for xinetd, Accept=yes for systemd"
        raise NoConnectionError(f"descriptor {fd} is a socket that listens, not a connection: {remedy}")
    try:
        connection.getpeername()
    except OSError as error:
        if error.errno != errno.ENOTCONN:
            raise
        raise NoConnectionError(f"descriptor {fd} is not connected (any more)") from None


def _detach(connection: socket.socket, passed: int) -> bool:
    """Lead standard descriptors elsewhere that are the connection, or closed; whether 2 was neither."""
    taken = [fd for fd in _STANDARD if _is(fd, connection)]
    null = os.open(os.devnull, os.O_RDWR)
    for fd in taken:
        if fd == null:
            os.set_inheritable(fd, True)
        else:
            os.dup2(null, fd, inheritable=True)
    if null not in taken:
        os.close(null)
    if passed not in taken:
        os.close(passed)
    if sys.stderr is None:
        # Python found the descriptor closed when it started.
        sys.stderr = open(2, "w", encoding="utf-8", errors="backslashreplace", closefd=False)  # noqa: SIM115
    return 2 not in taken


def _is(fd: int, connection: socket.socket) -> bool:
    try:
        found = os.fstat(fd)
    except OSError:
        return True
    wanted = os.fstat(connection.fileno())
    return (found.st_dev, found.st_ino) == (wanted.st_dev, wanted.st_ino)
