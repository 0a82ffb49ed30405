"""Every transition of the acceptor (PS3.8 table 9-10, its half of it).

Rules of this module: a transition lives here or nowhere; nothing here knows what a PDU holds. Where storescp answers
otherwise than the standard, the table has storescp's answer (storescp facts 4.1 steps 5 and 6, 4.7, 4.8).
"""

from collections.abc import Mapping
from enum import IntEnum, auto
from types import MappingProxyType

from storescpd.wire.codes import PduType


class State(IntEnum):
    """Where the association is; the standard's number stands beside each."""

    AWAITING_REQUEST = auto()  # Sta2
    DECIDING = auto()  # Sta3
    ESTABLISHED = auto()  # Sta6
    RELEASING = auto()  # Sta8
    CLOSING = auto()  # Sta13


class Action(IntEnum):
    """What a PDU makes the acceptor do."""

    NEGOTIATE = auto()
    TAKE_DATA = auto()
    ANSWER_RELEASE = auto()
    NOTE_ABORT = auto()
    ABORT_AS_USER = auto()  # A-ABORT source 0, reason 0
    ABORT_AS_PROVIDER = auto()  # A-ABORT source 2, reason 2
    IGNORE = auto()


def _row(
    state: State, default: Action, **special: tuple[Action, State]
) -> dict[tuple[State, PduType], tuple[Action, State]]:
    after = State.CLOSING
    return {(state, kind): special.get(kind.name, (default, after)) for kind in PduType}


TRANSITIONS: Mapping[tuple[State, PduType], tuple[Action, State]] = MappingProxyType(
    _row(
        State.AWAITING_REQUEST,
        Action.ABORT_AS_USER,
        A_ASSOCIATE_RQ=(Action.NEGOTIATE, State.DECIDING),
        A_ABORT=(Action.NOTE_ABORT, State.CLOSING),
    )
    | _row(
        State.DECIDING,
        Action.ABORT_AS_PROVIDER,
        A_ABORT=(Action.NOTE_ABORT, State.CLOSING),
    )
    | _row(
        State.ESTABLISHED,
        Action.ABORT_AS_PROVIDER,
        P_DATA_TF=(Action.TAKE_DATA, State.ESTABLISHED),
        A_RELEASE_RQ=(Action.ANSWER_RELEASE, State.RELEASING),
        A_ABORT=(Action.NOTE_ABORT, State.CLOSING),
    )
    | _row(
        State.RELEASING,
        Action.ABORT_AS_PROVIDER,
        A_ABORT=(Action.NOTE_ABORT, State.CLOSING),
    )
    | _row(State.CLOSING, Action.IGNORE)
)
"""(state, PDU) to (action, next state)."""
