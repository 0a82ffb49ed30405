"""The text format of DCMTK's dictionary files: tag, VR, name, VM and version, separated by tabs.

A tag is ``(gggg,eeee)`` in hexadecimal. Each half may be a range: ``60xx`` and ``6000-60FF`` take every second number,
``6000-u-60FF`` every one, ``6001-o-60FF`` the odd ones. A private creator stands between: ``(0019,"CREATOR",10)``.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from storescpd.dataset.vr import LOOKUP_TABLE, OB_OR_OW, US_OR_SS, VALUE_REPRESENTATIONS

_INTERNAL = {"ox": OB_OR_OW, "px": OB_OR_OW, "lt": LOOKUP_TABLE, "xs": US_OR_SS, "up": "UL", "na": "UN"}
_KNOWN = {**{name: name for name in VALUE_REPRESENTATIONS}, **_INTERNAL}

_TAG = re.compile(r'\(\s*([^,"\s]+)\s*,\s*(?:"([^"]*)"\s*,\s*)?([^,"\s]+)\s*\)$')
_NUMBERS = re.compile(r"([0-9A-Fa-f]{1,4})(?:-(?:([eouEOU])-)?([0-9A-Fa-f]{1,4}))?$")
_MASK = re.compile(r"([0-9A-Fa-f]{2})[xX]{2}$")


@dataclass(frozen=True, slots=True)
class Entry:
    """One element or a range of elements."""

    groups: range
    elements: range
    vr: str
    creator: str | None
    """``None`` for public elements; else ``elements`` counts within the reserved block."""

    @property
    def single(self) -> tuple[int, int] | None:
        """Group and element where it is one element."""
        if len(self.groups) == len(self.elements) == 1:
            return self.groups[0], self.elements[0]
        return None

    def covers(self, group: int, element: int) -> bool:
        """Whether this element belongs to it."""
        return group in self.groups and element in self.elements


def parse(text: str) -> Iterator[Entry]:
    """The entries of a dictionary file. Raises ``ValueError`` naming the line that cannot be understood."""
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip() and not line.startswith("#"):
            yield _entry(line, number)


def _entry(line: str, number: int) -> Entry:
    columns = line.split("\t")
    if len(columns) < 2:
        columns = line.split(None, 2) if '"' not in line else columns
    tag = _TAG.match(columns[0].strip())
    vr = _KNOWN.get(columns[1].strip()) if len(columns) > 1 else None
    if tag is None or vr is None:
        raise ValueError(f"line {number}: not a dictionary entry: {line[:60]!r}")
    groups, creator, elements = tag.groups()
    return Entry(_numbers(groups, number), _numbers(elements, number), vr, creator)


def _numbers(text: str, number: int) -> range:
    mask = _MASK.match(text)
    if mask is not None:
        low = int(mask[1], 16) << 8
        return range(low, low + 0x100, 2)
    found = _NUMBERS.match(text)
    if found is None:
        raise ValueError(f"line {number}: not a tag: {text!r}")
    low, high = int(found[1], 16), int(found[3] or found[1], 16)
    rule = (found[2] or "").lower()
    if rule in {"e", "o"}:
        low += low % 2 != (rule == "o")
    return range(low, high + 1, 1 if rule == "u" else 2)
