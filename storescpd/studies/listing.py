"""What a ledger says, for people and programs: studies, and hooks that have failed for good."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from storescpd.studies.ledger import open_for_reading
from storescpd.studies.schema import check

RECENT = 100
"""Ended studies that are shown."""

_STUDIES = """
SELECT episodes.id, study, root, folder, state, opened,
    max(wall, coalesce((SELECT max(received) FROM objects WHERE objects.episode = episodes.id), wall)),
    ended, cause, calling, called, peer,
    (SELECT count(DISTINCT name) FROM objects WHERE objects.episode = episodes.id),
    (SELECT count(*) FROM hooks WHERE hooks.episode = episodes.id AND hooks.state IN ('waiting', 'running')),
    (SELECT count(*) FROM hooks WHERE hooks.episode = episodes.id AND hooks.state = 'failed')
FROM episodes WHERE state != 'ended'
    OR id IN (SELECT id FROM episodes WHERE state = 'ended' ORDER BY ended DESC LIMIT ?)
ORDER BY id
"""
_FAILED = """
SELECT hooks.id, hooks.kind, attempts, result, hooks.created, hooks.finished,
    coalesce(objects.root, episodes.root), coalesce(objects.folder, episodes.folder), objects.name,
    coalesce(objects.study, episodes.study)
FROM hooks LEFT JOIN objects ON objects.id = hooks.object LEFT JOIN episodes ON episodes.id = hooks.episode
WHERE hooks.state = 'failed' ORDER BY hooks.id
"""


@dataclass(frozen=True, slots=True)
class StudyRow:
    """One episode of a study. Times are seconds since 1970."""

    episode: int
    study: str
    directory: str
    state: str
    opened: float
    last: float
    """When its last object came."""
    ended: float | None
    cause: str
    """Why it ended."""
    calling: str
    called: str
    peer: str
    objects: int
    pending_hooks: int
    failed_hooks: int


@dataclass(frozen=True, slots=True)
class FailedHook:
    """A hook that was given up."""

    hook: int
    kind: str
    attempts: int
    result: str
    created: float
    finished: float
    path: str
    """Of its object, or the directory of its study."""
    study: str


def studies(path: str, recent: int = RECENT) -> Iterator[StudyRow]:
    """All studies that are not over, and the last that are.

    Raises:
        LedgerError: the ledger is none of ours, or a newer daemon's.
        sqlite3.Error: it cannot be read.
    """
    for number, study, root, folder, *rest in _rows(path, _STUDIES, (recent,)):
        yield StudyRow(number, study, os.path.join(root, folder), *rest)


def failed_hooks(path: str) -> Iterator[FailedHook]:
    """The hooks that ``--retry-hooks`` would run again.

    Raises:
        LedgerError: the ledger is none of ours, or a newer daemon's.
        sqlite3.Error: it cannot be read.
    """
    for row in _rows(path, _FAILED, ()):
        hook, kind, attempts, result, created, finished, root, folder, name, study = row
        where = os.path.join(root, folder, name or "").rstrip("/")
        yield FailedHook(hook, kind, attempts, result, created, finished, where, study)


def _rows(path: str, query: str, values: tuple[object, ...]) -> list[tuple[Any, ...]]:
    database = open_for_reading(path)
    try:
        check(database, path)
        return database.execute(query, values).fetchall()
    finally:
        database.close()
