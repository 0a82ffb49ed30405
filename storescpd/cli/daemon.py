"""``--daemon``: start in the background, where there is no systemd; comes back when the daemon serves."""

import os
import sys
from pathlib import Path

from storescpd.cli.serve import Start, served
from storescpd.cli.status import Exit
from storescpd.cli.streams import have_standard_streams
from storescpd.config import Config, ConfigError, Environment, detected, load
from storescpd.supervisor.detaching import Told, detach
from storescpd.supervisor.pidfile import PidFile, PidFileError
from storescpd.supervisor.preparing import StartError
from storescpd.telemetry.handlers import SYSLOG_SOCKET


def serve_in_background(path: Path, pid_file: Path | None) -> int:
    """Return in the daemon when it has stopped, in its parent when it serves (0) or does not; the exit status."""
    have_standard_streams()
    environment = detected(os.environ, daemon=True)
    if environment.service or environment.passed_sockets:
        print("storescpd: --daemon is not for systemd: it has Type=notify without it", file=sys.stderr)
        return Exit.USAGE
    where = path.absolute()
    kept = None if pid_file is None else PidFile(str(pid_file))
    try:
        config = _read(where, environment)
        if kept is not None:
            kept.lock()
    except ConfigError as error:
        print(error, file=sys.stderr)
        return Exit.CONFIG
    except (StartError, PidFileError) as error:
        print(f"storescpd: {error}", file=sys.stderr)
        return Exit.FAILURE
    told = detach(config.process.umask, () if kept is None else (kept.descriptor,))
    if isinstance(told, int):
        return told
    return _serve(where, environment, kept, told)


def _serve(path: Path, environment: Environment, kept: PidFile | None, told: Told) -> int:
    start = Start(
        path,
        environment,
        read=lambda: _read(path, environment),
        pid_file=kept,
        say=told.say,
        serving=lambda: told.done(Exit.OK),
        forget=told.leave,
    )
    status = served(start)
    # Without effect where it has served.
    told.done(status or Exit.FAILURE)
    return status


def _read(path: Path, environment: Environment) -> Config:
    """The configuration; a daemon has no standard error to log to."""
    config = load(path, environment)
    if config.logging.destination not in {"auto", "syslog"}:
        return config
    if not os.path.exists(SYSLOG_SOCKET):
        raise StartError(f"logging.destination: there is no syslog ({SYSLOG_SOCKET}) to log to; name a file")
    return config.model_copy(update={"logging": config.logging.model_copy(update={"destination": "syslog"})})
