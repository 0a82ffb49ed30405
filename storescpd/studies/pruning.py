"""What the ledger keeps, and for how long."""

import sqlite3
from collections.abc import Mapping

from storescpd.studies.ledger import Ledger
from storescpd.studies.policy import Policy, from_text

OBJECTS = 2000
STUDIES = 10
"""What leaves at a time: workers do not wait for a year's worth of it."""
_STUDIES = (
    "SELECT id FROM episodes WHERE state = 'ended' AND ended < ? AND NOT EXISTS"
    " (SELECT 1 FROM hooks WHERE hooks.episode = episodes.id AND hooks.state != 'done') LIMIT ?"
)
_OBJECTS = (
    "SELECT id FROM objects WHERE episode IS NULL AND received < ? AND NOT EXISTS"
    " (SELECT 1 FROM hooks WHERE hooks.object = objects.id AND hooks.state != 'done') LIMIT ?"
)


def remembered(ledger: Ledger, current: Mapping[str, Policy]) -> dict[str, Policy]:
    """The policies of earlier configurations, by slot; those of this one are remembered from now on."""
    database = ledger.begin()
    known = {slot: from_text(text) for slot, text in database.execute("SELECT slot, policy FROM policies")}
    database.executemany(
        "INSERT INTO policies VALUES (?, ?) ON CONFLICT (slot) DO UPDATE SET policy = excluded.policy",
        ((slot, policy.as_text()) for slot, policy in current.items()),
    )
    ledger.commit()
    return known


def prune(database: sqlite3.Connection, before: float) -> bool:
    """Let go of a slice of what ended before a time (wall clock) and has no hook to run; whether there may be more."""
    studies = database.execute(_STUDIES, (before, STUDIES)).fetchall()
    for statement in (
        "DELETE FROM hooks WHERE episode = ?",
        "DELETE FROM renames WHERE episode = ?",
        "DELETE FROM objects WHERE episode = ?",
        "DELETE FROM episodes WHERE id = ?",
    ):
        database.executemany(statement, studies)
    objects = database.execute(_OBJECTS, (before, OBJECTS)).fetchall()
    database.executemany("DELETE FROM hooks WHERE object = ?", objects)
    database.executemany("DELETE FROM objects WHERE id = ?", objects)
    return len(studies) == STUDIES or len(objects) == OBJECTS
