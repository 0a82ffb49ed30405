"""What can become of an association and of an object; a session needs no more of what stores it until one comes."""

from typing import Final, NamedTuple

from storescpd.wire.codes import Status

MOST_DISCARDED: Final = 1 << 30
"""Bytes of an object that failed which are read and thrown away; a peer that sends more is aborted."""


class EndedError(Exception):
    """The association is over; the text says how, ``cause`` why, ``linger`` whether the peer is to close first."""

    def __init__(self, result: str, cause: str = "", *, linger: bool = False) -> None:
        super().__init__(result)
        self.cause = cause
        self.linger = linger


class UnreadableError(Exception):
    """What comes of an object cannot be read, or is too much of one that failed: the association is aborted."""


class Rest:
    """What still comes of an object that failed: it is counted and thrown away."""

    def __init__(self) -> None:
        self._size = 0

    def discard(self, size: int) -> None:
        """So many bytes more.

        Raises:
            UnreadableError: it does not end.
        """
        self._size += size
        if self._size > MOST_DISCARDED:
            raise UnreadableError(f"the object failed, and more than {MOST_DISCARDED} bytes came after that")


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
    comment: str = ""
    """What the sender is told of a failure."""
