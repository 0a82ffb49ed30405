"""What a command line says, in the configuration's words. ``storescpd --convert`` writes these down."""

import os
from collections.abc import Iterator
from dataclasses import dataclass

from storescpd.cli.storescp.line import Line
from storescpd.cli.storescp.option import KeyPath, Value
from storescpd.cli.storescp.refusals import port
from storescpd.cli.storescp.table import OPTIONS
from storescpd.cli.storescp.table_general import DEFAULT_LEVEL
from storescpd.cli.storescp.values import dotted

FILE_MODE, DIRECTORY_MODE = 0o666, 0o777
"""What storescp asks for; its umask takes from it."""
_OWN_FILE, _OWN_DIRECTORY = 0o400, 0o700
"""What the configuration insists on for the owner."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One key of the configuration, and why it has its value."""

    key: KeyPath
    value: Value
    option: str
    """The option as it was written, with its values; empty: storescp does so unasked."""


def settings(line: Line, umask: int) -> tuple[Setting, ...]:
    """Every key that a line sets, once each, in the order of the table; the line has passed all checks.

    What storescp does otherwise than a configuration that says nothing comes first. ``umask`` is that of the caller.
    """
    found = {one.key: one for one in _defaults(umask)}
    for one in _said(line):
        found.pop(one.key, None)
        found[one.key] = one
    return tuple(found.values())


def _said(line: Line) -> Iterator[Setting]:
    if not line.has("--inetd"):
        yield Setting(("listeners", 0, "port"), port(line), line.parameters[0])
    for option in OPTIONS:
        occurrences = line.all_of(option.long)
        if not occurrences:
            continue
        written = " ".join(one.text for one in occurrences)
        for sets in option.sets:
            value = sets.of(line, line.values(option.long))
            if value is not None:
                yield Setting(sets.key, value, written)


def _defaults(umask: int) -> Iterator[Setting]:
    """What storescp does unasked and we do not."""
    values: dict[str, Value] = {
        "process.workers": 1,
        "process.max_associations": 1,
        "process.when_full": "wait",
        "process.umask": f"{umask & 0o077:04o}",
        "association.host_lookup": True,
        # A peer that is silent within an object, or between two, goes after --socket-timeout.
        "association.idle_timeout": 60,
        "association.dimse_timeout": 60,
        "association.error_comment": False,
        "storage.durability": "none",
        "storage.min_free": 0,
        "storage.on_unreadable": "abort",
        "storage.file_mode": f"{FILE_MODE & ~umask | _OWN_FILE:04o}",
        "storage.directory_mode": f"{DIRECTORY_MODE & ~umask | _OWN_DIRECTORY:04o}",
        "hooks.concurrency": 0,
        "hooks.timeout": 0,
        "hooks.inherit_environment": True,
        "hooks.inherit_output": True,
        "logging.level": DEFAULT_LEVEL,
        "logging.destination": "stderr",
        "logging.format": "storescp",
        "logging.patient_data": True,
        "logging.lines_per_peer": 0,
    }
    yield from (Setting(dotted(key), value, "") for key, value in values.items())


def current_umask() -> int:
    """The umask of this process; there is no way to ask without setting it."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def tables(found: tuple[Setting, ...]) -> dict[str, object]:
    """Settings as the tables of a configuration file."""
    made: dict[str, object] = {}
    listener: dict[str, object] = {}
    for one in found:
        first, *rest = one.key
        if first == "listeners":
            listener[str(rest[-1])] = one.value
        else:
            _put(made, [str(part) for part in one.key], one.value)
    return {**made, **({"listeners": [listener]} if listener else {})}


def _put(table: dict[str, object], names: list[str], value: Value) -> None:
    for name in names[:-1]:
        inner = table.setdefault(name, {})
        if not isinstance(inner, dict):
            raise TypeError(f"{name} is a value and a table")
        table = inner
    table[names[-1]] = value
