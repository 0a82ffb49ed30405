"""The keeper's side: takes records out of segments, of workers that live and of those that are dead.

The keeper enters records, and the position up to which it has taken them, in one transaction of the ledger; only then
may a segment be freed. Checksums say whether a record is there, not its writer: a record is written when its file is
durable and has its name, so one that can be read may be taken, whether its writer has been told already or not.
"""

from typing import Final, NamedTuple

from storescpd.studies.journal.blocks import FIRST, LAST, WRITE_BLOCKS, Damage, follow, replay
from storescpd.studies.journal.segments import Found, free

AT_ONCE: Final = 4 * WRITE_BLOCKS
"""Blocks that are read at once, several hundred records: a transaction of the ledger takes some milliseconds."""


class Taken(NamedTuple):
    """Records of a segment, in their order."""

    records: list[bytes]
    position: int
    """Goes into the ledger, in the same transaction as the records."""
    damages: list[Damage]
    ended: bool
    """Nothing more will come: the segment can be freed once the ledger has all of it."""


class Source:
    """A segment that records are taken from."""

    def __init__(self, found: Found, position: int | None) -> None:
        """``position``: how far it was taken before, by the ledger; ``None``: it was not."""
        self.name, self._file, self.header = found
        self.position = FIRST if position is None else position
        """Number of the block to go on with; after a transaction that failed it must be set back."""
        self._final = False

    def take(self) -> Taken:
        """The records that have come since.

        Raises:
            OSError: it cannot be read.
        """
        # Before the look at the blocks: what is written between the two would be missed.
        self._final = self._final or self._file.lock()
        data = self._file.read(self.position, min(AT_ONCE, LAST - self.position))
        found = follow(data, self.header.use, self.position)
        ended = False
        if self._final and found.position == self.position:
            found = replay(self._file.read(self.position, LAST - self.position), self.header.use, self.position)
            ended = True
        self.position = found.position
        return Taken(found.records, found.position, found.damages, ended)

    def free(self) -> None:
        """The ledger has everything, durably; only after ``take`` has ``ended``.

        Raises:
            OSError: the file system refuses; it can be tried again.
        """
        if not self._final:
            raise RuntimeError(f"somebody may still write segment {self.name}")
        free(self._file, self.header)

    def close(self) -> None:
        """Let go of it."""
        self._file.close()
