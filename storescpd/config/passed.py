"""Sockets that systemd has bound for this process (sd_listen_fds(3), systemd.socket(5))."""

import os
import socket
from collections.abc import Iterable, Mapping
from enum import Enum
from typing import NamedTuple

from storescpd.config.listeners import Listener

FIRST = 3
"""SD_LISTEN_FDS_START: the descriptor of the first one."""
MOST = 1000
"""More than anybody has ports; a number beyond it is a mistake."""


class Kind(Enum):
    """What a passed descriptor is."""

    LISTENING = "a listening socket"
    CONNECTION = "a connection"
    UNBOUND = "a socket that does not listen"
    DATAGRAM = "no stream socket"
    LOCAL = "no socket of IPv4 or IPv6"
    NONE = "no socket"


class PassedSocket(NamedTuple):
    """One of them, as the kernel describes it."""

    name: str
    """FileDescriptorName of its socket unit."""
    descriptor: int
    kind: Kind
    address: str = ""
    port: int = 0

    @property
    def named(self) -> bool:
        """Whether the socket unit says a name; if not, systemd passes the unit's own."""
        return self.name not in {"", "unknown"} and not self.name.endswith(".socket")


def passed_sockets(variables: Mapping[str, str]) -> tuple[PassedSocket, ...]:
    """The sockets that were passed to this process."""
    count = variables.get("LISTEN_FDS", "")
    if variables.get("LISTEN_PID") != str(os.getpid()) or not count.isdecimal():
        return ()
    names = variables.get("LISTEN_FDNAMES", "").split(":")
    return tuple(
        described(FIRST + index, names[index] if index < len(names) else "unknown")
        for index in range(min(int(count[:4]), MOST))
    )


def described(descriptor: int, name: str) -> PassedSocket:
    """What the kernel says about a descriptor, which stays as it is."""
    try:
        sock = socket.socket(fileno=descriptor)
    except OSError:
        return PassedSocket(name, descriptor, Kind.NONE)
    try:
        kind = _kind(sock)
        address, port = sock.getsockname()[:2] if kind is Kind.LISTENING else ("", 0)
    finally:
        sock.detach()
    return PassedSocket(name, descriptor, kind, str(address).partition("%")[0], port)


def _kind(sock: socket.socket) -> Kind:
    if sock.family not in {socket.AF_INET, socket.AF_INET6}:
        return Kind.LOCAL
    if sock.type != socket.SOCK_STREAM:
        return Kind.DATAGRAM
    if sock.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
        return Kind.LISTENING
    try:
        sock.getpeername()
    except OSError:
        return Kind.UNBOUND
    return Kind.CONNECTION


def index_for(passed: PassedSocket, listeners: Iterable[Listener]) -> int | None:
    """The index of the listener that a socket is for: the one of its name, or the only one where it has no name."""
    names = [listener.name for listener in listeners]
    if passed.name in names:
        return names.index(passed.name)
    return 0 if len(names) == 1 and not passed.named else None
