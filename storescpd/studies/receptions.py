"""What has been received: one row a reception, and the files that were left without one."""

import contextlib
import os
import re
import secrets
import sqlite3
import stat
from collections.abc import Collection, Iterable, Iterator

from storescpd.data.sop_classes import SOP_CLASSES, UNKNOWN_CODE
from storescpd.studies.clock import Moment
from storescpd.studies.episodes import Episode
from storescpd.studies.messages import Record

_CODES = sorted({row.code for row in SOP_CLASSES.values()} - {"-"} | {UNKNOWN_CODE}, key=len, reverse=True)
_OURS = re.compile(rf"(?:\d{{17}}(?:_\d{{4,}})?\.(?P<timed>{'|'.join(_CODES)})|(?P<code>{'|'.join(_CODES)})\.)")
"""How the names that we give begin: what consumers put into a directory is theirs."""
_SLACK = 2.0
"""Seconds by which a file may be older than its study: clocks of file systems tick coarsely."""


def is_known(database: sqlite3.Connection, token: str) -> bool:
    """Whether a reception has been entered."""
    return database.execute("SELECT 1 FROM objects WHERE token = ?", (token,)).fetchone() is not None


def insert(database: sqlite3.Connection, record: Record, episode: int | None, now: Moment) -> int:
    """Add a reception; returns its number."""
    sender = record.sender
    cursor = database.execute(
        "INSERT INTO objects (token, slot, episode, root, folder, name, code, sop_class, sop_instance, study,"
        " transfer_syntax, status, received, calling, called, peer, listener, host)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (record.token, record.slot, episode, record.root, record.folder, record.name, record.code, record.sop_class,
         record.sop_instance, record.study, record.transfer_syntax, record.status, now.wall, sender.calling,
         sender.called, sender.peer, sender.listener, sender.host),
    )  # fmt: skip
    return cursor.lastrowid or 0


def adopt(database: sqlite3.Connection, episode: Episode, now: Moment) -> list[str]:
    """Take the files into an open study that lie in its directory without a record; returns their names.

    They were moved there, and then their worker or the keeper died before the record: nobody was told of success.
    """
    known = _known(database, episode)
    files = (name for name, changed in _files(episode.path) if changed >= episode.opened - _SLACK and _is_text(name))
    found = {name: ours for name in files if name not in known and (ours := _OURS.match(name))}
    for name, ours in sorted(found.items()):
        record = Record(
            token=f"adopted.{secrets.token_hex(8)}",
            slot=episode.slot,
            episode=episode.id,
            root=episode.key.root,
            folder=episode.folder,
            name=name,
            code=ours["code"] or ours["timed"],
            sop_class="",
            sop_instance="",
            study=episode.key.study,
            transfer_syntax="",
            status=0,
            sender=episode.sender,
        )
        insert(database, record, episode.id, now)
    return list(found)


def _is_text(name: str) -> bool:
    """Whether a name can be ours: bytes that no text encodes are somebody else's, and no ledger takes them."""
    return not any("\ud800" <= character <= "\udfff" for character in name)


def _known(database: sqlite3.Connection, episode: Episode) -> set[str]:
    """What the ledger knows of a directory, earlier episodes and plans included."""
    place = (episode.key.root, episode.folder)
    here = "episode IN (SELECT id FROM episodes WHERE root = ? AND folder = ?)"
    objects = database.execute(f"SELECT name FROM objects WHERE {here}", place)  # noqa: S608 - a text of our own
    planned = database.execute(f"SELECT new FROM renames WHERE {here}", place)  # noqa: S608
    return {name for rows in (objects, planned) for (name,) in rows}


def _files(path: str) -> Iterator[tuple[str, float]]:
    """Regular files of a directory, and when each got its name."""
    try:
        with os.scandir(path) as entries:
            for entry in entries:
                # Consumers take files away at any time, and directories too.
                with contextlib.suppress(FileNotFoundError):
                    status = entry.stat(follow_symlinks=False)
                    if stat.S_ISREG(status.st_mode):
                        yield entry.name, status.st_ctime
    except OSError:
        return


_LAST = 2**63 - 1
"""No number of an episode is higher."""
_HERE = "episode IN (SELECT id FROM episodes WHERE root = ? AND folder = ? AND id {})"


def names_of_later(database: sqlite3.Connection, episode: Episode) -> set[str]:
    """The names that objects of later episodes have in the same directory."""
    query = f"SELECT name FROM objects WHERE {_HERE.format('> ?')}"  # noqa: S608 - a text of our own
    return {name for (name,) in database.execute(query, (episode.key.root, episode.folder, episode.id))}


def renamed(
    database: sqlite3.Connection, episode: Episode, pairs: Iterable[tuple[str, str]], again: Collection[str]
) -> None:
    """Files have got other names: their rows follow them, also those of earlier episodes that had the same name.

    ``again``: old names that are there once more; rows of later episodes are of these files.
    """
    place = (episode.key.root, episode.folder)
    statement = f"UPDATE objects SET name = ? WHERE {_HERE.format('<= ?')} AND name = ?"  # noqa: S608
    for old, new in pairs:
        last = episode.id if old in again else _LAST
        database.execute(statement, (new, *place, last, old))


def present_name(database: sqlite3.Connection, record: Record) -> str:
    """The name that a file has which was stored while its worker had lost the keeper: it may have been renamed."""
    folder = os.path.join(record.root, record.folder)
    if not record.inode or _is(os.path.join(folder, record.name), record.inode):
        return record.name
    query = f"SELECT new FROM renames WHERE {_HERE.format('> 0')} AND old = ? AND done"  # noqa: S608
    for (new,) in database.execute(query, (record.root, record.folder, record.name)):
        if _is(os.path.join(folder, new), record.inode):
            return str(new)
    return record.name


def _is(path: str, inode: int) -> bool:
    try:
        return os.lstat(path).st_ino == inode
    except OSError:
        return False
