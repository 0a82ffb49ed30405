"""What a re-encoder hands to the store layer: pieces of the data set, and how to put them in order.

All offsets count from the first byte of the data set as emitted, before any plan is carried out.
"""

from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

Chunk: TypeAlias = bytes | bytearray | memoryview
"""Bytes to append. A memoryview may look into the caller's receive buffer: write it before the next ``feed``."""


@dataclass(frozen=True, slots=True)
class Patch:
    """Bytes that replace bytes emitted earlier: a length that was not known at the time."""

    offset: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Extent:
    """A range of emitted bytes."""

    offset: int
    length: int


@dataclass(frozen=True, slots=True)
class Plan:
    """A copy that must be made of what was emitted, after all patches: the copy is the data set."""

    extents: tuple[Extent, ...] | None
    """What to copy, in order; ``None``: everything from the first byte to the last."""
    compression_level: int | None
    """The copy goes through raw deflate (RFC 1951) at this level, 0 to 9; ``None``: it does not."""


class Final(NamedTuple):
    """The end of a data set."""

    pieces: list[Chunk | Patch]
    plan: Plan | None
    """``None``: what was emitted is the data set."""
