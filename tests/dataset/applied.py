"""Carries out what a re-encoder returns, as the store layer does with a file."""

import zlib
from collections.abc import Iterable, Sequence

from storescpd.data.transfer_syntaxes import TRANSFER_SYNTAXES
from storescpd.dataset import Chunk, Dictionary, Encoding, Patch, Plan, Reencoder


class MemoryFile:
    """What the store layer would have in its temporary file."""

    def __init__(self) -> None:
        self.content = bytearray()
        self.patches = 0

    def apply(self, pieces: Iterable[Chunk | Patch]) -> None:
        for piece in pieces:
            if isinstance(piece, Patch):
                assert 0 <= piece.offset <= len(self.content) - len(piece.data)
                self.content[piece.offset : piece.offset + len(piece.data)] = piece.data
                self.patches += 1
            else:
                self.content += piece

    def carry_out(self, plan: Plan | None) -> bytes:
        content = bytes(self.content)
        if plan is None:
            return content
        if plan.extents is not None:
            content = b"".join(content[extent.offset : extent.offset + extent.length] for extent in plan.extents)
        if plan.compression_level is not None:
            deflate = zlib.compressobj(plan.compression_level, zlib.DEFLATED, -zlib.MAX_WBITS)
            content = deflate.compress(content) + deflate.flush()
        return content


def split(data: bytes, sizes: Sequence[int]) -> list[bytearray]:
    """Pieces of these sizes, over and over."""
    pieces, at, number = [], 0, 0
    while at < len(data):
        size = sizes[number % len(sizes)]
        pieces.append(bytearray(data[at : at + size]))
        at += size
        number += 1
    return pieces


def reencoded(
    data: bytes,
    syntax: str,
    encoding: Encoding,
    dictionary: Dictionary,
    sizes: Sequence[int] = (16372,),
    prefix_length: int = 0,
    per_feed: int = 1,
) -> tuple[bytes, Reencoder]:
    """The whole of a data set that arrives in pieces of these sizes; the pieces are overwritten once they are fed."""
    reencoder = Reencoder(TRANSFER_SYNTAXES[syntax], encoding, dictionary)
    file = MemoryFile()
    pieces = split(data, sizes)
    for start in range(0, len(pieces), per_feed):
        fragments = pieces[start : start + per_feed]
        file.apply(reencoder.feed([memoryview(fragment) for fragment in fragments]))
        for fragment in fragments:
            fragment[:] = b"\xaa" * len(fragment)
    final = reencoder.finish(prefix_length)
    file.apply(final.pieces)
    return file.carry_out(final.plan), reencoder
