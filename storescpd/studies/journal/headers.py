"""The header of a segment: whether it is in use, by whom, and in which order. No I/O.

Its magic, version, state and checksum stay where they are in every version: a newer one is told from a damaged one, and
one that a newer version has left empty can be used.
"""

import struct
import zlib
from enum import IntEnum
from typing import Final, NamedTuple

from storescpd.studies.journal.blocks import BLOCK, LAST
from storescpd.studies.journal.errors import NewerError

VERSION: Final = 1
"""Of everything in a segment."""
_MAGIC: Final = b"SCJSEGMT"
_CHECKSUM: Final = struct.Struct("<I")
_START: Final = struct.Struct("<8sHH")
_FIELDS: Final = struct.Struct("<8sHHIqqqq16s16s")


class State(IntEnum):
    """What a segment is there for."""

    FREE = 0
    """All its records are in the ledger: it can be used again."""
    USED = 1


class Header(NamedTuple):
    """What is known of one use of a segment."""

    state: State
    use: int
    """Drawn at random for each use, never negative: every block has it."""
    worker: int
    """Drawn at random for each process that writes."""
    number: int
    """Counts the uses of that process: its segments in their order."""
    opened: int
    """Wall clock, in nanoseconds since 1970."""
    boot: bytes
    """Which run of the machine monotonic times belong to: 16 bytes."""
    ledger: bytes
    """Which ledger the records are for: 16 bytes."""


LEFT_EMPTY: Final = Header(State.FREE, -1, 0, 0, 0, b"", b"")
"""A free segment of a newer version: what else is in it nobody knows."""


def encode(header: Header, place: int) -> bytes:
    """The block of a header; ``place`` is 0, or ``LAST`` for the copy."""
    fields = _FIELDS.pack(
        _MAGIC, VERSION, header.state, place, header.use, header.worker, header.number, header.opened, header.boot,
        header.ledger,
    )  # fmt: skip
    body = fields + bytes(BLOCK - _CHECKSUM.size - len(fields))
    return body + _CHECKSUM.pack(zlib.crc32(body))


def decode(data: bytes, place: int) -> Header | None:
    """A header from its block; ``None``: it is none, or damaged.

    Raises:
        NewerError: a newer version uses it.
    """
    if len(data) != BLOCK or not data.startswith(_MAGIC):
        return None
    (checksum,) = _CHECKSUM.unpack_from(data, BLOCK - _CHECKSUM.size)
    if checksum != zlib.crc32(data[: BLOCK - _CHECKSUM.size]):
        return None
    _, version, state = _START.unpack_from(data)
    if version > VERSION and state == State.FREE:
        return LEFT_EMPTY
    if version > VERSION:
        raise NewerError(f"it was written by a newer storescpd: its version is {version}, this one knows {VERSION}")
    _, _, _, found, use, worker, number, opened, boot, ledger = _FIELDS.unpack_from(data)
    if found != place or state not in {State.FREE, State.USED}:
        return None
    return Header(State(state), use, worker, number, opened, boot, ledger)


def in_force(first: bytes, copy: bytes) -> Header | None:
    """The header of a segment by its two copies; ``None``: both are damaged, or it has never had one.

    The copy is written first when a use begins, and last when it ends: where both can be read the first counts.

    Raises:
        NewerError: a newer version has written it.
    """
    return decode(first, 0) or decode(copy, LAST)
