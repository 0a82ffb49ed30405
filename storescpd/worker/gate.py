"""Who gets to say anything: networks, then TCP wrappers, before TLS and before any PDU (contract, [[peers]])."""

import logging
import os
import socket
import stat
from typing import TYPE_CHECKING, NamedTuple

from storescpd.access.networks import Networks
from storescpd.access.unnamed import UNKNOWN

if TYPE_CHECKING:
    from storescpd.access.names import Names
    from storescpd.access.wrappers import Request, Verdict

_LARGEST_FILE = 1 << 20
"""Bytes of a file of rules or patterns; it is read at each connection."""

logger = logging.getLogger(__name__)


class WrapperFiles(NamedTuple):
    """TCP wrappers' files, and the name that is looked up in them."""

    daemon: str
    allow: str
    deny: str


class Gate(NamedTuple):
    """The rules; one for all connections of a worker."""

    networks: Networks = Networks()
    wrappers: WrapperFiles | None = None
    names: "Names | None" = None
    """``None``: nobody's name is looked up, and all are unknown (storescp's -dhl)."""


class Arrival(NamedTuple):
    """Somebody at the gate."""

    name: str
    """The whole host name, or ``unknown`` or ``paranoid``."""
    refusal: str | None
    defect: bool = False
    """The refusal is for rules that cannot be read or are not understood."""


def arrive(gate: Gate, address: str, connection: socket.socket) -> Arrival:
    """Decide about a connection; looks a name up for as long as ``Names`` has patience.

    Raises:
        OSError: there is no connection any more.
    """
    try:
        return _judged(gate, address, connection)
    except OSError:
        raise
    except Exception as error:
        # Whatever it is, nobody gets in by it.
        logger.exception("the rules of access failed by a defect")
        return Arrival(UNKNOWN, f"a defect: {error!r}", defect=True)


def _judged(gate: Gate, address: str, connection: socket.socket) -> Arrival:
    refusal = gate.networks.refusal(address)
    if refusal is not None:
        return Arrival(UNKNOWN, refusal)
    name = UNKNOWN if gate.names is None else gate.names.name_of(address)
    if gate.wrappers is None:
        return Arrival(name, None)
    from storescpd.access.wrappers import Host, Request  # noqa: PLC0415 - for those who have such rules

    client, server = Host(address, lambda: name), Host(str(connection.getsockname()[0]))
    verdict = _verdict(gate.wrappers, Request(gate.wrappers.daemon, client, server, text_of))
    return Arrival(name, None if verdict.granted else f"TCP wrappers: {verdict.cause}", verdict.defect)


def _verdict(files: WrapperFiles, request: "Request") -> "Verdict":
    from storescpd.access.wrappers import Verdict, decide  # noqa: PLC0415

    try:
        return decide(rules_of(files.allow), rules_of(files.deny), request)
    except OSError as error:
        return Verdict(granted=False, cause=f"cannot read {error.filename}: {error.strerror}", defect=True)
    except ValueError as error:
        return Verdict(granted=False, cause=f"cannot read {files.allow} or {files.deny}: {error}", defect=True)


def rules_of(path: str) -> str:
    """A file that is not there is an empty one."""
    try:
        return text_of(path)
    except FileNotFoundError:
        return ""


def text_of(path: str) -> str:
    """The text of a file, one byte a character; ValueError for what is no plain file, or too long to be cut unseen."""
    # A pipe without a writer must not hold the connection's thread.
    with open(path, "rb", opener=_without_waiting) as file:
        mode = os.fstat(file.fileno()).st_mode
        # /dev/null is a way to say that there are no rules.
        if not stat.S_ISREG(mode) and not stat.S_ISCHR(mode):
            raise ValueError(f"{path} is not a plain file")
        content = file.read(_LARGEST_FILE + 1)
    if len(content) > _LARGEST_FILE:
        raise ValueError(f"{path} has more than {_LARGEST_FILE} bytes")
    return content.decode("latin-1")


def _without_waiting(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NONBLOCK)
