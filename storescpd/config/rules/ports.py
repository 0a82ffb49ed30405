"""Listeners, and what else waits on a port; the log."""

import ipaddress
from collections.abc import Iterator
from itertools import combinations

from storescpd.config.addresses import split_endpoint
from storescpd.config.problems import Finding, KeyPath
from storescpd.config.root import Config


def some_listener(config: Config) -> Iterator[Finding]:
    """An empty list is not the same as none said."""
    if not config.listeners:
        yield Finding(
            ("listeners",), "there is no listener", "remove it, so that there is one with defaults, or add one"
        )


def unique_names(config: Config) -> Iterator[Finding]:
    """Names tell passed sockets, and peers' matchers, which listener is meant."""
    for (first, one), (second, other) in combinations(enumerate(config.listeners), 2):
        if one.name == other.name:
            key, earlier = ("listeners", second, "name"), ("listeners", first, "name")
            yield Finding(key, f'"{other.name}" names another listener too', "give each its own name", (earlier,))


def unique_ports(config: Config) -> Iterator[Finding]:
    """Two sockets cannot listen where one would hear for the other."""
    places: list[tuple[KeyPath, str, int]] = [
        (("listeners", index, "port"), listener.address, listener.port)
        for index, listener in enumerate(config.listeners)
    ]
    if config.metrics.address:
        host, digits = split_endpoint(config.metrics.address)
        places.append((("metrics", "address"), host, int(digits)))
    for (first, one, port), (second, other, other_port) in combinations(places, 2):
        if port == other_port != 0 and _same_place(one, other):
            message = f"port {port} of {other} is taken by another listener of this file"
            yield Finding(second, message, "write another port or address", (first, (*first[:-1], "address")))


def _same_place(one: str, other: str) -> bool:
    if one.lower() == other.lower():
        return True
    try:
        first, second = ipaddress.ip_address(one), ipaddress.ip_address(other)
    except ValueError:
        return False
    dual = ipaddress.ip_address("::")
    wildcard = first.is_unspecified or second.is_unspecified
    return first == second or dual in {first, second} or (wildcard and first.version == second.version)


def proxies_are_trusted(config: Config) -> Iterator[Finding]:
    """A header that anyone may send would let anyone choose his address."""
    for index, listener in enumerate(config.listeners):
        if listener.proxy_protocol and not config.access.trusted_proxies:
            message = "needs access.trusted_proxies: a PROXY header is believed from these networks only"
            remedy = "set access.trusted_proxies to the addresses of your load balancers"
            yield Finding(("listeners", index, "proxy_protocol"), message, remedy, (("access", "trusted_proxies"),))


def log_levels(config: Config) -> Iterator[Finding]:
    """Presentation contexts are told at level info."""
    if config.logging.dump_presentation_contexts and config.logging.level in {"fatal", "error", "warning"}:
        message = f'has no effect with logging.level = "{config.logging.level}"'
        remedy = 'write level = "info", or remove it'
        yield Finding(("logging", "dump_presentation_contexts"), message, remedy, (("logging", "level"),))


_ELSEWHERE = {"journald": ("auto", "journald"), "storescp": ("auto", "stderr", "syslog")}
"""Formats that not every destination can have, and those that can; a path has a slash."""


def log_formats(config: Config) -> Iterator[Finding]:
    """Journal fields go to the journal, lines such as storescp's anywhere else."""
    form, destination = config.logging.format, config.logging.destination
    if destination in _ELSEWHERE.get(form, (destination,)) or (form == "storescp" and "/" in destination):
        return
    message = f'does not go with logging.destination = "{destination}"'
    remedy = 'write format = "text" or "json", or another destination'
    yield Finding(("logging", "format"), message, remedy, (("logging", "destination"),))


RULES = (some_listener, unique_names, unique_ports, proxies_are_trusted, log_levels, log_formats)
