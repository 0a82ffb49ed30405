"""Start the daemon in the foreground."""

import contextlib
import errno
import functools
import logging
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from storescpd.cli.status import Exit
from storescpd.cli.streams import have_standard_streams
from storescpd.config import Config, ConfigError, Environment, detected, load
from storescpd.config.logging import DESTINATIONS
from storescpd.store.incoming import OWN_FOLDER
from storescpd.supervisor.activation import adopt
from storescpd.supervisor.control import socket_name
from storescpd.supervisor.identity import ROOT, Account, IdentityError, become, is_root, wanted
from storescpd.supervisor.launch import Launch
from storescpd.supervisor.pidfile import PidFile, PidFileError
from storescpd.supervisor.preparing import StartError
from storescpd.supervisor.report import Report, error_number
from storescpd.supervisor.supervisor import Supervisor
from storescpd.telemetry.events import log_event
from storescpd.telemetry.handlers import remember_errors
from storescpd.telemetry.last_error import LastError
from storescpd.telemetry.log import Log
from storescpd.telemetry.notify import Notifier
from storescpd.worker.logs import configure_log

logger = logging.getLogger(__name__)


def _say(text: str) -> None:
    # Who cannot be told, with a full disk say, still gets the exit status.
    with contextlib.suppress(OSError):
        print(text, file=sys.stderr, flush=True)


def _nothing() -> None:
    return


@dataclass(frozen=True, slots=True)
class Start:
    """How the daemon is started."""

    path: Path
    """The configuration file."""
    environment: Environment
    read: Callable[[], Config]
    """Reads it, now and at each reload."""
    pid_file: PidFile | None
    say: Callable[[str], None] = _say
    """To whoever has started it."""
    serving: Callable[[], None] = _nothing
    """Called when it serves."""
    forget: Callable[[], None] = _nothing
    """Called in each child."""


def serve(path: Path, pid_file: Path | None = None) -> int:
    """Serve by a configuration file until told to stop; returns the exit status."""
    have_standard_streams()
    # Their default is death; they wait until the supervisor can obey them.
    signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGHUP, signal.SIGTERM))
    # Asked before the variables of the service manager's protocol are taken out: a reload must know the same.
    environment = detected(os.environ)
    read = functools.partial(load, path, environment)
    return served(Start(path, environment, read, None if pid_file is None else PidFile(str(pid_file))))


def served(start: Start) -> int:
    """Serve until told to stop; returns the exit status."""
    errors = remember_errors()
    report = Report(Notifier(), errors)
    logs = contextlib.ExitStack()
    try:
        return _run(start, report, errors, logs)
    except ConfigError as error:
        start.say(str(error))
        report.failed(f"bad configuration: {error}", error_number(error) or errno.EINVAL)
        return Exit.CONFIG
    except (OSError, StartError, IdentityError, PidFileError) as error:
        start.say(f"storescpd: {error}")
        log_event(logger, logging.CRITICAL, "start failed", cause=str(error))
        report.failed(f"start failed: {error}", error_number(error))
        return Exit.FAILURE
    except KeyboardInterrupt:
        # As the supervisor ends when it serves.
        log_event(logger, logging.INFO, "stopped")
        return Exit.OK
    finally:
        if start.pid_file is not None:
            start.pid_file.remove()
        logs.close()


def _run(start: Start, report: Report, errors: LastError, logs: contextlib.ExitStack) -> int:
    config = start.read()
    account = _account(config)
    os.umask(config.process.umask)
    log = Log(drop_rights=functools.partial(_drop_root, account))
    logs.callback(log.end)
    _open_log(log, config, account)
    if start.pid_file is not None:
        start.pid_file.lock()
        start.pid_file.write()
    if is_root() and (account is None or account.uid == ROOT):
        advice = "set process.user, or User= in the service unit"
        log_event(logger, logging.WARNING, "the daemon runs as root", remedy=advice)
    launch = Launch(
        config_file=str(start.path.absolute()),
        control=_control_path(start, config, account),
        passed=adopt(start.environment.passed_sockets),
        account=account,
        log=log,
        errors=errors,
        serving=start.serving,
        forget=functools.partial(_forget, start),
    )
    status = Supervisor(config, start.read, report, launch).run()
    mishap = errors.last()
    if status and mishap is not None:
        start.say(f"storescpd: {mishap.text}")
    return status


def _forget(start: Start) -> None:
    start.forget()
    if start.pid_file is not None:
        start.pid_file.leave()


def _account(config: Config) -> Account | None:
    """Whom to become; ``None``: who it is already."""
    account = wanted(config.process.user, config.process.group)
    if account is None or is_root():
        return account
    if (account.uid, account.gid) == (os.geteuid(), os.getegid()):
        return None
    raise IdentityError("process.user and process.group: only root can become another; start as root, or remove them")


def _drop_root(account: Account | None) -> None:
    """In the process that writes the log, which may be there before the daemon becomes somebody else, or after it."""
    if account is not None and is_root():
        become(account)


def _open_log(log: Log, config: Config, account: Account | None) -> None:
    """A log that is made by root belongs to whom the daemon becomes: it is opened again after it was rotated."""
    destination = config.logging.destination
    if destination not in DESTINATIONS and account is not None:
        _make_log(destination, account)
    configure_log(log, config.logging)


def _make_log(path: str, account: Account) -> None:
    """Make it for whom the daemon becomes. In a folder of that user a link may lead root anywhere."""
    if os.path.islink(path) and os.lstat(path).st_uid != ROOT:
        raise StartError(f"logging.destination: {path} is a link that is not root's: name the file itself")
    with contextlib.suppress(FileExistsError):
        made = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
        os.fchown(made, account.uid, account.gid)
        os.close(made)


def _control_path(start: Start, config: Config, account: Account | None) -> str:
    """In systemd's runtime directory, beside the pid file where that folder is the daemon's, or in the storage."""
    folder = os.path.join(os.path.abspath(config.storage.directory), OWN_FOLDER)
    runtime = os.environ.get("RUNTIME_DIRECTORY", "").split(":")[0]
    if runtime:
        folder = runtime
    elif start.pid_file is not None:
        beside = os.path.dirname(start.pid_file.path)
        if os.stat(beside).st_uid == (os.geteuid() if account is None else account.uid):
            folder = beside
    return os.path.join(folder, socket_name(start.path))
