"""Taking a ledger over from the keeper of a daemon that has lost its supervisor."""

import time

from storescpd.studies.errors import LockedError
from storescpd.studies.ledger import lock
from storescpd.studies.link import ask_once
from storescpd.studies.messages import GivenUp, GiveUp, MessageError

LOCK_PATIENCE = 5.0
"""Seconds in which a keeper whose supervisor was killed leaves the ledger to us."""
_LOCK_PAUSE = 0.05


def patient_lock(ledger: str) -> int:
    """The lock of a ledger; a keeper that has lost its supervisor is asked to give it up.

    Raises:
        LockedError: another daemon has it.
        LedgerError: there cannot be one.
    """
    deadline = time.monotonic() + LOCK_PATIENCE
    while True:
        try:
            return lock(ledger)
        except LockedError:
            if time.monotonic() > deadline or not _may_be_given_up(ledger):
                raise
            time.sleep(_LOCK_PAUSE)


def _may_be_given_up(ledger: str) -> bool:
    try:
        answer = ask_once(ledger, GiveUp(), LOCK_PATIENCE)
    except (OSError, MessageError):
        # It begins or ends just now.
        return True
    return isinstance(answer, GivenUp) and answer.leaving
