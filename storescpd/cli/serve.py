"""Start the daemon in the foreground."""

import errno
import functools
import logging
import os
import signal
import sys
from pathlib import Path

from storescpd.cli.status import Exit
from storescpd.config import ConfigError, detected, load
from storescpd.supervisor.activation import adopt
from storescpd.supervisor.report import Report, error_number
from storescpd.supervisor.supervisor import StartError, Supervisor
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
    report = Report(Notifier(), remember_errors())
    try:
        config = read()
        os.umask(config.process.umask)
        configure(config.logging.level, config.logging.destination, config.logging.format)
        return Supervisor(config, read, report, adopt(environment.passed_sockets)).run()
    except ConfigError as error:
        print(error, file=sys.stderr)
        report.failed(f"bad configuration: {error}", error_number(error) or errno.EINVAL)
        return Exit.CONFIG
    except (OSError, StartError) as error:
        print(f"storescpd: {error}", file=sys.stderr)
        log_event(logger, logging.CRITICAL, "start failed", cause=str(error))
        report.failed(f"start failed: {error}", error_number(error))
        return Exit.FAILURE
