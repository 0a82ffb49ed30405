"""Sockets that systemd has passed, against the listeners that the file has."""

import ipaddress
from collections.abc import Iterator, Sequence

from storescpd.config.listeners import Listener
from storescpd.config.passed import Kind, PassedSocket, index_for
from storescpd.config.problems import Finding, KeyPath
from storescpd.config.root import Config

_LISTENERS: KeyPath = ("listeners",)

_REMEDIES = {
    Kind.CONNECTION: "write Accept=no into its socket unit, or start storescpd@.service, which has --inetd",
    Kind.UNBOUND: "write ListenStream= and Accept=no into its socket unit",
    Kind.DATAGRAM: "write ListenStream= into its socket unit",
    Kind.LOCAL: "write a port, or an address and a port, as ListenStream= into its socket unit",
    Kind.NONE: "start the service by systemd, which sets LISTEN_FDS, or remove that variable",
}


def contradictions(config: Config, sockets: Sequence[PassedSocket]) -> Iterator[Finding]:
    """Where socket units and file do not say the same; a listener without a socket is bound by the daemon itself."""
    for passed in sockets:
        if passed.kind is not Kind.LISTENING:
            message = f'the socket "{passed.name}" that systemd has passed is {passed.kind.value}'
            yield Finding(_LISTENERS, message, _REMEDIES[passed.kind])
            continue
        index = index_for(passed, config.listeners)
        if index is None:
            yield _nobodys(config, passed)
        else:
            yield from _differences(config.listeners[index], ("listeners", index), passed)


def _nobodys(config: Config, passed: PassedSocket) -> Finding:
    names = ", ".join(listener.name for listener in config.listeners)
    if not passed.named:
        message = f'the socket "{passed.name}" that systemd has passed could be for any of the listeners {names}'
        return Finding(_LISTENERS, message, "write FileDescriptorName= with one of these names into its socket unit")
    message = f'no listener has the name of the socket "{passed.name}" that systemd has passed'
    remedy = f'add [[listeners]] with name = "{passed.name}", or write FileDescriptorName= of {names} into its unit'
    return Finding(_LISTENERS, message, remedy)


def _differences(listener: Listener, table: KeyPath, passed: PassedSocket) -> Iterator[Finding]:
    """What the file does not say itself is the socket unit's to say."""
    said = listener.model_fields_set
    remedy = "remove it, for the socket unit says it, or write the same into both"
    if "port" in said and listener.port not in {0, passed.port}:
        message = f'is {listener.port}, but the socket "{passed.name}" of systemd listens on port {passed.port}'
        yield Finding((*table, "port"), message, remedy)
    if "address" in said and _other(listener.address, passed.address):
        message = f'is "{listener.address}", but the socket "{passed.name}" of systemd listens on "{passed.address}"'
        yield Finding((*table, "address"), message, remedy)


def _other(configured: str, bound: str) -> bool:
    """Whether these are two addresses; a host name may be any."""
    try:
        return ipaddress.ip_address(configured) != ipaddress.ip_address(bound)
    except ValueError:
        return False
