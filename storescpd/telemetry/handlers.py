"""Where logs go (contract, [logging])."""

import contextlib
import logging
import os
import socket
import sys
from collections.abc import Callable
from typing import NamedTuple

from storescpd.telemetry.events import LOGGERS, ROOT
from storescpd.telemetry.formats import LEVELS, BareFormatter, JsonFormatter, TextFormatter, journal_fields
from storescpd.telemetry.last_error import LastError

STORESCP = "storescp"
"""The style that says everything as storescp does."""

JOURNAL_SOCKET = "/run/systemd/journal/socket"
SYSLOG_SOCKET = "/dev/log"


class JournalHandler(logging.Handler):
    """The journal's native protocol: one datagram a record."""

    def __init__(self, path: str = JOURNAL_SOCKET) -> None:
        super().__init__()
        self._path = path
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)

    def emit(self, record: logging.LogRecord) -> None:
        """Send a record; one that cannot be sent is shown on stderr."""
        try:
            data = b"".join(_journal_field(name, value) for name, value in journal_fields(record).items())
            self.socket.sendto(data, self._path)
        except OSError:
            show(record)

    def close(self) -> None:
        """Close the socket too."""
        self.socket.close()
        super().close()


def show(record: logging.LogRecord) -> None:
    """Show a record on stderr, which cannot go where it should."""
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


def without_stderr(destination: str) -> str:
    """Where logs go that are meant for stderr, where stderr leads to a peer or to nowhere: the host's own log.

    Where the host has none they are lost.
    """
    if destination not in {"auto", "stderr"}:
        return destination
    if os.path.exists(JOURNAL_SOCKET):
        return "journald"
    return "syslog" if os.path.exists(SYSLOG_SOCKET) else "stderr"


class Outlet(NamedTuple):
    """Where lines go, and what they look like."""

    destination: str
    """``stderr``, ``journald``, ``syslog`` or a path."""
    style: str

    @property
    def channels(self) -> int:
        """How many handlers it has: storescp's dots of progress go elsewhere than its lines."""
        return 2 if self.style == STORESCP else 1


def outlet(destination: str, style: str) -> Outlet:
    """What the configuration means in this process."""
    if destination == "auto":
        journal = style != STORESCP and under_journal() and os.path.exists(JOURNAL_SOCKET)
        destination = "journald" if journal else "stderr"
    return Outlet(destination, style)


def check(where: Outlet) -> None:
    """Raises OSError where it cannot be opened, and opens nothing: a disk that does not answer would not let us."""
    path = where.destination
    if "/" not in path:
        return
    place = path if os.path.lexists(path) else os.path.dirname(path)
    if not os.access(place, os.W_OK, effective_ids=True):
        raise OSError(f"logging.destination: {path} cannot be written")


def opened(where: Outlet, *, lasting: bool = True) -> list[logging.Handler]:
    """Handlers that write there, one a channel.

    Those that are not ``lasting`` do not look whether a file was moved away meanwhile.

    Raises:
        OSError: it cannot be written.
    """
    handler = _handler(where.destination, lasting=lasting)
    if where.style != STORESCP:
        handler.setFormatter(_formatter(*where))
        return [handler]
    from storescpd.telemetry.speaking import LetterFormatter, ProgressFormatter  # noqa: PLC0415 - see install

    progress = logging.StreamHandler(sys.stdout)
    handler.setFormatter(LetterFormatter())
    progress.setFormatter(ProgressFormatter())
    return [handler, progress]


def install(
    ends: list[logging.Handler],
    style: str,
    level: str,
    *,
    dump_contexts: bool,
    allowed: Callable[[logging.LogRecord], bool] | None = None,
) -> None:
    """Log to these in this process, and in those that it forks; what was logged to before is closed."""
    handlers, wanted = ends, {ROOT: LEVELS[level]}
    if style == STORESCP:
        from storescpd.telemetry.speaking import spoken  # noqa: PLC0415 - it has a lot to say

        handlers, wanted = spoken(ends, LEVELS[level], dump_contexts=dump_contexts)
    if allowed is not None:
        handlers[0].addFilter(allowed)
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


def _leave_out_what_no_format_shows() -> None:
    """The library's own advice (logging HOWTO, Optimization): looking for the caller costs as much as the line."""
    logging._srcfile = None  # noqa: SLF001
    logging.logThreads = False
    logging.logMultiprocessing = False


def _handler(destination: str, *, lasting: bool) -> logging.Handler:
    match destination:
        case "stderr":
            return logging.StreamHandler(sys.stderr)
        case "journald":
            return JournalHandler()
        case "syslog":
            from storescpd.telemetry.files import SyslogHandler  # noqa: PLC0415 - see there

            return SyslogHandler(SYSLOG_SOCKET)
        case path:
            if not lasting:
                return logging.FileHandler(path, encoding="utf-8", errors="backslashreplace")
            from storescpd.telemetry.files import FileHandler  # noqa: PLC0415

            return FileHandler(path, encoding="utf-8", errors="backslashreplace")


def _formatter(destination: str, style: str) -> logging.Formatter:
    if style == "json":
        return JsonFormatter()
    return BareFormatter() if destination in ("journald", "syslog") else TextFormatter()
