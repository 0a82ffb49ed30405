"""Handlers of the standard library, as a daemon wants them; loading them takes as long as the rest of a log."""

import contextlib
import logging
import logging.handlers

from storescpd.telemetry.handlers import show


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
            show(record)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802
        """The disk is full, or worse."""
        show(record)


class SyslogHandler(logging.handlers.SysLogHandler):
    """Syslog on this host, as soon as and as long as it listens; its base class loses what it cannot send."""

    ident = "storescpd: "

    def __init__(self, path: str) -> None:
        super().__init__(path, logging.handlers.SysLogHandler.LOG_DAEMON)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802
        """Nobody listens, or the record is too long for it."""
        show(record)
