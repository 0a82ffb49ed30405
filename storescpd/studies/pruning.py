"""What the ledger keeps, and for how long."""

import sqlite3
from collections.abc import Mapping

from storescpd.studies.ledger import Ledger
from storescpd.studies.policy import Policy, from_text

ROWS = 2000
STUDIES = 10
"""What leaves at a time: workers do not wait for a year's worth of it, nor for a study of a hundred thousand."""
_STUDIES = (
    "SELECT id FROM episodes WHERE state = 'ended' AND ended < ? AND NOT EXISTS"
    " (SELECT 1 FROM hooks WHERE hooks.episode = episodes.id AND hooks.state != 'done') LIMIT ?"
)
_OBJECTS = (
    "SELECT id FROM objects WHERE episode IS NULL AND received < ? AND NOT EXISTS"
    " (SELECT 1 FROM hooks WHERE hooks.object = objects.id AND hooks.state != 'done') LIMIT ?"
)


_OF_A_STUDY = (
    "DELETE FROM hooks WHERE id IN (SELECT id FROM hooks WHERE episode = ? LIMIT ?)",
    "DELETE FROM renames WHERE (episode, old) IN (SELECT episode, old FROM renames WHERE episode = ? LIMIT ?)",
    "DELETE FROM objects WHERE id IN (SELECT id FROM objects WHERE episode = ? LIMIT ?)",
)
"""A row that others refer to leaves after them."""


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
    room = ROWS
    for (study,) in studies:
        for statement in _OF_A_STUDY:
            room -= database.execute(statement, (study, room)).rowcount
        if not room:
            return True
        database.execute("DELETE FROM episodes WHERE id = ?", (study,))
    objects = database.execute(_OBJECTS, (before, room)).fetchall()
    database.executemany("DELETE FROM hooks WHERE object = ?", objects)
    database.executemany("DELETE FROM objects WHERE id = ?", objects)
    return len(studies) == STUDIES or len(objects) == room
