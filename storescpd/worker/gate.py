"""Who gets to say anything: networks, then TCP wrappers, before TLS and before any PDU (contract, [[peers]])."""

import socket
from dataclasses import dataclass, field

from storescpd.access.names import Names
from storescpd.access.networks import Networks
from storescpd.access.wrappers import UNKNOWN, Host, Request, Verdict, decide

_LARGEST_FILE = 1 << 20
"""Characters of a file of rules or patterns; it is read at each connection."""


@dataclass(frozen=True, slots=True)
class WrapperFiles:
    """TCP wrappers' files, and the name that is looked up in them."""

    daemon: str
    allow: str
    deny: str


@dataclass(frozen=True, slots=True)
class Gate:
    """The rules; one for all connections of a worker."""

    networks: Networks = field(default_factory=Networks)
    wrappers: WrapperFiles | None = None
    names: Names | None = None
    """``None``: nobody's name is looked up, and all are unknown (storescp's -dhl)."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """Somebody at the gate."""

    name: str
    """The whole host name, or ``unknown`` or ``paranoid``."""
    refusal: str | None
    defect: bool = False
    """The refusal is for rules that cannot be read or are not understood."""


def arrive(gate: Gate, address: str, connection: socket.socket) -> Arrival:
    """Decide about a connection; looks a name up for as long as ``Names`` has patience."""
    refusal = gate.networks.refusal(address)
    if refusal is not None:
        return Arrival(UNKNOWN, refusal)
    name = UNKNOWN if gate.names is None else gate.names.name_of(address)
    if gate.wrappers is None:
        return Arrival(name, None)
    client, server = Host(address, lambda: name), Host(str(connection.getsockname()[0]))
    verdict = _verdict(gate.wrappers, Request(gate.wrappers.daemon, client, server, _text))
    return Arrival(name, None if verdict.granted else f"TCP wrappers: {verdict.cause}", verdict.defect)


def _verdict(files: WrapperFiles, request: Request) -> Verdict:
    try:
        return decide(_rules(files.allow), _rules(files.deny), request)
    except OSError as error:
        return Verdict(granted=False, cause=f"cannot read {error.filename}: {error.strerror}", defect=True)


def _rules(path: str) -> str:
    """A file that is not there is an empty one."""
    try:
        return _text(path)
    except FileNotFoundError:
        return ""


def _text(path: str) -> str:
    with open(path, encoding="latin-1", newline="") as file:
        return file.read(_LARGEST_FILE)
