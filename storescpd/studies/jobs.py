"""Hooks in the ledger: what is to run, what runs, what has run, what has failed for good."""

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from storescpd.studies.clock import Moment
from storescpd.studies.commands import Facts
from storescpd.studies.episodes import Episode, count
from storescpd.studies.messages import Record, Sender


class Kind(StrEnum):
    """What a hook is about."""

    RECEPTION = "reception"
    END = "end"


class JobState(StrEnum):
    """How far it has come."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Job:
    """One hook that is to run."""

    id: int
    kind: Kind
    lane: str
    """Hooks of one lane run one after another."""
    slot: str
    episode: int | None
    object: int | None
    attempts: int
    interruptions: int


@dataclass(frozen=True, slots=True)
class Process:
    """Where a hook ran when the keeper was last heard of."""

    job: Job
    pid: int
    start: int
    started: Moment


_COLUMNS = "id, kind, lane, slot, episode, object, attempts, interruptions"


def lane_of(root: str, study: str, token: str) -> str:
    """One a study; an object whose study nobody has looked for has one of its own."""
    return f"{root}\n{study}" if study else token


def study_of(lane: str) -> str:
    """The Study Instance UID that a lane is for; empty where nobody has looked for it."""
    return lane.partition("\n")[2]


def add_reception(database: sqlite3.Connection, record: Record, number: int, episode: int | None, now: Moment) -> None:
    """A hook for a reception."""
    lane = lane_of(record.root, record.study, record.token)
    _add(database, (Kind.RECEPTION, lane, record.slot, episode, number, JobState.WAITING, now.wall))


def add_end(database: sqlite3.Connection, episode: Episode, now: Moment) -> None:
    """A hook for the end of a study."""
    lane = lane_of(episode.key.root, episode.key.study, "")
    _add(database, (Kind.END, lane, episode.slot, episode.id, None, JobState.WAITING, now.wall))


def _add(database: sqlite3.Connection, values: tuple[object, ...]) -> None:
    database.execute(
        "INSERT INTO hooks (kind, lane, slot, episode, object, state, created) VALUES (?, ?, ?, ?, ?, ?, ?)", values
    )


def waiting(database: sqlite3.Connection, number: int) -> Iterator[tuple[int, str]]:
    """Number and lane of those that are to run, of those with higher numbers."""
    query = "SELECT id, lane FROM hooks WHERE state = 'waiting' AND id > ? ORDER BY id"
    yield from database.execute(query, (number,))


def running(database: sqlite3.Connection) -> Iterator[Process]:
    """Hooks that ran when the keeper was last heard of."""
    query = f"SELECT {_COLUMNS}, pid, start, boot, monotonic FROM hooks WHERE state = 'running' ORDER BY id"  # noqa: S608
    for *row, pid, start, boot, monotonic in database.execute(query).fetchall():
        yield Process(_job(tuple(row)), pid, start, Moment(boot, monotonic, 0.0))


def _job(row: tuple[object, ...]) -> Job:
    number, kind, lane, slot, episode, item, attempts, interruptions = row
    return Job(
        id=int(str(number)),
        kind=Kind(str(kind)),
        lane=str(lane),
        slot=str(slot),
        episode=None if episode is None else int(str(episode)),
        object=None if item is None else int(str(item)),
        attempts=int(str(attempts)),
        interruptions=int(str(interruptions)),
    )


def started(database: sqlite3.Connection, job: Job, pid: int, start: int, now: Moment) -> None:
    """It has a process."""
    database.execute(
        "UPDATE hooks SET state = 'running', attempts = attempts + 1, pid = ?, start = ?, boot = ?, monotonic = ?"
        " WHERE id = ?",
        (pid, start, now.boot, now.monotonic, job.id),
    )


def interrupted(database: sqlite3.Connection, job: Job) -> None:
    """Nobody knows how far it got; it will run again, and this was no attempt."""
    database.execute(
        "UPDATE hooks SET state = 'waiting', attempts = max(attempts - 1, 0), interruptions = interruptions + 1"
        " WHERE id = ?",
        (job.id,),
    )


def ended(database: sqlite3.Connection, job: Job, state: JobState, result: str, now: Moment) -> None:
    """It has ended; ``WAITING`` is for another attempt."""
    finished = None if state is JobState.WAITING else now.wall
    database.execute(
        "UPDATE hooks SET state = ?, result = ?, finished = ? WHERE id = ?", (state, result, finished, job.id)
    )


def by_id(database: sqlite3.Connection, number: int) -> Job:
    """One hook as it is now."""
    query = f"SELECT {_COLUMNS} FROM hooks WHERE id = ?"  # noqa: S608
    return _job(database.execute(query, (number,)).fetchone())


def retry_failed(database: sqlite3.Connection) -> int:
    """Let those run again that have failed for good; how many they are."""
    cursor = database.execute(
        "UPDATE hooks SET state = 'waiting', attempts = 0, interruptions = 0 WHERE state = 'failed'"
    )
    return cursor.rowcount


_UNFINISHED = "state IN ('waiting', 'running')"


def unfinished_receptions(database: sqlite3.Connection, episode: int) -> bool:
    """Whether hooks for objects of an episode are still to run, or run."""
    # They run in their order: while one is left the last one is.
    found = f"SELECT 1 FROM hooks WHERE episode = ? AND kind = 'reception' AND {_UNFINISHED}"  # noqa: S608
    query = f"{found} ORDER BY id DESC LIMIT 1"
    return database.execute(query, (episode,)).fetchone() is not None


def unfinished_end(database: sqlite3.Connection, episode: int) -> bool:
    """Whether the hook for the end of an episode is still to run, or runs."""
    query = f"SELECT 1 FROM hooks WHERE episode = ? AND kind = 'end' AND {_UNFINISHED} LIMIT 1"  # noqa: S608
    return database.execute(query, (episode,)).fetchone() is not None


def unfinished_of(database: sqlite3.Connection, token: str) -> bool:
    """Whether the hook of one reception is still to run, or runs."""
    query = f"SELECT 1 FROM hooks WHERE object = (SELECT id FROM objects WHERE token = ?) AND {_UNFINISHED} LIMIT 1"  # noqa: S608
    return database.execute(query, (token,)).fetchone() is not None


def token_of(database: sqlite3.Connection, job: Job) -> str:
    """Token of the reception that a hook is about; empty for the end of a study."""
    row = database.execute("SELECT token FROM objects WHERE id = ?", (job.object,)).fetchone()
    return "" if row is None else str(row[0])


def settled(database: sqlite3.Connection, token: str) -> bool:
    """Whether the hooks of a reception, and of the studies that it ended, are done or given up."""
    query = "SELECT 1 FROM episodes WHERE ended_by = ? AND state != 'ended' LIMIT 1"
    return not unfinished_of(database, token) and database.execute(query, (token,)).fetchone() is None


def facts(database: sqlite3.Connection, job: Job) -> Facts | None:
    """What the hook is told, as things are now; ``None`` when the ledger has forgotten what it was about."""
    if job.kind is Kind.RECEPTION:
        return _facts_of_object(database, job.object)
    return _facts_of_episode(database, job.episode)


def _facts_of_object(database: sqlite3.Connection, number: int | None) -> Facts | None:
    row = database.execute(
        "SELECT calling, called, peer, listener, host, root, folder, name, study, sop_class, sop_instance,"
        " transfer_syntax, status FROM objects WHERE id = ?",
        (number,),
    ).fetchone()
    if row is None:
        return None
    *sender, root, folder, name, study, sop_class, sop_instance, syntax, status = row
    return Facts(_path(root, folder), name, Sender(*sender), study, sop_class, sop_instance, syntax, status, 1)


def _facts_of_episode(database: sqlite3.Connection, number: int | None) -> Facts | None:
    row = database.execute(
        "SELECT calling, called, peer, listener, host, root, folder, study FROM episodes WHERE id = ?", (number,)
    ).fetchone()
    if row is None or number is None:
        return None
    *sender, root, folder, study = row
    objects = count(database, number)
    return Facts(_path(root, folder), None, Sender(*sender), study, "", "", "", 0, objects)


def _path(root: str, folder: str) -> str:
    return f"{root.rstrip('/')}/{folder}" if folder else root
