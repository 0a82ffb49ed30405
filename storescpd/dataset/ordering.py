"""Elements that did not come in the order of their tags (storescp facts 6.1: sorted, the first of duplicates stays).

Elements are written as they come. When their level is complete it is put in order: at once where all of it is still
held, else by the copy plan that is made at the end.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from storescpd.dataset.levels import DUPLICATE, Elements
from storescpd.dataset.output import Extent

Range = tuple[int, int]
"""First offset, and the one behind the last."""


@dataclass(frozen=True, slots=True)
class Element:
    """An element that stays."""

    tag: int
    start: int
    end: int


def in_order(elements: Elements, end: int) -> list[Element]:
    """The elements by tag, without duplicates; the last one ends at ``end``."""
    tags, starts = elements.tags, elements.starts
    chosen: list[Element] = []
    for number in sorted(range(len(tags)), key=tags.__getitem__):
        if tags[number] == DUPLICATE:
            break
        behind = starts[number + 1] if number + 1 < len(starts) else end
        chosen.append(Element(tags[number], starts[number], behind))
    return chosen


class Rearrangement:
    """Ranges of what was written, and what shall stand in their place.

    Ranges never overlap: one that contains earlier ones takes them in.
    """

    def __init__(self) -> None:
        self._starts: list[int] = []
        self.ranges: list[tuple[Range, list[Range]]] = []
        self.size = 0
        """Parts of all ranges together."""

    def replace(self, start: int, end: int, parts: list[Range]) -> None:
        """Let ``parts`` of the range, in their order, stand in its place."""
        resolved = list(_joined([piece for part in parts for piece in self._resolved(*part)]))
        first, behind = bisect_left(self._starts, start), bisect_left(self._starts, end)
        self.size += len(resolved) - sum(len(parts) for _, parts in self.ranges[first:behind])
        self._starts[first:behind] = [start]
        self.ranges[first:behind] = [((start, end), resolved)]

    def lost(self, start: int, end: int) -> int:
        """How many bytes of a range have no place any more."""
        lost = 0
        for number in range(bisect_left(self._starts, start), bisect_left(self._starts, end)):
            (first, behind), parts = self.ranges[number]
            lost += behind - first - sum(part[1] - part[0] for part in parts)
        return lost

    def extents(self, end: int) -> tuple[Extent, ...]:
        """Everything up to ``end``, rearranged."""
        return tuple(Extent(start, behind - start) for start, behind in _joined(self._resolved(0, end)))

    def _resolved(self, start: int, end: int) -> Iterator[Range]:
        at = start
        for number in range(bisect_left(self._starts, start), bisect_left(self._starts, end)):
            (inner_start, inner_end), parts = self.ranges[number]
            if at < inner_start:
                yield at, inner_start
            yield from parts
            at = inner_end
        if at < end:
            yield at, end


def _joined(ranges: Iterable[Range]) -> Iterator[Range]:
    """Neighbours in one range."""
    start = end = 0
    for first, behind in ranges:
        if first != end:
            if end > start:
                yield start, end
            start = first
        end = behind
    if end > start:
        yield start, end
