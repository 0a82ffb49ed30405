"""What is understood of a log4cplus configuration file: how much is logged, and where to (storescp facts 10.4)."""

import re
from collections.abc import Mapping

from storescpd.cli.storescp.option import Situation, Value

_OWN = "log4cplus."
ROOT = f"{_OWN}rootLogger"
_APPENDER = f"{_OWN}appender."
_LEVELS = {
    "OFF": "fatal", "FATAL": "fatal", "ERROR": "error", "WARN": "warning", "INFO": "info", "DEBUG": "debug",
    "TRACE": "trace", "ALL": "trace",
}  # fmt: skip
_LARGEST = 1 << 20
"""Characters of a file; one that a person wrote has some dozens of lines."""
_ENTRY = re.compile(r"\s*([^#=\s][^=]*?)\s*=\s*(.*?)\s*")


def properties(path: str) -> Mapping[str, str]:
    """Keys and values of a file.

    Raises:
        OSError: it cannot be read.
    """
    with open(path, encoding="latin-1") as file:
        lines = file.read(_LARGEST).splitlines()
    return {match[1]: match[2] for line in lines if (match := _ENTRY.fullmatch(line))}


def refusal(path: str) -> str:
    """Why a file cannot be used; empty: it can."""
    try:
        found = properties(path)
    except (FileNotFoundError, IsADirectoryError):
        return "Specified --log-config file does not exist"
    except OSError:
        return "Specified --log-config file cannot be read"
    if not found:
        return "Specified --log-config file does not contain any settings"
    if not any(key.startswith(_OWN) for key in found):
        return "Specified --log-config file does not contain any valid settings"
    return "" if ROOT in found else f"Specified --log-config file does not set up {ROOT}"


def log_level(_: Situation, values: tuple[str, ...]) -> Value | None:
    """The root logger's level as the configuration has it; ``None`` where the file has none."""
    return _LEVELS.get(_root(values[0])[0].upper())


def log_destination(_: Situation, values: tuple[str, ...]) -> Value | None:
    """Where the root logger's first appender writes; ``None``: to stderr, or nothing that we know."""
    found, appenders = _properties(values[0]), _root(values[0])[1:]
    if not appenders:
        return None
    appender = _APPENDER + appenders[0]
    if found.get(appender, "").endswith("SysLogAppender"):
        return "syslog"
    file = found.get(f"{appender}.File", "")
    if not file:
        return None
    # The configuration knows a path by its slash.
    return file if "/" in file else f"./{file}"


def _properties(path: str) -> Mapping[str, str]:
    try:
        return properties(path)
    except OSError:
        # It has been taken away since it was looked at.
        return {}


def _root(path: str) -> list[str]:
    """The level, then the names of appenders."""
    return [word.strip() for word in _properties(path).get(ROOT, "").split(",")]
