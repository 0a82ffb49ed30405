"""Start the daemon in the foreground."""

import functools
import logging
import os
import signal
import sys
from pathlib import Path

from storescpd.cli.status import Exit
from storescpd.config import Config, ConfigError, detected, load
from storescpd.supervisor.supervisor import StartError, Supervisor
from storescpd.telemetry.events import log_event
from storescpd.telemetry.handlers import configure

logger = logging.getLogger(__name__)


def serve(path: Path) -> int:
    """Serve by a configuration file until told to stop; returns the exit status."""
    # Their default is death; they wait until the supervisor can obey them.
    signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGHUP, signal.SIGTERM))
    try:
        config = _load(path)
    except ConfigError as error:
        print(error, file=sys.stderr)
        return Exit.CONFIG
    try:
        os.umask(config.process.umask)
        configure(config.logging.level, config.logging.destination, config.logging.format)
        return Supervisor(config, functools.partial(_load, path)).run()
    except ConfigError as error:
        print(error, file=sys.stderr)
        return Exit.CONFIG
    except (OSError, StartError) as error:
        print(f"storescpd: {error}", file=sys.stderr)
        log_event(logger, logging.CRITICAL, "start failed", cause=str(error))
        return Exit.FAILURE


def _load(path: Path) -> Config:
    return load(path, detected(os.environ))
