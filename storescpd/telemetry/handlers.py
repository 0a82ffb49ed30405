"""Where logs go (contract, [logging])."""

import contextlib
import logging
import logging.handlers
import os
import socket
import sys

from storescpd.telemetry.events import ROOT
from storescpd.telemetry.formats import LEVELS, BareFormatter, JsonFormatter, TextFormatter, journal_fields
from storescpd.telemetry.last_error import LastError
from storescpd.telemetry.speaking import LetterFormatter, ProgressHandler, SpokenHandler
from storescpd.telemetry.storescp import DEBUG, INFO, LOGGERS, Manner, levels

STORESCP = "storescp"
"""The style that says everything as storescp does."""

JOURNAL_SOCKET = "/run/systemd/journal/socket"
SYSLOG_SOCKET = "/dev/log"


class JournalHandler(logging.Handler):
    """The journal's native protocol: one datagram a record."""

    def __init__(self, path: str = JOURNAL_SOCKET) -> None:
        super().__init__()
        self._path = path
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)

    def emit(self, record: logging.LogRecord) -> None:
        """Send a record; one that cannot be sent is shown on stderr."""
        try:
            data = b"".join(_journal_field(name, value) for name, value in journal_fields(record).items())
            self._socket.sendto(data, self._path)
        except OSError:
            _show(record)


class FileHandler(logging.handlers.WatchedFileHandler):
    """A file that is opened anew when it was moved away, in every process by itself.

    A log that cannot be written is no reason to lose an association: unlike its base class this never raises.
    """

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record; where the file cannot be opened, show it on stderr and try again with the next one."""
        try:
            super().emit(record)
        except (OSError, ValueError):
            # ValueError: closing the old file failed half-way.
            with contextlib.suppress(OSError, ValueError):
                self.close()
            self.stream = None
            _show(record)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802
        """The disk is full, or worse."""
        _show(record)


def _show(record: logging.LogRecord) -> None:
    with contextlib.suppress(OSError, ValueError):
        sys.stderr.write(TextFormatter().format(record) + "\n")
        sys.stderr.flush()


def _journal_field(name: str, value: str) -> bytes:
    encoded = value.encode("utf-8", "backslashreplace")
    if b"\n" in encoded:
        return name.encode() + b"\n" + len(encoded).to_bytes(8, "little") + encoded + b"\n"
    return name.encode() + b"=" + encoded + b"\n"


def under_journal() -> bool:
    """Whether stderr is a stream of the journal (systemd.exec(5), $JOURNAL_STREAM)."""
    device, _, inode = os.environ.get("JOURNAL_STREAM", "").partition(":")
    try:
        status = os.fstat(sys.stderr.fileno())
    except (OSError, ValueError):
        return False
    return (device, inode) == (str(status.st_dev), str(status.st_ino))


def configure(level: str, destination: str, style: str, *, dump_contexts: bool = False) -> None:
    """Send the log of this process, and of those that it forks, where the configuration says.

    Raises:
        OSError: the destination cannot be written; the log stays as it was.
    """
    if destination == "auto":
        journal = style != STORESCP and under_journal() and os.path.exists(JOURNAL_SOCKET)
        destination = "journald" if journal else "stderr"
    handler = _handler(destination)
    handlers, wanted = [handler], {ROOT: LEVELS[level]}
    if style == STORESCP:
        handlers, wanted = _as_storescp(handler, LEVELS[level], dump_contexts=dump_contexts)
    else:
        handler.setFormatter(_formatter(destination, style))
    root = logging.getLogger(ROOT)
    for old in [old for old in root.handlers if not isinstance(old, LastError)]:
        root.removeHandler(old)
        old.close()
    for made in handlers:
        root.addHandler(made)
    for name in (*LOGGERS, ROOT):
        logging.getLogger(name).setLevel(wanted.get(name, logging.NOTSET))
    root.propagate = False
    logging.raiseExceptions = False
    _leave_out_what_no_format_shows()


def remember_errors() -> LastError:
    """Remember the last error of this process and of those that it forks from now on, wherever the log goes."""
    made = LastError()
    logging.getLogger("storescpd").addHandler(made)
    return made


def _as_storescp(
    handler: logging.Handler, level: int, *, dump_contexts: bool
) -> tuple[list[logging.Handler], dict[str, int]]:
    """Handlers, and the level of each logger."""
    handler.setFormatter(LetterFormatter())
    manner = Manner(level, INFO if dump_contexts else DEBUG)
    handlers: list[logging.Handler] = [SpokenHandler(manner, handler)]
    if level == INFO:
        handlers.append(ProgressHandler(sys.stdout))
    return handlers, levels(level)


def _leave_out_what_no_format_shows() -> None:
    """The library's own advice (logging HOWTO, Optimization): looking for the caller costs as much as the line."""
    logging._srcfile = None  # noqa: SLF001
    logging.logThreads = False
    logging.logMultiprocessing = False


def _handler(destination: str) -> logging.Handler:
    match destination:
        case "stderr":
            return logging.StreamHandler(sys.stderr)
        case "journald":
            return JournalHandler()
        case "syslog":
            handler = logging.handlers.SysLogHandler(SYSLOG_SOCKET, logging.handlers.SysLogHandler.LOG_DAEMON)
            handler.ident = "storescpd: "
            return handler
        case path:
            return FileHandler(path, encoding="utf-8", errors="backslashreplace")


def _formatter(destination: str, style: str) -> logging.Formatter:
    if style == "json":
        return JsonFormatter()
    return BareFormatter() if destination in ("journald", "syslog") else TextFormatter()
