"""Where the reader stands: the data set, and the sequences and items that are open within it."""

from array import array

from storescpd.dataset.rules import RuleTable

ENDLESS = 1 << 61
"""End of what ends with a delimiter, or with the data. The compiled build computes with it as with any small number."""


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

    @property
    def ends_with_duplicate(self) -> bool:
        """Whether the last one is not wanted."""
        return bool(self.tags) and self.tags[-1] == DUPLICATE

    def add_first(self, tag: int, start: int) -> bool:
        """Add an element; a duplicate is noted as such, several in a row as one. Returns whether it is none."""
        if tag not in self._known:
            self._known.add(tag)
            self.add(tag, start)
            return True
        if not self.tags or self.tags[-1] != DUPLICATE:
            self.add(DUPLICATE, start)
        return False


class Level:
    """The data set or an item of it. Offsets of input count what was received, all others what is written.

    (No dataclass: one is made for each item, and making it has to be cheap.)
    """

    __slots__ = (
        "creators", "end", "forgotten", "group_end", "group_length", "group_start", "indexed", "last", "scanned",
        "sequence", "signed", "start", "table", "unordered", "words", "written_length",
    )  # fmt: skip

    def __init__(
        self, table: RuleTable, sequence: "Sequence | None", end: int, start: int, written_length: int, group_end: int
    ) -> None:
        self.table = table
        self.sequence = sequence
        """The sequence that it is an item of, ``None``: it is the data set."""
        self.end = end
        """Offset of input where it ends."""
        self.start = self.scanned = start
        """Where its content starts; and the offset up to which ``indexed`` is complete."""
        self.written_length = written_length
        """The length that its header was written with."""
        self.last = -1
        """The tag before, greater than any tag once the level is known to be out of order."""
        self.group_end = group_end
        """First tag behind the group whose length is wanted."""
        self.group_start = 0
        """Where the content of that group starts; 0: no length of it is wanted."""
        self.group_length = -1
        """What the length of that group was written as."""
        self.signed: bool | None = None
        """Pixel representation is 1; ``None``: there was none so far."""
        self.words: bool | None = None
        """Waveform bits allocated is not 8; ``None``: there was none so far."""
        self.creators: dict[int, str] | None = None
        """Private creators by group and block."""
        self.indexed: Elements | None = None
        """Elements written so long ago that they cannot be looked at any more."""
        self.forgotten = False
        """There were too many of these: the level must stay in order."""
        self.unordered: Elements | None = None
        """All elements, once they are known to be out of order."""


class Sequence:
    """An open sequence, or encapsulated pixel data."""

    __slots__ = ("discarded", "element", "end", "fragments", "parent", "start", "table", "tag", "written_length")

    def __init__(
        self, tag: int, parent: Level, table: RuleTable, end: int, element: int, start: int, written_length: int
    ) -> None:
        self.tag = tag
        self.parent = parent
        self.table = table
        """How its items are read."""
        self.end = end
        """Offset of input where it ends."""
        self.element = element
        """Where its element starts."""
        self.start = start
        """Where its content starts."""
        self.written_length = written_length
        """The length that its header was written with."""
        self.discarded = False
        """It is read, but not written."""
        self.fragments = False
        """Its items are fragments of pixel data."""

    @property
    def indexed_as(self) -> int:
        """The tag that the index of elements has for it."""
        return DUPLICATE if self.discarded else self.tag
