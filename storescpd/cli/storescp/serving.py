"""Serve as a command line says: the daemon's engine with one worker, in the foreground."""

import gc
import logging
import os
import socket
import sys
from collections.abc import Mapping

from storescpd.cli.status import Exit
from storescpd.cli.storescp.errors import CommandLineError
from storescpd.cli.storescp.header import PROGRAM
from storescpd.cli.storescp.household import aside, memory_of
from storescpd.cli.storescp.line import Line
from storescpd.cli.storescp.model import LOG_PATIENCE, config_of
from storescpd.cli.storescp.passwords import with_prompt
from storescpd.cli.storescp.settings import current_umask
from storescpd.config import Config, ConfigError
from storescpd.supervisor.launch import Launch
from storescpd.supervisor.listeners import Key, key_of
from storescpd.supervisor.preparing import StartError
from storescpd.supervisor.report import Report
from storescpd.supervisor.supervisor import Supervisor
from storescpd.telemetry.events import log_event
from storescpd.telemetry.handlers import remember_errors
from storescpd.telemetry.log import Log
from storescpd.telemetry.notify import Notifier
from storescpd.worker.accept import Listener
from storescpd.worker.filing import LEDGER, keeper_settings
from storescpd.worker.logs import configure_log

_NAMES = ("--output-directory", "--sort-conc-studies", "--sort-on-study-uid", "--filename-extension")
"""What names of files and directories are made of."""

logger = logging.getLogger(__name__)


def serve(line: Line, listening: int | None) -> int:
    """Serve until told to stop; returns the exit status. SIGHUP and SIGTERM are blocked already.

    ``listening``: a descriptor that listens on the line's port; ``None``: nothing does yet.

    Raises:
        CommandLineError: the line cannot be served by.
    """
    config = with_prompt(config_of(line, current_umask()), line)
    _check_names(line, config)
    if line.has("--arguments"):
        sys.stderr.write(f"I: {_called(line)}\n")
    log = Log(LOG_PATIENCE)
    try:
        os.umask(config.process.umask)
        configure_log(log, config.logging)
        _check_directory(config)
        directory = config.storage.directory
        launch = Launch(bound=_bound(config, listening), aside=aside(directory, os.environ), log=log)
        if keeper_settings(config, "") is not None:
            config = _with_ledger(config)
        gc.enable()
        return Supervisor(config, None, Report(Notifier(), remember_errors()), launch).run()
    except (ConfigError, OSError, StartError) as error:
        for text in str(error).splitlines():
            log_event(logger, logging.CRITICAL, text)
        return Exit.FAILURE
    except KeyboardInterrupt:
        # As the supervisor ends when it serves.
        return Exit.OK
    finally:
        log.end()


def _bound(config: Config, listening: int | None) -> Mapping[Key, Listener]:
    if listening is None:
        return {}
    wanted = config.listeners[0]
    return {key_of(wanted): Listener(socket.socket(fileno=listening), wanted.name)}


def _with_ledger(config: Config) -> Config:
    """The ledger is not among the objects."""
    try:
        folder = memory_of(config.storage.directory, os.environ)
    except OSError as error:
        raise StartError(f"there is no place to remember studies in: {error}; set XDG_STATE_HOME") from error
    studies = config.studies.model_copy(update={"ledger": os.path.join(folder, LEDGER)})
    return config.model_copy(update={"studies": studies})


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
