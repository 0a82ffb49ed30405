"""What the daemon was started by, as far as the configuration cares."""

import os
from collections.abc import Mapping
from typing import NamedTuple

from storescpd.config.passed import PassedSocket, passed_sockets


class Environment(NamedTuple):
    """How this process was started."""

    service: bool = False
    """By systemd: nobody is at a terminal, and the working directory means nothing."""
    daemon: bool = False
    """With --daemon."""
    inetd: bool = False
    """With --inetd, or by a systemd unit with Accept=yes."""
    credentials_directory: str | None = None
    state_directory: str | None = None
    """systemd's, one directory."""
    passed_sockets: tuple[PassedSocket, ...] = ()
    """The sockets that systemd has bound for this process."""


def detected(variables: Mapping[str, str], *, daemon: bool = False, inetd: bool = False) -> Environment:
    """Read systemd's variables (systemd.exec(5), sd_listen_fds(3)); pass ``os.environ``."""
    return Environment(
        service=_is_service(variables),
        daemon=daemon,
        inetd=inetd,
        credentials_directory=variables.get("CREDENTIALS_DIRECTORY") or None,
        state_directory=variables.get("STATE_DIRECTORY", "").split(":")[0] or None,
        passed_sockets=passed_sockets(variables),
    )


def _is_service(variables: Mapping[str, str]) -> bool:
    # What runs in a terminal has inherited INVOCATION_ID from the desktop's or the login's unit, but then
    # SYSTEMD_EXEC_PID names another process. systemd before 248 does not set that.
    if "NOTIFY_SOCKET" in variables:
        return True
    started = variables.get("SYSTEMD_EXEC_PID")
    return "INVOCATION_ID" in variables and started in {None, str(os.getpid())}
