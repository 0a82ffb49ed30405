"""What to know of a converted command line: what the daemon does otherwise, and what a service cannot do as it is."""

import os
from collections.abc import Iterator, Mapping
from types import MappingProxyType

from storescpd.cli.storescp.line import Line, is_option
from storescpd.cli.storescp.table import BY_NAME
from storescpd.config import Config
from storescpd.config.logging import DESTINATIONS

LEFT: Mapping[str, str] = MappingProxyType(
    {
        "process.workers": "storescp has one process",
        "process.max_associations": "storescp serves one association at a time, the others wait",
        "process.when_full": "with storescp they wait",
        "process.umask": "storescp has that of its caller",
        "association.host_lookup": "storescp asks for the names of hosts",
        "association.idle_timeout": "storescp drops a peer that is silent for 60 s",
        "association.dimse_timeout": "storescp drops one that is silent in an object for 60 s",
        "storage.durability": "storescp answers before anything is on disk",
        "storage.min_free": "storescp fills the disk",
        "storage.file_mode": "with storescp the umask decides",
        "storage.directory_mode": "with storescp the umask decides",
        "hooks.concurrency": "storescp runs any number at once",
        "logging.level": "storescp logs warnings",
        "logging.destination": "storescp logs to stderr",
        "logging.format": "storescp has lines of its own",
        "logging.patient_data": "storescp shows names of patients where they name directories",
        "logging.lines_per_peer": "storescp logs every line, whoever makes it",
    }
)
"""What storescp does unasked and the daemon does better: these keys are left to the daemon."""
_OF_SEVERAL = ("process.workers", "process.max_associations", "process.when_full")
"""A process of inetd serves one association, as storescp does."""
_SERVICE_PORTS = 1024
_STATE = "/var/lib/storescpd"
_RUNTIME = "/run/storescpd"
_HIDDEN = ("/home", "/root", "/run/user")
"""ProtectHome= of the packaged unit."""
_OWN = ("/tmp", "/var/tmp")  # noqa: S108 - places that are hidden, none that is used
"""PrivateTmp= of the packaged unit."""


def left(line: Line) -> Iterator[tuple[str, str]]:
    """The keys that are left to the daemon and concern the line, with what storescp does."""
    hooks = line.has("--exec-on-reception") or line.has("--exec-on-eostudy")
    idle = {
        *(_OF_SEVERAL if line.has("--inetd") else ()),
        *(() if hooks else ("hooks.concurrency",)),
        *(() if line.has("--sort-on-patientname") else ("logging.patient_data",)),
    }
    yield from ((key, reason) for key, reason in LEFT.items() if key not in idle)


def changes(line: Line) -> Iterator[str]:
    """What options mean otherwise on this line."""
    for option in {one.option.long: one.option for one in line.occurrences}.values():
        if line.has(option.long):
            told = filter(None, (option.changes, option.forked if line.has("--fork") else ""))
            yield from (f"{option.long}: {text}" for text in told)


def cautions(line: Line, config: Config) -> Iterator[str]:
    """What the line says that is not in the file, or that a service must not have."""
    yield from _swallowed(line)
    port = config.listeners[0].port
    yield "storage.directory: the daemon keeps a folder .storescpd in it, for objects that are not complete"
    if line.has("--inetd"):
        yield "--inetd: put it on the command line of storescpd; or let systemd listen, with a socket unit"
    elif port < _SERVICE_PORTS:
        yield f"port {port}: a service that is not root needs a socket unit or CAP_NET_BIND_SERVICE"
    if config.testing != type(config.testing)():
        yield "options to try out a sender: a service refuses them unless testing.allow_in_service is true"
    if line.has("--use-passwd"):
        yield "--use-passwd: the file has the password in clear; tls.password_file keeps it apart"
    elif line.has("--enable-tls") and not line.has("--null-passwd"):
        yield "--enable-tls: a service has no terminal to ask on; for a key with a password set tls.password_file"
    yield from _sandbox(config)


def _swallowed(line: Line) -> Iterator[str]:
    """An option whose value was forgotten takes the next option for it: ``-su +B``."""
    for one in line.occurrences:
        for argument, value in zip(one.option.arguments, one.values, strict=True):
            if is_option(value) and value in BY_NAME:
                yield (
                    f"{one.written}: {value} is its {argument.name} and no option, with storescp too; "
                    f'if that is not meant, write {one.written} "" {value}'
                )


def _sandbox(config: Config) -> Iterator[str]:
    """Paths that the packaged unit does not let the daemon write to, with the drop-in that they need."""
    destination = config.logging.destination
    written = {
        "storage.directory": config.storage.directory,
        "logging.destination": "" if destination in DESTINATIONS else os.path.dirname(os.path.abspath(destination)),
        "tls.random_seed_file": os.path.dirname(config.tls.random_seed_file) if config.tls.write_seed else "",
        "tls.write_seed_file": os.path.dirname(config.tls.write_seed_file),
    }
    for key, path in written.items():
        needed = _drop_in(os.path.abspath(path)) if path else ""
        if needed:
            remedy = f"systemctl edit storescpd, under [Service]: {needed}"
            yield f"{key}: the packaged service may not write there; {remedy}"


def _drop_in(path: str) -> str:
    if _is_in(path, (_STATE, _RUNTIME)):
        return ""
    if _is_in(path, _HIDDEN):
        return f"ProtectHome=tmpfs and BindPaths={path}"
    return f"BindPaths={path}" if _is_in(path, _OWN) else f"ReadWritePaths={path}"


def _is_in(path: str, folders: tuple[str, ...]) -> bool:
    return any(path == folder or path.startswith(f"{folder}/") for folder in folders)
