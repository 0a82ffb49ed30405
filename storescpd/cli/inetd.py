"""``--inetd``: serve the connection that inetd, xinetd or systemd has accepted, and end (storescp facts 9.3).

Nothing is printed here: descriptors 1 and 2 may have been the connection.
"""

import contextlib
import gc
import io
import os
from collections.abc import Iterable, Sequence
from enum import IntEnum
from pathlib import Path
from typing import TYPE_CHECKING

from storescpd.cli.hasten import hasten
from storescpd.supervisor.inherited import DescriptorError, Inherited, NoConnectionError, take

if TYPE_CHECKING:
    from storescpd.config import Config
    from storescpd.config.listeners import Listener
    from storescpd.telemetry.lone_log import LoneLog

YOUNG = 20000
"""Containers made before the collector looks for cycles among them, as in a worker."""


class InetdExit(IntEnum):
    """Exit statuses of this mode besides those of ``Exit``; both are storescp's (storescp facts 9.3)."""

    NO_CONNECTION = 0
    DESCRIPTORS = 99


class UsageError(Exception):
    """The command line is wrong; the text says why."""


class StartError(Exception):
    """The connection cannot be served; the text says why and what to do."""


def inetd(arguments: Sequence[str]) -> int:
    """The command line of storescpd with ``--inetd``; returns the exit status."""
    connection = _taken()
    if isinstance(connection, InetdExit):
        return connection
    from storescpd.cli.status import Exit
    from storescpd.config import ConfigError, detected, load

    try:
        file = _file(arguments)
    except UsageError as error:
        _report([str(error)], stderr=connection.stderr)
        return Exit.USAGE
    try:
        config = load(file, detected(os.environ, inetd=True))
    except ConfigError as error:
        _report(map(str, error.problems), stderr=connection.stderr)
        return Exit.CONFIG
    return serve_inetd(config, connection)


def _file(arguments: Sequence[str]) -> Path:
    """The configuration file that a command line names; raises UsageError."""
    from storescpd.cli.storescpd import DEFAULT_CONFIG, parser

    match arguments:
        case ["--inetd"]:
            return Path(DEFAULT_CONFIG)
        case ["--inetd", "-c" | "--config", file] | ["-c" | "--config", file, "--inetd"]:
            # What everybody writes needs no argparse, which takes its time to load.
            return Path(file)
    said = io.StringIO()
    try:
        with contextlib.redirect_stderr(said):
            return Path(parser().parse_args(arguments).config)
    except SystemExit:
        raise UsageError(" ".join(said.getvalue().splitlines()[-1:])) from None


def serve_inetd(
    config: "Config",
    connection: Inherited | None = None,
    aside: tuple[str, ...] | None = None,
    patience: float = 0.0,
) -> int:
    """Serve one association and return the exit status; the connection is taken from descriptor 0 unless it was before.

    ``config`` was checked for ``Environment(inetd=True)``; ``aside``: see ``StorageSettings``; ``patience``: see
    ``LogQueue``.
    """
    hasten()
    if connection is None:
        taken = _taken()
        if isinstance(taken, InetdExit):
            return taken
        connection = taken
    from storescpd.cli.status import Exit
    from storescpd.config import ConfigError
    from storescpd.telemetry.lone_log import LoneLog

    log = LoneLog(patience)
    try:
        _serve(config, connection, aside, log)
    except ConfigError as error:
        _report(map(str, error.problems), stderr=connection.stderr)
        return Exit.CONFIG
    except (OSError, StartError) as error:
        _report([str(error)], stderr=connection.stderr)
        return Exit.FAILURE
    finally:
        log.end()
    return Exit.OK


def _taken() -> Inherited | InetdExit:
    """The connection, or the status to end with where there is none."""
    try:
        return take()
    except NoConnectionError as error:
        # Then descriptor 2 is no connection either.
        _report([str(error)], stderr=True)
        return InetdExit.NO_CONNECTION
    except DescriptorError as error:
        _report([str(error)], stderr=False)
        return InetdExit.DESCRIPTORS


def _report(causes: Iterable[str], *, stderr: bool) -> None:
    """Say why there is no service, where somebody may read it; the log may not be configured yet."""
    import logging

    from storescpd.telemetry.events import log_event
    from storescpd.telemetry.lone_log import LoneLog

    logger, log = logging.getLogger("storescpd.inetd"), LoneLog()
    if not logger.hasHandlers():
        log.configure("info", _host_log(stderr=stderr), "auto")
    for cause in causes:
        log_event(logger, logging.CRITICAL, "start failed", cause=cause)
    log.end()


def _host_log(*, stderr: bool) -> str:
    """Where somebody may find a word that can go nowhere else."""
    from storescpd.telemetry.handlers import without_stderr

    return "auto" if stderr else without_stderr("auto")


def _serve(config: "Config", connection: Inherited, aside: tuple[str, ...] | None, log: "LoneLog") -> None:
    """Become who is configured, open the log, serve."""
    from storescpd.access.errors import TlsError
    from storescpd.worker.lone import Lone
    from storescpd.worker.settings import settings

    os.umask(config.process.umask)
    _drop_root(config)
    _open_log(config, connection, log)
    _warn_of_root()
    listener = listener_for(config, connection.socket.getsockname()[1])
    try:
        made = settings(config, alone=True, aside=aside)
        lone = Lone(connection.socket, listener.name, made, config.process.drain_timeout)
    except TlsError as error:
        raise StartError(f"tls.{error.key}: {error}") from error
    gc.freeze()
    gc.set_threshold(YOUNG, *gc.get_threshold()[1:])
    gc.enable()
    lone.serve()


def _drop_root(config: "Config") -> None:
    user, group = config.process.user, config.process.group
    if not (user or group) or os.geteuid() != 0:
        return
    from storescpd.supervisor.identity import IdentityError, become, wanted

    try:
        account = wanted(user, group)
        if account is not None:
            become(account)
    except IdentityError as error:
        raise StartError(str(error)) from error


def _open_log(config: "Config", connection: Inherited, log: "LoneLog") -> None:
    from storescpd.telemetry.handlers import without_stderr

    logging = config.logging
    destination, stderr = logging.destination, connection.stderr or logging.inetd_files
    if logging.inetd_files:
        from storescpd.telemetry.inetd_files import redirect

        redirect()
    elif not stderr:
        destination = without_stderr(destination)
    log.configure(
        logging.level,
        destination,
        logging.format,
        dump_contexts=logging.dump_presentation_contexts,
        instead=_host_log(stderr=stderr),
    )


def _warn_of_root() -> None:
    if os.geteuid() == 0:
        import logging

        from storescpd.telemetry.events import log_event

        remedy = "set process.user, or let inetd start it as another user"
        log_event(logging.getLogger("storescpd.inetd"), logging.WARNING, "runs as root", remedy=remedy)


def listener_for(config: "Config", port: int) -> "Listener":
    """What is configured for the port that a connection has come to; where there is one table only it is meant.

    Raises:
        StartError: nobody knows which table is meant, and whether TLS is.
    """
    if len(config.listeners) == 1:
        return config.listeners[0]
    found = [listener for listener in config.listeners if listener.port == port]
    if len(found) == 1:
        return found[0]
    which = "several tables" if found else "no table"
    raise StartError(f"{which} of [[listeners]] for port {port}, to which this connection came: write one")
