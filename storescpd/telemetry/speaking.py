"""Handlers that turn events into storescp's lines (storescp facts 10.4)."""

import logging
from types import MappingProxyType

from storescpd.telemetry.events import FIELDS
from storescpd.telemetry.formats import TRACE, fields, message
from storescpd.telemetry.storescp import RECEIVED, Manner, levels, said

_LETTERS = MappingProxyType(
    {
        logging.CRITICAL: "F",
        logging.ERROR: "E",
        logging.WARNING: "W",
        logging.INFO: "I",
        logging.DEBUG: "D",
        TRACE: "T",
    }
)


class LetterFormatter(logging.Formatter):
    """``I: Association Received``."""

    def format(self, record: logging.LogRecord) -> str:
        """One line."""
        return f"{_LETTERS[record.levelno]}: {message(record)}"


class SpokenHandler(logging.Handler):
    """Hands what an event is said as, a record a line, to another handler."""

    def __init__(self, manner: Manner, outlet: logging.Handler) -> None:
        super().__init__()
        self._manner = manner
        self._outlet = outlet

    def emit(self, record: logging.LogRecord) -> None:
        """Say it."""
        for level, text in said(record, self._manner):
            own = {"levelno": level, "levelname": logging.getLevelName(level), "msg": text, "args": None, FIELDS: {}}
            self._outlet.handle(logging.makeLogRecord({**record.__dict__, **own, "exc_info": None, "exc_text": None}))

    def close(self) -> None:
        """Close the other one too."""
        self._outlet.close()
        super().close()


class ProgressFormatter(logging.Formatter):
    """``RECV: ....``: a dot a fragment, once an object has come."""

    def format(self, record: logging.LogRecord) -> str:
        """One line."""
        return f"RECV: {'.' * int(str(fields(record)['fragments']))}"


def _is_progress(record: logging.LogRecord) -> bool:
    return record.getMessage() == RECEIVED


def spoken(
    ends: list[logging.Handler], level: int, *, dump_contexts: bool
) -> tuple[list[logging.Handler], dict[str, int]]:
    """Handlers that speak like storescp where this one would, and the level of each logger.

    ``ends`` get the lines, and the dots of progress.
    """
    lines, progress = ends
    manner = Manner(level, logging.INFO if dump_contexts else logging.DEBUG)
    handlers: list[logging.Handler] = [SpokenHandler(manner, lines)]
    if level == logging.INFO:
        progress.addFilter(_is_progress)
        handlers.append(progress)
    return handlers, levels(level)
