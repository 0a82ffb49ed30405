"""Start the daemon in the foreground."""

import errno
import functools
import logging
import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path

from storescpd.cli.status import Exit
from storescpd.config import Config, ConfigError, detected, load
from storescpd.store.incoming import OWN_FOLDER
from storescpd.supervisor.activation import adopt
from storescpd.supervisor.control import socket_name
from storescpd.supervisor.launch import Launch
from storescpd.supervisor.preparing import StartError
from storescpd.supervisor.report import Report, error_number
from storescpd.supervisor.supervisor import Supervisor
from storescpd.telemetry.events import log_event
from storescpd.telemetry.handlers import configure, remember_errors
from storescpd.telemetry.notify import Notifier

logger = logging.getLogger(__name__)


def serve(path: Path) -> int:
    """Serve by a configuration file until told to stop; returns the exit status."""
    # Their default is death; they wait until the supervisor can obey them.
    signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGHUP, signal.SIGTERM))
    # Asked before the variables of the service manager's protocol are taken out: a reload must know the same.
    environment = detected(os.environ)
    read = functools.partial(load, path, environment)
    errors = remember_errors()
    report = Report(Notifier(), errors)
    try:
        config = read()
        os.umask(config.process.umask)
        configure(config.logging.level, config.logging.destination, config.logging.format)
        launch = Launch(
            config_file=str(path.absolute()),
            control=control_path(path, config, os.environ),
            passed=adopt(environment.passed_sockets),
            errors=errors,
        )
        return Supervisor(config, read, report, launch).run()
    except ConfigError as error:
        print(error, file=sys.stderr)
        report.failed(f"bad configuration: {error}", error_number(error) or errno.EINVAL)
        return Exit.CONFIG
    except (OSError, StartError) as error:
        print(f"storescpd: {error}", file=sys.stderr)
        log_event(logger, logging.CRITICAL, "start failed", cause=str(error))
        report.failed(f"start failed: {error}", error_number(error))
        return Exit.FAILURE


def control_path(path: Path, config: Config, variables: Mapping[str, str]) -> str:
    """Where the control socket lies: in systemd's runtime directory, or beside the temporary files."""
    runtime = variables.get("RUNTIME_DIRECTORY", "").split(":")[0]
    folder = runtime or os.path.join(os.path.abspath(config.storage.directory), OWN_FOLDER)
    return os.path.join(folder, socket_name(path))
