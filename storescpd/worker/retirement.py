"""A listening socket is to be closed: known to all processes that have it."""

import mmap

LINGER = 0.5
"""Seconds in which what waits at such a socket is taken: a handshake under way ends within a round trip, and by
satellite that is more than half of it."""


class Retirement:
    """One flag in memory that is shared by those who were forked after it was made."""

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, 1)

    def begin(self) -> None:
        """Close the socket, once nothing waits there."""
        self._memory[0] = 1

    @property
    def begun(self) -> bool:
        """Whether it is to be closed."""
        return bool(self._memory[0])
