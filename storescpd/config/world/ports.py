"""Ports: free, or held by those who should hold them."""

import errno
import os
import socket
from collections.abc import Iterator
from pathlib import Path

from storescpd.config.addresses import split_endpoint
from storescpd.config.environment import Environment
from storescpd.config.passed import index_for
from storescpd.config.problems import Finding, KeyPath
from storescpd.config.root import Config
from storescpd.config.world.accounts import me
from storescpd.config.world.processes import Holder, holder


def findings(config: Config, environment: Environment, path: Path) -> Iterator[Finding]:
    """About every address that the daemon would listen on."""
    bound = {index_for(passed, config.listeners) for passed in environment.passed_sockets}
    for index, listener in enumerate(config.listeners):
        if index not in bound:
            table: KeyPath = ("listeners", index)
            yield from _endpoint(table, "port", listener.address, listener.port, path, config)
    if config.metrics.address:
        host, port = split_endpoint(config.metrics.address)
        yield from _endpoint(("metrics",), "address", host, int(port), path, config)


def _endpoint(table: KeyPath, name: str, host: str, port: int, path: Path, config: Config) -> Iterator[Finding]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except socket.gaierror as error:
        yield Finding((*table, "address"), f"{host} cannot be found: {error.strerror}", "write an address of this host")
        return
    key = (*table, name)
    for family, _, _, _, address in found:
        failure = _bind_error(family, address, port)
        if failure is not None:
            yield _told(failure, key, host, port, path, config)
            return


def _bind_error(family: int, address: tuple[object, ...], port: int) -> OSError | None:
    """What happens when the address is bound; nothing is listened on, so nobody is disturbed."""
    try:
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
            probe.bind((address[0], port, *address[2:]))
    except OSError as error:
        return error
    return None


def _told(error: OSError, key: KeyPath, host: str, port: int, path: Path, config: Config) -> Finding:
    if error.errno in {errno.EADDRINUSE, errno.EACCES}:
        held_by = holder(port)
        if held_by is not None:
            return _held(key, port, held_by, path)
    if error.errno == errno.EACCES:
        message = f"{me()} may not listen on port {port}, which is below 1024"
        remedy = "use storescpd.socket, or AmbientCapabilities=CAP_NET_BIND_SERVICE in the unit, or a higher port"
        return Finding(key, message, remedy, note=bool(config.process.user))
    if error.errno == errno.EADDRNOTAVAIL:
        return Finding((*key[:-1], "address"), f"this host has no address {host}", "write one of its own, or 0.0.0.0")
    if error.errno == errno.EAFNOSUPPORT:
        return Finding((*key[:-1], "address"), f"this host does not speak the protocol of {host}", 'write "0.0.0.0"')
    return Finding(key, f"port {port} of {host} cannot be used: {error.strerror}", "write another port")


def _held(key: KeyPath, port: int, held_by: Holder, path: Path) -> Finding:
    if held_by.is_storescpd(path):
        return Finding(key, f"port {port} is held by the daemon that runs (process {held_by.pid})", "", note=True)
    if held_by.is_systemd or (held_by.pid is None and held_by.uid == 0 and os.geteuid() != 0):
        return Finding(key, f"port {port} is held by root, as systemd does for a socket unit", "", note=True)
    if held_by.pid is None:
        message = f"port {port} is held by a process of user {held_by.uid} that {me()} cannot see"
        return Finding(key, message, "check again as root to see it", note=True)
    message = f"port {port} is held by process {held_by.pid} ({held_by.command})"
    return Finding(key, message, "stop that process, or write another port")
