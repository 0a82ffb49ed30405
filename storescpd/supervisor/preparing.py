"""What a generation needs, and whether it can be had."""

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from storescpd.access.tls import TlsError
from storescpd.config import Config, ConfigError
from storescpd.store import StorageError
from storescpd.studies.errors import LedgerError
from storescpd.studies.ledger import inspect
from storescpd.supervisor.listeners import Key, ListenError, Passed, Place, places
from storescpd.telemetry.events import log_event
from storescpd.worker.securing import Ask
from storescpd.worker.settings import Settings, settings

logger = logging.getLogger(__name__)


class StartError(Exception):
    """The daemon cannot start, or not go on by another configuration; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Fixed:
    """What a running daemon cannot change: process.user and process.group as they were at the start."""

    user: str
    group: str

    def compare(self, config: Config) -> None:
        """Raises StartError where a configuration wants something else."""
        wanted = (("user", self.user, config.process.user), ("group", self.group, config.process.group))
        for key, then, now in wanted:
            if now != then:
                message = f'the daemon was started with "{then}", and the file says "{now}": restart it'
                raise StartError(f"process.{key}: changes with a restart only ({message})")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of trying a configuration out; sent from one process of ours to another."""

    config: Config | None
    """``None`` where it cannot be used."""
    places: Mapping[Key, Place]
    """Where its new listeners are to listen."""
    problems: tuple[str, ...] = ()
    bad_file: bool = False
    """The problems are in the file itself."""
    shortages: tuple[str, ...] = ()
    """Directories that have too little room for objects just now."""


def made(config: Config, ask: Ask, aside: tuple[str, ...] | None = None) -> Settings:
    """The settings of the workers; ``aside``: see ``StorageSettings``.

    Raises:
        StartError: keys, groups, dictionaries: something is not as the configuration says.
        ConfigError: a file that the configuration names is wrong.
    """
    try:
        wanted = settings(config, ask, aside=aside)
        wanted.load()
    except TlsError as error:
        raise StartError(f"tls.{error.key}: {error}") from error
    except StorageError as error:
        raise StartError(str(error)) from error
    return wanted


def try_out(wanted: Settings, in_use: str | None) -> tuple[str, ...]:
    """Whether directories and ledger can be used by this process; may wait for a slow disk.

    Returns where there is too little room, which is no reason not to start.
    ``in_use`` is a ledger that workers of earlier generations know.

    Raises:
        StartError: not.
    """
    try:
        for directory in wanted.directories:
            directory.prepare()
        if wanted.keeper is not None:
            _inspect(wanted.keeper.ledger, in_use)
        return tuple(filter(None, (directory.shortage() for directory in wanted.directories)))
    except (StorageError, LedgerError) as error:
        raise StartError(str(error)) from error


def _inspect(ledger: str, in_use: str | None) -> None:
    if in_use not in {None, ledger}:
        raise LedgerError(f"the ledger {in_use} is in use: studies.ledger changes with a restart only")
    inspect(ledger)


def examine(
    config: Config, passed: Passed, kept: Mapping[Key, object], in_use: str | None, ask: Ask
) -> tuple[dict[Key, Place], tuple[str, ...]]:
    """Everything about a new configuration that may take long.

    Returns where its new listeners are to listen, and which directories have too little room.

    Raises:
        StartError: it cannot be used.
        ConfigError: a file that the configuration names is wrong.
    """
    shortages = try_out(made(config, ask), in_use)
    try:
        return places(config, passed, kept), shortages
    except ListenError as error:
        raise StartError(str(error)) from error


def warn_of(shortages: Iterable[str]) -> None:
    """They end by themselves when there is room; until then senders hear A700."""
    for cause in shortages:
        log_event(logger, logging.WARNING, "too little room: objects are refused until there is more", cause=cause)


def problems(error: Exception) -> tuple[str, ...]:
    """All that an error says, a line each."""
    return tuple(map(str, error.problems)) if isinstance(error, ConfigError) else (str(error),)
