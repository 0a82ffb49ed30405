"""Renaming the files of an ended study to ``CT000001`` and so on (storescp facts 2.10).

The plan is in the ledger before the first file is touched, each file moves in one step that never replaces another, and
the ledger hears of each slice once the directory is on the medium: wherever it was interrupted, the same plan is gone
through again. Numbers continue after the highest one that the directory has or had. Meanwhile nobody is given the
directory (docs/architecture.md).
"""

import contextlib
import os
import re
import sqlite3
import time
from collections.abc import Iterator

from storescpd.studies import receptions
from storescpd.studies.episodes import Episode
from storescpd.studies.moving import move

_NUMBERED = re.compile(r"[A-Za-z_]{2}(\d{6,})")
_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
SLICE = 50
SLICE_TIME = 0.02
"""Files at a time, and seconds after which no further one is begun, however slow the file system: between two slices
the keeper serves the workers."""


def plan(database: sqlite3.Connection, episode: Episode) -> int:
    """Write down who gets which name, in the order of reception; returns how many files get one.

    Files that consumers have taken already get no number, nor do those that an object of a later episode has replaced:
    they are of that episode now.

    Raises:
        OSError: the directory is there but cannot be read.
    """
    try:
        present = set(os.listdir(episode.path))
    except FileNotFoundError:
        return 0
    number = _next_number(database, episode, present)
    mine = present - receptions.names_of_later(database, episode)
    query = "SELECT name, code FROM objects WHERE episode = ? GROUP BY name ORDER BY min(id)"
    wanted = [(name, code) for name, code in database.execute(query, (episode.id,)) if name in mine]
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
        self._done: list[tuple[str, str]] = []
        self.count = 0
        """Files renamed so far."""

    def go_on(self, database: sqlite3.Connection) -> bool:
        """Rename a slice and enter it into the ledger; ``False`` when none is left.

        Raises:
            OSError: the directory is there but cannot be worked in; what was done has been entered.
        """
        if not self._left:
            return False
        with _opened(self._episode.path) as folder:
            if folder is None:
                self._left.clear()
                return False
            try:
                self._rename_slice(folder)
                if self._durable:
                    os.fsync(folder)
            finally:
                self._enter(database, folder)
        return bool(self._left)

    def _rename_slice(self, folder: int) -> None:
        over = time.monotonic() + SLICE_TIME
        for _ in range(min(SLICE, len(self._left))):
            old, new = self._left[-1]
            self._done.append((old, _rename(folder, old, new)))
            self._left.pop()
            if time.monotonic() >= over:
                return

    def _enter(self, database: sqlite3.Connection, folder: int) -> None:
        episode = self._episode
        database.executemany(
            "UPDATE renames SET done = 1, new = ? WHERE episode = ? AND old = ?",
            ((new, episode.id, old) for old, new in self._done),
        )
        # A name that is there again is of an object that came meanwhile, whose worker had lost the keeper.
        again = {old for old, _ in self._done if _is_there(folder, old)}
        receptions.renamed(database, episode, self._done, again)
        self.count += len(self._done)
        self._done.clear()


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
    letters, number = new[:2], int(new[2:])
    while True:
        candidate = f"{letters}{number:06d}"
        try:
            move(folder, old, candidate)
        except FileExistsError:
            number += 1
        except FileNotFoundError:
            # Renamed before an interruption, or taken away by a consumer.
            return candidate
        else:
            return candidate


def _is_there(folder: int, name: str) -> bool:
    try:
        os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True
