"""The log of a process that serves one association (``--inetd``).

Here too another process writes it, so that neither an object nor SIGTERM waits for whoever reads. It is started, and
what it takes is loaded, with the first line: an answer comes before that.
"""

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING

from storescpd.telemetry.handlers import Outlet, check, install, opened, outlet

if TYPE_CHECKING:
    from storescpd.telemetry.log_writer import LogWriter


class LoneLog:
    """Configured once; ended last of all."""

    def __init__(self, patience: float = 0.0) -> None:
        """``patience``: see ``LogQueue``."""
        self._patience = patience
        self._writer: LogWriter | None = None
        self._outlets: tuple[Outlet, ...] = ()

    def configure(
        self, level: str, destination: str, style: str, *, dump_contexts: bool = False, instead: str = "stderr"
    ) -> None:
        """Log like this; ``instead``: where the log goes if the destination cannot be written.

        Nothing is opened yet: a disk that does not answer lets nobody open a file either.

        Raises:
            OSError: the destination cannot be written; the log stays as it was.
        """
        where = outlet(destination, style)
        check(where)
        self._outlets = (where, outlet(instead, style), Outlet("stderr", style))
        ends: list[logging.Handler] = [_Handler(self, channel) for channel in range(where.channels)]
        install(ends, style, level, dump_contexts=dump_contexts)

    def put(self, channel: int, record: logging.LogRecord) -> None:
        """Hand a record to the process that writes; it is lost where the system has no room for such a process."""
        from storescpd.telemetry.log_queue import encoded  # noqa: PLC0415 - see above
        from storescpd.telemetry.log_writer import LogWriter  # noqa: PLC0415

        if self._writer is None:
            try:
                self._writer = LogWriter(None, self._opened, self._patience)
            except OSError:
                return
        self._writer.queue.put(encoded(channel, record))

    def _opened(self) -> Sequence[logging.Handler]:
        """In the process that writes. An image is worth more than its line: a log that cannot be opened stops none."""
        from storescpd.telemetry.log_queue import made  # noqa: PLC0415 - see above

        causes: list[str] = []
        for where in self._outlets:
            try:
                handlers = opened(where, lasting=False)
            except OSError as error:
                causes.append(f"{where.destination}: {error.strerror or error}")
                continue
            for cause in causes:
                handlers[0].handle(made(logging.ERROR, "the log cannot be opened", {"cause": cause}))
            return handlers
        raise OSError("; ".join(causes))

    def end(self) -> None:
        """Write what can be written."""
        if self._writer is not None:
            self._writer.end()
            self._writer = None


class _Handler(logging.Handler):
    """Hands records to the log, for one of the handlers at its other end."""

    def __init__(self, log: LoneLog, channel: int) -> None:
        super().__init__()
        self._log = log
        self._channel = channel

    def emit(self, record: logging.LogRecord) -> None:
        """Hand it on."""
        self._log.put(self._channel, record)
