"""Renaming the files of an ended study to ``CT000001`` and so on (storescp facts 2.10).

The plan is in the ledger before the first file is touched, each file moves by link(2), which never replaces, and the
ledger hears of it at the end: wherever it was interrupted, the same plan is gone through again. Numbers continue after
the highest one that the directory has or had.
"""

import contextlib
import os
import re
import sqlite3
from collections.abc import Iterator

from storescpd.store.placing import Move
from storescpd.studies import receptions
from storescpd.studies.episodes import Episode

_NUMBERED = re.compile(r"[A-Za-z_]{2}(\d{6,})")
_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
SLICE = 50
"""Files at a time: between two slices the keeper serves the workers."""


def plan(database: sqlite3.Connection, episode: Episode) -> int:
    """Write down who gets which name, in the order of reception; returns how many files get one.

    Files that consumers have taken already get no number.

    Raises:
        OSError: the directory is there but cannot be read.
    """
    try:
        present = set(os.listdir(episode.path))
    except FileNotFoundError:
        return 0
    number = _next_number(database, episode, present)
    query = "SELECT name, code FROM objects WHERE episode = ? GROUP BY name ORDER BY min(id)"
    wanted = [(name, code) for name, code in database.execute(query, (episode.id,)) if name in present]
    pairs = [(old, f"{code[:2]}{place:06d}") for place, (old, code) in enumerate(wanted, number)]
    database.executemany(
        "INSERT INTO renames (episode, old, new) VALUES (?, ?, ?)", ((episode.id, old, new) for old, new in pairs)
    )
    return len(pairs)


def _next_number(database: sqlite3.Connection, episode: Episode, present: set[str]) -> int:
    query = "SELECT new FROM renames JOIN episodes ON episodes.id = renames.episode WHERE root = ? AND folder = ?"
    given = {name for (name,) in database.execute(query, (episode.key.root, episode.folder))}
    numbers = [int(match[1]) for name in present | given if (match := _NUMBERED.fullmatch(name))]
    return max(numbers, default=0) + 1


class Renaming:
    """Carries out the plan of one episode, slice by slice."""

    def __init__(self, database: sqlite3.Connection, episode: Episode, *, durable: bool) -> None:
        self._episode = episode
        self._durable = durable
        query = "SELECT old, new FROM renames WHERE episode = ? AND NOT done ORDER BY new"
        self._left: list[tuple[str, str]] = database.execute(query, (episode.id,)).fetchall()
        self._left.reverse()
        self._done: list[tuple[str, str, str]] = []

    def go_on(self) -> bool:
        """Rename a slice; ``False`` when none is left.

        Raises:
            OSError: the directory is there but cannot be worked in.
        """
        if not self._left:
            return False
        with _opened(self._episode.path) as folder:
            if folder is None:
                self._left.clear()
                return False
            for _ in range(min(SLICE, len(self._left))):
                old, new = self._left.pop()
                self._done.append((old, new, _rename(folder, old, new)))
            if not self._left and self._durable:
                os.fsync(folder)
        return bool(self._left)

    def enter(self, database: sqlite3.Connection) -> None:
        """Enter what was done into the ledger."""
        episode = self._episode.id
        database.executemany(
            "UPDATE renames SET done = 1, new = ? WHERE episode = ? AND old = ?",
            ((final, episode, old) for old, _, final in self._done),
        )
        receptions.renamed(database, episode, ((old, final) for old, _, final in self._done))

    @property
    def count(self) -> int:
        """Files renamed so far."""
        return len(self._done)


@contextlib.contextmanager
def _opened(path: str) -> Iterator[int | None]:
    try:
        fd = os.open(path, _FLAGS)
    except FileNotFoundError:
        # A consumer has taken the directory: it has what it wanted.
        yield None
        return
    try:
        yield fd
    finally:
        os.close(fd)


def _rename(folder: int, old: str, new: str) -> str:
    """Give a file its new name, or the next number that is free; returns the name that it has."""
    move = Move(folder, old, folder)
    letters, number = new[:2], int(new[2:])
    while True:
        candidate = f"{letters}{number:06d}"
        try:
            if move.exclusively(candidate):
                return candidate
        except FileNotFoundError:
            # Renamed before an interruption, or taken away by a consumer.
            return candidate
        if _same(folder, old, candidate):
            # Interrupted between the two halves of a move.
            os.unlink(old, dir_fd=folder)
            return candidate
        number += 1


def _same(folder: int, first: str, second: str) -> bool:
    try:
        one, other = (os.stat(name, dir_fd=folder, follow_symlinks=False) for name in (first, second))
    except FileNotFoundError:
        return False
    return (one.st_dev, one.st_ino) == (other.st_dev, other.st_ino)
