"""The bytes of a journal's segment: blocks of 4 KiB, each of which says where it belongs. No I/O.

    segment:  header | block 1 | block 2 | ... | copy of the header
    block:    magic, used, start, use, number, write, blocks, checksum | payload
    payload:  length, record, length, record, ... over all blocks of one write

A *write* is what was handed to the device at once: one block or a few, with the records of all threads that waited. No
block is ever written twice in one *use* of a segment, and a write begins only when the one before it is durable.
A segment is used again and again; each use has a number of its own, drawn at random, and every block says to which use
and to which place it belongs. So what an earlier use has left behind is never taken for a record of this one.

Where the records end (``replay``): at the first write that is not complete. What is found behind it decides what has
happened there. A later write of the same use: this one was durable, and has been damaged since. None: it was the last,
the power failed while it was written, and nobody was told of its records.
"""

import struct
import zlib
from collections.abc import Sequence
from typing import Final, NamedTuple

BLOCK: Final = 4096
"""Bytes: what devices write at once, and what direct I/O asks for."""
WRITE_BLOCKS: Final = 16
"""A write is no longer: 80 records of the usual length, more than there are threads that wait."""
SEGMENT_BLOCKS: Final = 256
"""1 MiB: a few hundred objects between two changes of the segment, and zero-written in some milliseconds."""
FIRST: Final = 1
"""Number of the first block that holds records."""
LAST: Final = SEGMENT_BLOCKS - 1
"""Number of the block that holds the copy of the header; records end before it."""

_HEAD: Final = struct.Struct("<4sHHqIIII")
_UNSIGNED: Final = struct.Struct("<4sHHqIII")
"""The same without its checksum."""
_LENGTH: Final = struct.Struct("<I")
_MAGIC: Final = b"SCJB"
_NOWHERE: Final = 0xFFFF
"""No record begins in this block."""
ROOM: Final = BLOCK - _HEAD.size
"""Bytes of payload in a block."""
MOST: Final = WRITE_BLOCKS * ROOM - _LENGTH.size
"""Bytes of a record."""


class Block(NamedTuple):
    """One that is whole."""

    use: int
    number: int
    """Its place in the segment."""
    write: int
    """Number of the first block of its write."""
    blocks: int
    """How many blocks that write has."""
    start: int
    """Where in the payload the first record begins; 0xFFFF: none does."""
    payload: bytes


class Damage(NamedTuple):
    """Blocks that cannot be read as they were written."""

    number: int
    """The first of them."""
    blocks: int
    torn: bool
    """They are of the last write, which has not been confirmed; else records are lost that were."""


class Replay(NamedTuple):
    """What a part of a segment says."""

    records: list[bytes]
    position: int
    """Number of the block to go on with."""
    damages: list[Damage]


def fill(buffer: memoryview, use: int, number: int, room: int, records: Sequence[bytes], first: int) -> tuple[int, int]:
    """Make a write of as many records as fit into ``room`` blocks, from ``records[first]`` on.

    Returns how many records it has, and how many blocks; none, where not even the first record fits.
    """
    most, size, count = min(room, WRITE_BLOCKS) * ROOM, 0, 0
    starts: list[int] = []
    pieces: list[bytes] = []
    while first + count < len(records):
        record = records[first + count]
        length = _LENGTH.size + len(record)
        if size + length > most:
            break
        starts.append(size)
        pieces += (_LENGTH.pack(len(record)), record)
        size += length
        count += 1
    blocks = (size + ROOM - 1) // ROOM
    payload = b"".join(pieces)
    for index in range(blocks):
        _put(buffer, use, number, index, blocks, payload, starts)
    return count, blocks


def _put(
    buffer: memoryview, use: int, number: int, index: int, blocks: int, payload: bytes, starts: Sequence[int]
) -> None:
    begin, end = index * ROOM, (index + 1) * ROOM
    part = payload[begin:end]
    start = _NOWHERE
    for one in starts:
        if begin <= one < end:
            start = one - begin
            break
    head = _UNSIGNED.pack(_MAGIC, len(part), start, use, number + index, number, blocks)
    checksum = zlib.crc32(part, zlib.crc32(head))
    # The rest is filled: what was in the buffer before belongs to other blocks.
    block = head + _LENGTH.pack(checksum) + part + bytes(ROOM - len(part))
    buffer[index * BLOCK : (index + 1) * BLOCK] = block


