"""Listening sockets."""

import contextlib
import ctypes
import errno
import socket
import struct
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager

from storescpd.config import Config
from storescpd.config.listeners import Listener as Configured
from storescpd.config.passed import PassedSocket, index_for
from storescpd.supervisor.backlog import BACKLOG
from storescpd.worker.accept import Listener
from storescpd.worker.addresses import endpoint

BIND_PATIENCE = 3.0
"""Seconds in which the workers of a daemon that was killed close the port that we want; a start waits so long."""
_BIND_PAUSE = 0.05

Key = tuple[str, int | str]
"""Address and port as configured; where any port will do, the name stands for it. Those of systemd have descriptors."""
Passed = Mapping[PassedSocket, socket.socket]
_SYSTEMD = ""
"""Stands for the address of a socket that systemd has bound; no configured address is empty."""


Place = tuple[int, int, int, tuple[object, ...]]
"""Family, kind, protocol and address of a socket."""

_SO_ATTACH_FILTER = 26
_NO_NEW_CONNECTION = (
    (0x30, 0, 0, 13),  # load the byte with the flags of the TCP header
    (0x54, 0, 0, 0x12),  # keep SYN and ACK
    (0x15, 0, 1, 0x02),  # SYN alone?
    (0x06, 0, 0, 0),  # drop
    (0x06, 0, 0, 0xFFFFFFFF),  # else pass
)
"""A classic packet filter (Linux, networking/filter.rst): a connection that begins now is not for this socket."""


class ListenError(Exception):
    """A port cannot be had."""


def places(config: Config, passed: Passed, kept: Mapping[Key, object]) -> dict[Key, Place]:
    """Where the listeners are to listen that are not there already. May wait for a name server.

    Raises:
        ListenError: a host has no address.
    """
    _, indices = _given(config, passed)
    own = (one for index, one in enumerate(config.listeners) if index not in indices)
    wanted = {key_of(one): one for one in own}
    return {key: _place(one.address, one.port) for key, one in wanted.items() if key not in kept}


def bind(
    config: Config, passed: Passed, found: Mapping[Key, Place], kept: Mapping[Key, Listener], patience: float
) -> dict[Key, Listener]:
    """A listening socket for each configured listener, or several of them where systemd has bound them.

    The sockets of ``kept`` are used again, whatever their name. ``found`` has what ``places`` has found; ``patience``
    is for ports that are taken, in seconds.

    Raises:
        ListenError: one of them cannot be had; none that was made here is left open.
    """
    given, indices = _given(config, passed)
    own = bound_here(kept)
    bound: dict[Key, Listener] = {}
    try:
        with _sharing(own.values()):
            for wanted in (listener for index, listener in enumerate(config.listeners) if index not in indices):
                key = key_of(wanted)
                old = own.get(key)
                if old is not None:
                    bound[key] = Listener(old.socket, wanted.name, old.retirement)
                else:
                    sock = _bind(found[key], wanted.address, wanted.port, patience, shared=bool(own))
                    bound[key] = Listener(sock, wanted.name)
    except BaseException:
        close(listener for key, listener in bound.items() if key not in kept)
        raise
    _share((listener.socket for listener in bound.values()), allowed=False)
    return given | bound


def bound_here(listeners: Mapping[Key, Listener]) -> dict[Key, Listener]:
    """Those that systemd has not bound: what it has bound stays open as long as the daemon lives, used or not."""
    return {key: listener for key, listener in listeners.items() if key[0] != _SYSTEMD}


def _given(config: Config, passed: Passed) -> tuple[dict[Key, Listener], set[int]]:
    """The listeners that systemd has bound, and their indices in the file; their options are the socket unit's."""
    found: dict[Key, Listener] = {}
    indices = set()
    for one, sock in passed.items():
        index = index_for(one, config.listeners)
        if index is not None:
            found[_SYSTEMD, one.descriptor] = Listener(sock, config.listeners[index].name)
            indices.add(index)
    return found, indices


@contextmanager
def _sharing(listeners: Iterable[Listener]) -> Iterator[None]:
    """Meanwhile our own sockets do not stand in the way of new ones with the same port and another address."""
    sockets = [listener.socket for listener in listeners]
    _share(sockets, allowed=True)
    try:
        yield
    finally:
        _share(sockets, allowed=False)


def _share(sockets: Iterable[socket.socket], *, allowed: bool) -> None:
    for sock in sockets:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, int(allowed))


def close(listeners: Iterable[Listener]) -> None:
    """Close listening sockets in this process."""
    for listener in listeners:
        listener.socket.close()


def describe(listener: Listener) -> str:
    """``ADDRESS:PORT`` that a socket really has."""
    return endpoint(*listener.socket.getsockname()[:2])


def retire(listeners: Iterable[Listener]) -> None:
    """These are to be closed: those who have them take what waits, and nobody new comes.

    A client that begins to connect now is not answered; it tries again within a second (RFC 6298), when another
    socket or none is there.
    """
    for listener in listeners:
        listener.retirement.begin()
        # Where the system has no such filters a connection that comes at the very end is reset.
        with contextlib.suppress(OSError):
            _filter(listener.socket)


def _filter(sock: socket.socket) -> None:
    program = b"".join(struct.pack("HBBI", *instruction) for instruction in _NO_NEW_CONNECTION)
    memory = ctypes.create_string_buffer(program, len(program))
    head = struct.pack("HP", len(_NO_NEW_CONNECTION), ctypes.addressof(memory))
    sock.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, head)


def key_of(wanted: Configured) -> Key:
    """What a configured listener is known by."""
    return (wanted.address, wanted.port or wanted.name)


def _place(address: str, port: int) -> Place:
    try:
        found = socket.getaddrinfo(address, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    except OSError as error:
        raise ListenError(f"cannot listen on {address}: {error.strerror or error}") from error
    except UnicodeError as error:
        raise ListenError(f"cannot listen on {address}: not a host name") from error
    family, kind, protocol, _, place = found
    return int(family), int(kind), protocol, place


def _bind(where: Place, address: str, port: int, patience: float, *, shared: bool) -> socket.socket:
    family, kind, protocol, place = where
    try:
        sock = socket.socket(family, kind, protocol)
    except OSError as error:
        raise ListenError(f"cannot listen on {address}: {error.strerror or error}") from error
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        _share([sock], allowed=shared)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        _patiently(sock, place, time.monotonic() + patience)
    except OSError as error:
        sock.close()
        raise ListenError(f"cannot listen on {address} port {port}: {_reason(error, port)}") from error
    return sock


def _patiently(sock: socket.socket, place: tuple[object, ...], deadline: float) -> None:
    while True:
        try:
            sock.bind(place)
            sock.listen(BACKLOG)
        except OSError as error:
            if error.errno != errno.EADDRINUSE or time.monotonic() > deadline:
                raise
            time.sleep(_BIND_PAUSE)
        else:
            return


def _reason(error: OSError, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return "another program listens there; stop it or choose another port"
    if error.errno == errno.EACCES and port:
        return "no permission; use a socket unit, CAP_NET_BIND_SERVICE or a port above 1023"
    return error.strerror or str(error)
