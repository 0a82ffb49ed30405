"""Where the reader stands: the data set, and the sequences and items that are open within it."""

from array import array
from dataclasses import dataclass, field

from storescpd.dataset.forms import UNDEFINED
from storescpd.dataset.rules import RuleTable

ENDLESS = 1 << 62
"""End of what ends with a delimiter, or with the data."""


DUPLICATE = 1 << 32
"""In place of a tag: the element is not wanted."""


class Elements:
    """Tags and offsets of the elements of one level, in the order in which they were written."""

    __slots__ = ("_known", "starts", "tags")

    def __init__(self) -> None:
        self.tags = array("Q")
        self.starts = array("Q")
        self._known: set[int] = set()

    def add(self, tag: int, start: int) -> None:
        """One more."""
        self.tags.append(tag)
        self.starts.append(start)

    def know(self) -> None:
        """Find out which tags there are, so that duplicates of them need no place."""
        self._known.update(self.tags)

    def add_first(self, tag: int, start: int) -> bool:
        """Add an element; a duplicate is noted as such, several in a row as one. Returns whether it is none."""
        if tag not in self._known:
            self._known.add(tag)
            self.add(tag, start)
            return True
        if not self.tags or self.tags[-1] != DUPLICATE:
            self.add(DUPLICATE, start)
        return False


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
