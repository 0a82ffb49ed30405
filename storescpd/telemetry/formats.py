"""Log records as text, JSON and journal fields.

Values come from peers: whatever could look like another field or another line is quoted.
"""

import datetime as dt
import functools
import logging
import re
from collections.abc import Mapping
from types import MappingProxyType

from storescpd.telemetry.events import FIELDS

TRACE = 5
"""Level below debug, as storescp has it."""

LEVELS: Mapping[str, int] = MappingProxyType(
    {
        "fatal": logging.CRITICAL,
        "error": logging.ERROR,
        "warning": logging.WARNING,
        "info": logging.INFO,
        "debug": logging.DEBUG,
        "trace": TRACE,
    }
)
_NAMES = MappingProxyType({number: name for name, number in LEVELS.items()})
_PRIORITIES = MappingProxyType({"fatal": 2, "error": 3, "warning": 4, "info": 6, "debug": 7, "trace": 7})
"""syslog(3) priorities."""

_PLAIN = re.compile(r"[!#-\[\]-~]+")
"""Text that needs no quotes: printable ASCII without blank, quote and backslash."""

_WITHOUT_ESCAPES = re.compile(r"[ !#-\[\]-~]*")

_JOURNAL_FIELDS = MappingProxyType(
    {
        "peer": "DICOM_PEER",
        "listener": "DICOM_LISTENER",
        "calling": "DICOM_CALLING_AE",
        "called": "DICOM_CALLED_AE",
        "instance": "SOP_INSTANCE_UID",
        "study": "STUDY_INSTANCE_UID",
        "code": "DICOM_MODALITY_CODE",
        "status": "DICOM_STATUS",
    }
)


def level_name(number: int) -> str:
    """The contract's word for a level."""
    return _NAMES.get(number, "info")


def priority(record: logging.LogRecord) -> int:
    """The syslog priority of a record."""
    return _PRIORITIES[level_name(record.levelno)]


def fields(record: logging.LogRecord) -> Mapping[str, object]:
    """The fields of a record."""
    found: Mapping[str, object] = getattr(record, FIELDS, {})
    return found


def quoted(value: object) -> str:
    """A value as it stands in a text log."""
    return _quoted(str(value))


def _as_json(value: object) -> str:
    # A short log has nothing in it that must be escaped.
    import json  # noqa: PLC0415

    return json.dumps(value, default=str)


@functools.lru_cache(maxsize=1024)
def _quoted(text: str) -> str:
    if _PLAIN.fullmatch(text):
        return text
    return f'"{text}"' if _WITHOUT_ESCAPES.fullmatch(text) else _as_json(text)


def message(record: logging.LogRecord) -> str:
    """Message, fields and, for a defect, its traceback, without time and level."""
    parts = [record.getMessage(), *(f"{name}={quoted(value)}" for name, value in fields(record).items())]
    traceback = traceback_of(record)
    if traceback:
        parts.append(f"traceback={quoted(traceback)}")
    return " ".join(parts)


def traceback_of(record: logging.LogRecord) -> str | None:
    """The traceback of a defect; ``None`` where there is none."""
    if record.exc_text or not record.exc_info:
        return record.exc_text
    return logging.Formatter().formatException(record.exc_info)


@functools.lru_cache(maxsize=4)
def _second(moment: int) -> tuple[str, str]:
    """Local time to the second and its zone; a busy second is asked for a thousand times."""
    local = dt.datetime.fromtimestamp(moment).astimezone()
    return local.strftime("%Y-%m-%dT%H:%M:%S"), local.isoformat()[19:]


def _time(record: logging.LogRecord) -> str:
    second, zone = _second(int(record.created))
    return f"{second}.{int(record.msecs):03d}{zone}"


class TextFormatter(logging.Formatter):
    """``2026-11-23T12:00:00.000+01:00 info[712] object stored peer=10.0.0.5:4711 ...``."""

    def format(self, record: logging.LogRecord) -> str:
        """One line."""
        return f"{_time(record)} {level_name(record.levelno)}[{record.process}] {message(record)}"


class JsonFormatter(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        """One line."""
        content = {
            "time": _time(record),
            "level": level_name(record.levelno),
            "pid": record.process,
            "message": record.getMessage(),
            **fields(record),
        }
        traceback = traceback_of(record)
        if traceback:
            content["traceback"] = traceback
        return _as_json(content)


class BareFormatter(logging.Formatter):
    """For a destination that adds time and level itself."""

    def format(self, record: logging.LogRecord) -> str:
        """One line."""
        return message(record)


def journal_fields(record: logging.LogRecord) -> dict[str, str]:
    """A record as fields of the journal."""
    own = {_JOURNAL_FIELDS.get(name, f"STORESCPD_{name.upper()}"): str(value) for name, value in fields(record).items()}
    return {
        "MESSAGE": message(record),
        "PRIORITY": str(priority(record)),
        "SYSLOG_IDENTIFIER": "storescpd",
        **own,
    }
