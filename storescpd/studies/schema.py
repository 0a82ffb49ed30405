"""The ledger's tables, and how older ledgers become newer ones.

A migration is never changed once it has been released: a new one is added.
"""

import sqlite3

from storescpd.studies.errors import LedgerError

APPLICATION_ID = 0x53544C44
"""``STLD`` in the header of the file: nobody else's database is touched."""

_FIRST = (
    "CREATE TABLE policies (slot TEXT PRIMARY KEY, policy TEXT NOT NULL) STRICT",
    # One row each time a study is open; the clock's columns say when something last came for it.
    """CREATE TABLE episodes (
        id INTEGER PRIMARY KEY AUTOINCREMENT, slot TEXT NOT NULL, root TEXT NOT NULL, scheme TEXT NOT NULL,
        study TEXT NOT NULL, folder TEXT NOT NULL, shown TEXT NOT NULL, state TEXT NOT NULL,
        boot TEXT NOT NULL, monotonic REAL NOT NULL, wall REAL NOT NULL, opened REAL NOT NULL, ended REAL,
        calling TEXT NOT NULL, called TEXT NOT NULL, peer TEXT NOT NULL, listener TEXT NOT NULL,
        cause TEXT NOT NULL DEFAULT '', ended_by TEXT NOT NULL DEFAULT '') STRICT""",
    "CREATE UNIQUE INDEX open_episodes ON episodes (root, scheme, study) WHERE state = 'open'",
    "CREATE INDEX episodes_by_folder ON episodes (root, folder)",
    "CREATE INDEX unended_episodes ON episodes (state) WHERE state != 'ended'",
    "CREATE INDEX ended_episodes ON episodes (ended) WHERE state = 'ended'",
    "CREATE INDEX episodes_by_trigger ON episodes (ended_by)",
    # One row a reception; an instance that came twice has two of the same name.
    """CREATE TABLE objects (
        id INTEGER PRIMARY KEY AUTOINCREMENT, token TEXT NOT NULL UNIQUE, slot TEXT NOT NULL,
        episode INTEGER REFERENCES episodes, root TEXT NOT NULL, folder TEXT NOT NULL, name TEXT NOT NULL,
        code TEXT NOT NULL, sop_class TEXT NOT NULL, sop_instance TEXT NOT NULL, study TEXT NOT NULL,
        transfer_syntax TEXT NOT NULL, status INTEGER NOT NULL, received REAL NOT NULL,
        calling TEXT NOT NULL, called TEXT NOT NULL, peer TEXT NOT NULL, listener TEXT NOT NULL) STRICT""",
    "CREATE INDEX objects_by_episode ON objects (episode, name)",
    "CREATE INDEX loose_objects ON objects (received) WHERE episode IS NULL",
    # The plan of a renaming, written before the first file is touched.
    """CREATE TABLE renames (
        episode INTEGER NOT NULL REFERENCES episodes, old TEXT NOT NULL, new TEXT NOT NULL,
        done INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (episode, old)) STRICT, WITHOUT ROWID""",
    """CREATE TABLE hooks (
        id INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, lane TEXT NOT NULL, slot TEXT NOT NULL,
        episode INTEGER REFERENCES episodes, object INTEGER REFERENCES objects, state TEXT NOT NULL,
        attempts INTEGER NOT NULL DEFAULT 0, interruptions INTEGER NOT NULL DEFAULT 0,
        pid INTEGER, start INTEGER, boot TEXT, monotonic REAL,
        created REAL NOT NULL, finished REAL, result TEXT NOT NULL DEFAULT '') STRICT""",
    "CREATE INDEX hooks_by_state ON hooks (state)",
    "CREATE INDEX hooks_by_episode ON hooks (episode, kind)",
    "CREATE INDEX hooks_by_object ON hooks (object)",
)

_SECOND = (
    "ALTER TABLE episodes ADD COLUMN host TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE objects ADD COLUMN host TEXT NOT NULL DEFAULT ''",
)

MIGRATIONS: tuple[tuple[str, ...], ...] = (_FIRST, _SECOND)
"""Statements from each version of the schema to the next."""


def check(database: sqlite3.Connection, path: str) -> int:
    """The version of the schema, 0 for an empty file.

    Raises:
        LedgerError: it is not our file, or a newer daemon's.
    """
    (identity,) = database.execute("PRAGMA application_id").fetchone()
    (version,) = database.execute("PRAGMA user_version").fetchone()
    if identity != APPLICATION_ID and (identity or version or _has_tables(database)):
        raise LedgerError(f"{path} is a database of another program; name another file in studies.ledger")
    if version > len(MIGRATIONS):
        newest = len(MIGRATIONS)
        message = f"{path} was written by a newer storescpd: its schema is {version}, this one knows {newest}"
        forgotten = "open studies and pending hooks are forgotten, images are not touched"
        raise LedgerError(f"{message}; start that version, or move it aside: {forgotten}")
    return int(version)


def _has_tables(database: sqlite3.Connection) -> bool:
    return database.execute("SELECT 1 FROM sqlite_schema LIMIT 1").fetchone() is not None


def migrate(database: sqlite3.Connection, path: str) -> None:
    """Bring the tables to this version: all of a migration or nothing of it.

    Raises:
        LedgerError: it is not our file, or a newer daemon's.
        sqlite3.Error: the file system refuses.
    """
    version = check(database, path)
    for number in range(version, len(MIGRATIONS)):
        database.execute("BEGIN IMMEDIATE")
        try:
            for statement in MIGRATIONS[number]:
                database.execute(statement)
            database.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            database.execute(f"PRAGMA user_version = {number + 1}")
            database.execute("COMMIT")
        except BaseException:
            database.execute("ROLLBACK")
            raise
