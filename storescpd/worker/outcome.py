"""What can become of an association and of an object; a session needs no more of what stores it until one comes."""

from typing import NamedTuple

from storescpd.wire.codes import Status


class EndedError(Exception):
    """The association is over; the text says how, ``cause`` why, ``linger`` whether the peer is to close first."""

    def __init__(self, result: str, cause: str = "", *, linger: bool = False) -> None:
        super().__init__(result)
        self.cause = cause
        self.linger = linger


class UnreadableError(Exception):
    """What comes of an object cannot be read, or is too much of one that failed: the association is aborted."""


class Result(NamedTuple):
    """What became of the object."""

    status: Status
    reason: str = ""
    """Why the status is no success, or what is worth a warning although it is."""
    path: str = ""
    """Where it lies, if it does."""
    token: str = ""
    """Its record, if there is one."""
    study: str = ""
    """Its Study Instance UID, where the data set was looked into and has one."""
    replaced: bool = False
    """Another file had the name."""