def parse(data: bytes, number: int) -> Block | None:
    """A block at its place; ``None``: it is no block, or damaged."""
    if len(data) != BLOCK or not data.startswith(_MAGIC):
        return None
    _, used, start, use, at, write, blocks, checksum = _HEAD.unpack_from(data)
    payload = data[_HEAD.size : _HEAD.size + used]
    if at != number or used > ROOM or zlib.crc32(payload, zlib.crc32(data[: _UNSIGNED.size])) != checksum:
        return None
    return Block(use, at, write, blocks, start, payload)


def records_of(blocks: Sequence[Block | None]) -> list[bytes]:
    """The records of one write, those that lie in blocks that are there: a gap costs what touches it, nothing else."""
    found: list[bytes] = []
    pending = b""
    inside = False
    for block in blocks:
        if block is None:
            inside = False
        elif inside:
            pending = _cut(pending + block.payload, found)
        elif block.start != _NOWHERE:
            inside = True
            pending = _cut(block.payload[block.start :], found)
    return found


def _cut(payload: bytes, found: list[bytes]) -> bytes:
    """Take whole records off the front; returns the rest."""
    at = 0
    while len(payload) - at >= _LENGTH.size:
        (length,) = _LENGTH.unpack_from(payload, at)
        end = at + _LENGTH.size + int(length)
        if end > len(payload):
            break
        found.append(payload[at + _LENGTH.size : end])
        at = end
    return payload[at:]


def follow(data: bytes, use: int, position: int) -> Replay:
    """The complete writes from a block on, as long as somebody may go on writing: an incomplete one is waited for.

    ``data``: the segment from that block on, or a part of it of ``WRITE_BLOCKS`` blocks at least.
    """
    found: list[bytes] = []
    at, end = position, position + len(data) // BLOCK
    while at < end:
        write = _write_at(data, use, position, at)
        if None in write:
            break
        found += records_of(write)
        at += len(write)
    return Replay(found, at, [])


def _write_at(data: bytes, use: int, position: int, at: int) -> list[Block | None]:
    """The blocks of the write that begins at a block; what is damaged, or not there yet, is ``None``."""
    first = _own(data, use, position, at)
    if first is None or first.write != at:
        return [None]
    rest = range(at + 1, at + first.blocks)
    return [first, *[_of_write(_own(data, use, position, number), at) for number in rest]]


def _of_write(block: Block | None, write: int) -> Block | None:
    return block if block is not None and block.write == write else None


def _own(data: bytes, use: int, position: int, number: int) -> Block | None:
    """A block of this use."""
    at = (number - position) * BLOCK
    block = parse(data[at : at + BLOCK], number)
    return block if block is not None and block.use == use else None


def replay(data: bytes, use: int, position: int) -> Replay:
    """Everything from a block on to the end, once nobody writes any more.

    ``data``: the segment from that block on, up to the copy of the header.
    """
    found: list[bytes] = []
    damages: list[Damage] = []
    at, end = position, position + len(data) // BLOCK
    while at < end:
        going = follow(data[(at - position) * BLOCK :], use, at)
        found += going.records
        at = going.position
        if at == end:
            break
        later = _next_write(data, use, position, at)
        stop = end if later is None else later
        blocks = [_own(data, use, position, number) for number in range(at, stop)]
        found += records_of(blocks)
        damages += _damages(data, position, at, blocks, torn=later is None)
        at = stop
    return Replay(found, at, damages)


def _next_write(data: bytes, use: int, position: int, broken: int) -> int | None:
    """Where the next write begins behind one that is broken."""
    for number in range(broken, position + len(data) // BLOCK):
        block = _own(data, use, position, number)
        if block is not None and block.write > broken:
            return block.write
    return None


def _damages(data: bytes, position: int, at: int, blocks: Sequence[Block | None], *, torn: bool) -> list[Damage]:
    """The blocks that cannot be explained; behind the last write empty ones and those of an earlier use can."""
    bad = [at + index for index, block in enumerate(blocks) if block is None]
    if torn and all(block is None for block in blocks):
        bad = [number for number in bad if not _is_old(data, position, number)]
    elif torn:
        end = at + max([block.blocks for block in blocks if block is not None])
        bad = [number for number in bad if number < end or not _is_old(data, position, number)]
    return [Damage(bad[0], len(bad), torn)] if bad else []


def _is_old(data: bytes, position: int, number: int) -> bool:
    """Whether a block was there before this use came so far: zeros, or a whole block of an earlier use."""
    block = data[(number - position) * BLOCK : (number - position + 1) * BLOCK]
    return not any(block) or parse(block, number) is not None
