"""Where the reader stands: the data set, and the sequences and items that are open within it."""

from array import array
from dataclasses import dataclass, field

from storescpd.dataset.forms import UNDEFINED
from storescpd.dataset.rules import RuleTable

ENDLESS = 1 << 62
"""End of what ends with a delimiter, or with the data."""


class Elements:
    """Tags and offsets of the elements of one level, in the order in which they were written."""

    __slots__ = ("_grouped", "_groups", "starts", "tags")

    def __init__(self) -> None:
        self.tags = array("I")
        self.starts = array("Q")
        self._groups: set[int] = set()
        self._grouped = 0

    def add(self, tag: int, start: int) -> None:
        """One more."""
        self.tags.append(tag)
        self.starts.append(start)

    def groups(self) -> set[int]:
        """The groups that have elements, as the tags of their group lengths."""
        self._groups.update(tag & 0xFFFF0000 for tag in self.tags[self._grouped :])
        self._grouped = len(self.tags)
        return self._groups


@dataclass(slots=True, eq=False)
class Level:
    """The data set or an item of it. Offsets of input count what was received, all others what is written."""

    table: RuleTable
    end: int = ENDLESS
    """Offset of input where it ends."""
    start: int = 0
    """Where its content starts."""
    written_length: int = UNDEFINED
    """The length that its header was written with."""
    sequence: "Sequence | None" = None
    """The sequence that it is an item of, ``None``: it is the data set."""
    last: int = -1
    """The tag before, greater than any tag once the level is known to be out of order."""
    group_end: int = 0
    """First tag behind the group whose length is wanted."""
    group_start: int = 0
    """Where the content of that group starts; 0: no length of it is wanted."""
    group_length: int = -1
    """What the length of that group was written as."""
    signed: bool = False
    """Pixel representation is 1."""
    creators: dict[int, str] = field(default_factory=dict)
    """Private creators by group and block."""
    indexed: Elements | None = None
    """Elements written so long ago that they cannot be looked at any more."""
    scanned: int = 0
    """Offset up to which ``indexed`` is complete."""
    unordered: Elements | None = None
    """All elements, once they are known to be out of order."""


@dataclass(slots=True, eq=False)
class Sequence:
    """An open sequence, or encapsulated pixel data."""

    tag: int
    parent: Level
    table: RuleTable
    """How its items are read."""
    end: int
    """Offset of input where it ends."""
    element: int
    """Where its element starts."""
    start: int
    """Where its content starts."""
    written_length: int
    """The length that its header was written with."""
    fragments: bool = False
    """Its items are fragments of pixel data."""
