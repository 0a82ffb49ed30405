"""What has been re-encoded and waits to be handed out.

Structure is held back for a while, so that lengths known late can still be filled in where they stand: a small object
needs no patch at all. Large values are never held.
"""

from collections.abc import Sequence

from storescpd.dataset.output import Chunk, Patch

HOLD = 1 << 20
"""Bytes that are held back before they are handed out with their late lengths to be patched."""

_ZEROS = bytes(4096)
"""So few that the store, which writes a thousand pieces at once, looks at the free space in between."""


class Writer:
    """Appends, patches, hands out. ``base`` is the offset of the first byte that is held."""

    __slots__ = ("base", "gathers", "held", "pieces")

    def __init__(self) -> None:
        self.held = bytearray()
        self.base = 0
        self.pieces: list[Chunk | Patch] = []
        self.gathers = False
        """The present large value is small enough to be held too."""

    @property
    def position(self) -> int:
        """Offset of the next byte."""
        return self.base + len(self.held)

    def patch(self, offset: int, data: bytes) -> None:
        """Replace bytes written before."""
        at = offset - self.base
        if at >= 0:
            self.held[at : at + len(data)] = data
        else:
            self.pieces.append(Patch(offset, data))

    def release(self) -> bytearray:
        """Hand out what is held; what was handed out is returned too, and will not be changed any more."""
        released = self.held
        if released:
            self.pieces.append(released)
            self.base += len(released)
            self.held = bytearray()
        return released

    def forward(self, view: bytes | memoryview) -> None:
        """Append a part of a large value, which comes after all that is held."""
        if self.gathers:
            self.held += view
            return
        self.release()
        self.pieces.append(view)
        self.base += len(view)

    def forward_all(self, views: Sequence[memoryview], length: int) -> None:
        """Append parts of a large value that have ``length`` bytes together."""
        self.release()
        self.pieces.extend(views)
        self.base += length

    def forward_zeros(self, count: int) -> None:
        """Append zero bytes; however many there are, no memory is taken for them."""
        block = memoryview(_ZEROS)
        whole, rest = divmod(count, len(block))
        self.forward_all([block] * whole, whole * len(block))
        self.forward_all([block[:rest]], rest)

    def take(self) -> list[Chunk | Patch]:
        """What can be written now."""
        pieces = self.pieces
        self.pieces = []
        return pieces
