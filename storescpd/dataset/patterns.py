"""Structures that were met before: the images of a series, or the frames of one object, differ in values alone.

A pattern is a regular expression over bytes. What decides how the data set is read and written stands in it as it was,
what decides nothing is a wildcard: where it matches, the reader would write the same as it did then, with the values of
now. What no pattern matches is read element by element, so that patterns can save time and nothing else.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from storescpd.dataset.identity import Identity

LONGEST = 32 * 1024
"""Bytes of an item, or of the beginning of a data set, that are looked at: a first receive has hardly more."""
_MOST_SEQUENCES = 64
"""Sequences whose items are recognised; the objects of a sender have few that repeat themselves."""
_MOST = 4
"""Patterns of one place: a miss has tried them all."""

_FIRST_PAUSE = 16
_LONGEST_PAUSE = 4096
"""Misses before the next attempt to learn, which takes some fifty times as long as to read: a sender whose structures
never come again costs less and less, one that repeats itself is learned from soon."""

Match = re.Match[bytes]


@dataclass(frozen=True, slots=True)
class Pattern:
    """An item with its header and delimiter, or the first elements of a data set."""

    match: Callable[[bytes, int], Match | None]
    pieces: tuple[bytes | int, ...] = ()
    """What is written: constants, and groups of the match; empty: what was read."""
    depth: int = 0
    """How deep sequences are nested in it."""
    last: int = -1
    """Of the beginning of a data set: the tag of its last element; so the others."""
    signed: bool | None = None
    creators: tuple[tuple[int, str], ...] = ()
    identity: tuple[tuple[int, int, int], ...] = ()
    """Tag, group, and number of bytes in the group before the value."""
    fixed: tuple[tuple[int, bytes], ...] = ()
    """Tag and value of those of them that are not written as they are read, and so are no wildcards."""

    def written(self, found: Match) -> bytes:
        """What is to be written for a match."""
        return b"".join([found[piece] if isinstance(piece, int) else piece for piece in self.pieces])

    def note(self, found: Match, identity: Identity) -> None:
        """Take over who the object is."""
        for tag, group, before in self.identity:
            identity.note(tag, found[group][before:])
        for tag, value in self.fixed:
            identity.note(tag, value)


Learner = Callable[[bytes], Pattern | None]


class Known:
    """The patterns of one place: of the items of a sequence, or of the beginnings of data sets."""

    __slots__ = ("_learn", "_misses", "_patterns", "_pause")

    def __init__(self, learn: Learner) -> None:
        self._learn = learn
        self._patterns: tuple[Pattern, ...] = ()
        self._misses = 0
        self._pause = _FIRST_PAUSE

    def find(self, data: bytes, at: int) -> tuple[Pattern, Match] | None:
        """The pattern of what begins at ``at``."""
        # Threads that are here at once may undo each other's steps: something is learned once more, nothing else.
        patterns = self._patterns
        for pattern in patterns:
            found = pattern.match(data, at)
            if found is not None:
                self._pause = _FIRST_PAUSE
                if pattern is not patterns[0]:
                    self._put_first(pattern)
                return pattern, found
        self._misses += 1
        if self._misses >= self._pause:
            self._misses = 0
            self._pause = min(2 * self._pause, _LONGEST_PAUSE)
            learned = self._learn(data[at : at + LONGEST])
            if learned is not None:
                self._put_first(learned)
        return None

    def _put_first(self, pattern: Pattern) -> None:
        self._patterns = (pattern, *[one for one in self._patterns if one is not pattern])[:_MOST]


class Patterns:
    """What is known of the data sets that one table of rules is used for; all associations of a process share it."""

    def __init__(self, learn_item: Learner, learn_head: Learner) -> None:
        self._learn_item = learn_item
        self._heads = Known(learn_head)
        self._items: dict[int, Known] = {}

    def head(self, data: bytes) -> tuple[Pattern, Match] | None:
        """The pattern of the beginning of a data set."""
        return self._heads.find(data, 0)

    def item(self, tag: int, data: bytes, at: int) -> tuple[Pattern, Match] | None:
        """The pattern of the item of sequence ``tag`` that begins at ``at``."""
        known = self._items.get(tag)
        if known is None:
            if len(self._items) >= _MOST_SEQUENCES:
                return None
            known = self._items[tag] = Known(self._learn_item)
        return known.find(data, at)
