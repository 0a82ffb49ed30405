"""Serve as a command line says: the daemon's engine with one worker, in the foreground."""

import logging
import os
import signal
import sys

from storescpd.cli.status import Exit
from storescpd.cli.storescp.errors import CommandLineError
from storescpd.cli.storescp.line import Line
from storescpd.cli.storescp.model import config_of
from storescpd.cli.storescp.passwords import with_prompt
from storescpd.cli.storescp.settings import current_umask
from storescpd.cli.storescp.usage import PROGRAM
from storescpd.cli.streams import have_standard_streams
from storescpd.config import Config, ConfigError
from storescpd.supervisor.launch import Launch
from storescpd.supervisor.preparing import StartError
from storescpd.supervisor.report import Report
from storescpd.supervisor.supervisor import Supervisor
from storescpd.telemetry.events import log_event
from storescpd.telemetry.handlers import remember_errors
from storescpd.telemetry.notify import Notifier
from storescpd.worker.filing import keeper_settings
from storescpd.worker.logs import configure_log

_NAMES = ("--output-directory", "--sort-conc-studies", "--sort-on-study-uid", "--filename-extension")
"""What names of files and directories are made of."""

logger = logging.getLogger(__name__)


def serve(line: Line) -> int:
    """Serve until told to stop; returns the exit status.

    Raises:
        CommandLineError: the line cannot be served by.
    """
    have_standard_streams()
    # Their default is death; they wait until the supervisor can obey them.
    signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGHUP, signal.SIGTERM))
    config = with_prompt(config_of(line, current_umask()), line)
    _check_names(line, config)
    if line.has("--arguments"):
        sys.stderr.write(f"I: {_called(line)}\n")
    try:
        os.umask(config.process.umask)
        configure_log(config.logging)
        _check_directory(config)
        return Supervisor(config, None, Report(Notifier(), remember_errors()), Launch()).run()
    except (ConfigError, OSError, StartError) as error:
        for text in str(error).splitlines():
            log_event(logger, logging.CRITICAL, text)
        return Exit.FAILURE
    except KeyboardInterrupt:
        # As the supervisor ends when it serves.
        return Exit.OK


def _called(line: Line) -> str:
    quoted = " ".join(f"'{word}'" for word in line.words)
    return f"called as {PROGRAM} with {len(line.words)} arguments: {quoted}"


def _check_names(line: Line, config: Config) -> None:
    """The ledger, where there is one, has to find names again; raises CommandLineError."""
    if keeper_settings(config, "") is None:
        return
    for found in (one for option in _NAMES for one in line.all_of(option)):
        try:
            found.values[0].encode()
        except UnicodeEncodeError as error:
            raise CommandLineError(
                f"{found.option.long} has to be UTF-8 where studies are sorted or commands run"
            ) from error


def _check_directory(config: Config) -> None:
    """Told in the words of the command line; raises StartError."""
    directory = config.storage.directory
    if not os.path.isdir(directory):
        raise StartError(f"the output directory {directory} does not exist")
    if not (config.testing.ignore or os.access(directory, os.W_OK | os.X_OK)):
        raise StartError(f"the output directory {directory} is not writable")
