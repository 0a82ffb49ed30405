"""Whether a ledger can be used, found out without writing a byte of it or beside it."""

import contextlib
import os
import sqlite3
import time
from typing import Final
from urllib.parse import quote

from storescpd.studies.errors import LedgerError
from storescpd.studies.schema import check

LOST: Final = "move it aside: open studies and pending hooks are forgotten, images are not touched"
"""What to do about one that is damaged."""
AT_START: Final = 1.0
AT_LEISURE: Final = 10.0
"""Seconds that are spent on looking for damage where senders wait, and where nobody does: 100 MB take about one."""
_STEPS: Final = 10_000
"""Instructions of SQLite between two looks at the clock."""


def look_for_damage(path: str, seconds: float = AT_START) -> None:
    """Look through a ledger that may be in use.

    Raises:
        LedgerError: it is damaged, a newer daemon's or none of ours; the text says what to do.
    """
    if not os.path.exists(path) or not os.access(path, os.R_OK):
        return
    try:
        with contextlib.closing(_opened(path)) as database:
            check(database, path)
            _look_through(database, time.monotonic() + seconds)
    except sqlite3.OperationalError:
        # Locked, not looked through in time, or gone meanwhile: nothing that is known to be wrong.
        return
    except sqlite3.Error as error:
        raise LedgerError(f"the ledger {path} is damaged ({error}); {LOST}") from error


def _opened(path: str) -> sqlite3.Connection:
    # A log that is there has to be read; without one nothing is locked, and no file is made beside it.
    way = "mode=ro" if os.path.exists(f"{path}-wal") else "mode=ro&immutable=1"
    return sqlite3.connect(f"file:{quote(path)}?{way}", uri=True, timeout=1)


def _look_through(database: sqlite3.Connection, deadline: float) -> None:
    database.set_progress_handler(lambda: time.monotonic() > deadline, _STEPS)
    (found,) = database.execute("PRAGMA quick_check(1)").fetchone()
    if found != "ok":
        raise sqlite3.DatabaseError(found)
