"""How the daemon was started, beyond its configuration."""

import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from storescpd.config.passed import PassedSocket
from storescpd.supervisor.identity import Account
from storescpd.supervisor.listeners import Key
from storescpd.telemetry.last_error import LastError
from storescpd.telemetry.log import Log
from storescpd.worker.accept import Listener


def _nothing() -> None:
    return


@dataclass(frozen=True, slots=True)
class Launch:
    """What the command line and the environment have decided."""

    config_file: str = ""
    control: str = ""
    """Path of the control socket; empty: none."""
    passed: Mapping[PassedSocket, socket.socket] = field(default_factory=dict)
    """What systemd has bound."""
    bound: Mapping[Key, Listener] = field(default_factory=dict)
    """What listens already."""
    aside: tuple[str, ...] | None = None
    """Nothing but objects may be in the storage directory: where else unfinished ones may be made."""
    account: Account | None = None
    """Whom to become once the ports are bound."""
    log: Log = field(default_factory=Log)
    errors: LastError = field(default_factory=LastError)
    serving: Callable[[], None] = _nothing
    """Called once, when the daemon serves for the first time."""
    forget: Callable[[], None] = _nothing
    """Called in each child: what belongs to the supervisor alone is let go of."""
