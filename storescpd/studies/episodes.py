"""Episodes: a study is open, ending, and then over; a late object opens the next one.

    open --ends--> waiting --settled--> renaming --renamed--> reporting --reported--> ended

``waiting`` is for objects of the study that are under way and for their hooks, ``renaming`` and ``reporting`` are
passed through where there is nothing to do. All of this is in the ledger before anything is done about it.
"""

import math
import os
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from storescpd.store.names import folder_stamp
from storescpd.store.naming import MASKED, Sort, stamped
from storescpd.studies.clock import Moment
from storescpd.studies.messages import Place, Placed, Sender, StudyKey

NOTE_PAUSE = 1.0
"""Seconds between two entries of when something last came for a study: between them its newest object tells it."""


class State(StrEnum):
    """How far an episode has come."""

    OPEN = "open"
    WAITING = "waiting"
    RENAMING = "renaming"
    REPORTING = "reporting"
    ENDED = "ended"


class Step(StrEnum):
    """What has happened to it."""

    ENDS = "ends"
    SETTLED = "settled"
    RENAMED = "renamed"
    REPORTED = "reported"


NEXT = {
    (State.OPEN, Step.ENDS): State.WAITING,
    (State.WAITING, Step.SETTLED): State.RENAMING,
    (State.RENAMING, Step.RENAMED): State.REPORTING,
    (State.REPORTING, Step.REPORTED): State.ENDED,
}


@dataclass(slots=True)
class Episode:
    """One that is not over yet."""

    id: int
    slot: str
    key: StudyKey
    folder: str
    shown: str
    state: State
    touched: Moment
    """When something last came for it."""
    opened: float
    """Wall clock."""
    sender: Sender
    """Of its last object."""
    ended_by: str = ""
    """Token of the object that ended it; empty: it was quiet, or it is open."""
    noted: float = -math.inf
    """Monotonic time of the last entry that says when something came for it."""

    @property
    def path(self) -> str:
        """Its directory."""
        return os.path.join(self.key.root, self.folder)


_COLUMNS = (
    "id, slot, root, scheme, study, folder, shown, state, boot, monotonic, wall, opened, calling, called, peer,"
    " listener, host, ended_by"
)


def unended(database: sqlite3.Connection) -> Iterator[Episode]:
    """All episodes that are not over, the oldest first."""
    newest = "(SELECT max(received) FROM objects WHERE episode = episodes.id)"
    query = f"SELECT {newest}, {_COLUMNS} FROM episodes WHERE state != 'ended' ORDER BY id"  # noqa: S608
    for received, *row in database.execute(query):
        episode = _episode(tuple(row))
        if received is not None:
            missed = min(max(received - episode.touched.wall, 0.0), NOTE_PAUSE)
            episode.touched = episode.touched.later(missed)
        yield episode


def _episode(row: tuple[object, ...]) -> Episode:
    number, slot, root, scheme, study, folder, shown, state, boot, monotonic, wall, opened, *rest = row
    *sender, ended_by = map(str, rest)
    return Episode(
        id=int(str(number)),
        slot=str(slot),
        key=StudyKey(str(root), str(scheme), str(study)),
        folder=str(folder),
        shown=str(shown),
        state=State(str(state)),
        touched=Moment(str(boot), float(str(monotonic)), float(str(wall))),
        opened=float(str(opened)),
        sender=Sender(*sender),
        ended_by=ended_by,
    )


def open_episode(database: sqlite3.Connection, request: Place, now: Moment) -> Episode:
    """Begin an episode, with a directory that no other study has or had."""
    folder, shown = _allotted(database, request, now) if request.stamped else (request.label, request.label)
    return insert(database, request.slot, request.key, folder, shown, request.sender, now)


def insert(
    database: sqlite3.Connection,
    slot: str,
    key: StudyKey,
    folder: str,
    shown: str,
    sender: Sender,
    now: Moment,
    state: State = State.OPEN,
) -> Episode:
    """A new episode in a directory."""
    cursor = database.execute(
        "INSERT INTO episodes (slot, root, scheme, study, folder, shown, state, boot, monotonic, wall, opened, calling,"
        " called, peer, listener, host) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (slot, key.root, key.scheme, key.study, folder, shown, state, now.boot, now.monotonic, now.wall, now.wall,
         sender.calling, sender.called, sender.peer, sender.listener, sender.host),
    )  # fmt: skip
    return Episode(cursor.lastrowid or 0, slot, key, folder, shown, state, now, now.wall, sender)


def _allotted(database: sqlite3.Connection, request: Place, now: Moment) -> tuple[str, str]:
    """The name for now, or for the next millisecond that is free (two studies at once, an hour that repeats)."""
    milliseconds = int(now.wall * 1000)
    while True:
        stamp = folder_stamp(milliseconds)
        name = stamped(request.label, stamp)
        if not _taken(database, request.key.root, name):
            return name, stamped(MASKED, stamp) if request.private else name
        milliseconds += 1


def shown_again(key: StudyKey, folder: str) -> str:
    """How logs may show the directory of a study when nobody remembers what was allowed."""
    return MASKED if key.scheme.startswith(f"{Sort.PATIENT_NAME}:") else folder


def _taken(database: sqlite3.Connection, root: str, name: str) -> bool:
    query = "SELECT 1 FROM episodes WHERE root = ? AND folder = ? LIMIT 1"
    return database.execute(query, (root, name)).fetchone() is not None or os.path.lexists(os.path.join(root, name))


def touch(database: sqlite3.Connection, episode: Episode, slot: str, sender: Sender, now: Moment) -> None:
    """Something came for it: its quiet time begins anew."""
    told = (slot, sender) == (episode.slot, episode.sender) and now.monotonic < episode.noted + NOTE_PAUSE
    episode.touched, episode.slot, episode.sender = now, slot, sender
    if not told:
        _note(database, episode)


def _note(database: sqlite3.Connection, episode: Episode) -> None:
    now, sender = episode.touched, episode.sender
    episode.noted = now.monotonic
    database.execute(
        "UPDATE episodes SET slot = ?, boot = ?, monotonic = ?, wall = ?, calling = ?, called = ?, peer = ?,"
        " listener = ?, host = ? WHERE id = ?",
        (episode.slot, now.boot, now.monotonic, now.wall, sender.calling, sender.called, sender.peer, sender.listener,
         sender.host, episode.id),
    )  # fmt: skip


def step(database: sqlite3.Connection, episode: Episode, happened: Step, now: Moment, *, cause: str = "") -> None:
    """Go on, by the table; ``cause`` says why an open episode ends."""
    episode.state = NEXT[episode.state, happened]
    ended = now.wall if episode.state is State.ENDED else None
    database.execute(
        "UPDATE episodes SET state = ?, ended_by = ?, ended = ?, cause = CASE ? WHEN '' THEN cause ELSE ? END"
        " WHERE id = ?",
        (episode.state, episode.ended_by, ended, cause, cause, episode.id),
    )


def remove(database: sqlite3.Connection, episode: Episode) -> None:
    """One that never got an object: it has not been."""
    database.execute("DELETE FROM episodes WHERE id = ?", (episode.id,))


def count(database: sqlite3.Connection, episode: int) -> int:
    """Its objects; an instance that came twice under one name is one."""
    (found,) = database.execute("SELECT count(DISTINCT name) FROM objects WHERE episode = ?", (episode,)).fetchone()
    return int(found)


def placed(episode: Episode) -> Placed:
    """What a worker has to know of it."""
    return Placed(episode.id, episode.folder, episode.shown)


def by_id(database: sqlite3.Connection, number: int) -> Episode | None:
    """Any episode that the ledger still has."""
    query = f"SELECT {_COLUMNS} FROM episodes WHERE id = ?"  # noqa: S608 - columns of our own
    row = database.execute(query, (number,)).fetchone()
    return None if row is None else _episode(row)
