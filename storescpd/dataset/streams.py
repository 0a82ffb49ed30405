"""Values too large to wait for: they pass through in pieces as they arrive.

A stream takes what belongs to its value from the front of each fragment and returns the rest. ``remaining`` counts the
bytes of the value that are still to come.
"""

from typing import Protocol

from storescpd.dataset.values import swapped
from storescpd.dataset.writer import Writer

_BLOCK = 64 * 1024


class Stream(Protocol):
    """A value on its way."""

    remaining: int

    def take(self, fragment: memoryview) -> memoryview:
        """Consume from the front; what is returned lies behind the value (and is empty unless that is complete)."""


class PlainStream:
    """A value that needs no change but perhaps a byte to make its length even."""

    __slots__ = ("_mend", "_writer", "remaining")

    def __init__(self, writer: Writer, length: int, *, mend: bool) -> None:
        self.remaining = length
        self._writer = writer
        self._mend = mend

    def take(self, fragment: memoryview) -> memoryview:
        """As ``Stream.take``."""
        part = fragment[: self.remaining]
        self._writer.forward(part)
        self.remaining -= len(part)
        if not self.remaining and self._mend:
            self._writer.held += b"\0"
        return fragment[len(part) :]


class SkippedStream:
    """A value that is not written."""

    __slots__ = ("remaining",)

    def __init__(self, length: int) -> None:
        self.remaining = length

    def take(self, fragment: memoryview) -> memoryview:
        """As ``Stream.take``."""
        used = min(self.remaining, len(fragment))
        self.remaining -= used
        return fragment[used:]


class SwappedStream:
    """A value in the other byte order."""

    __slots__ = ("_carry", "_mend", "_unit", "_writer", "remaining")

    def __init__(self, writer: Writer, length: int, unit: int, *, mend: bool) -> None:
        self.remaining = length
        self._writer = writer
        self._unit = unit
        self._mend = mend
        self._carry = b""

    def take(self, fragment: memoryview) -> memoryview:
        """As ``Stream.take``."""
        part = fragment[: self.remaining]
        self.remaining -= len(part)
        data = self._carry + bytes(part)
        if not self.remaining and self._mend:
            data += b"\0"
        whole = len(data) if not self.remaining else len(data) - len(data) % self._unit
        self._carry = data[whole:]
        if whole:
            self._writer.forward(swapped(data[:whole], self._unit))
        return fragment[len(part) :]


class StrippedStream:
    """Text or a UID: whether pad characters are the end of the value is known only at its end.

    They are counted, not kept, until something else follows. ``start`` is where the value starts, ``written`` the
    length that it turned out to have.
    """

    __slots__ = ("_delete", "_length", "_pad", "_trailing", "_writer", "remaining", "start", "written")

    def __init__(self, writer: Writer, length: int, *, pad: bytes, delete: bytes) -> None:
        self.remaining = length
        self.start = writer.position
        self.written = 0
        self._length = length
        self._writer = writer
        self._pad = pad
        self._delete = delete
        self._trailing = 0

    def take(self, fragment: memoryview) -> memoryview:
        """As ``Stream.take``."""
        part = fragment[: self.remaining]
        self.remaining -= len(part)
        data = bytes(part)
        if not self.remaining and self._length & 1:
            data += b"\0"
        self._add(data.translate(None, self._delete) if self._delete else data)
        if not self.remaining and self.written & 1:
            self._write(self._pad)
        return fragment[len(part) :]

    def _add(self, data: bytes) -> None:
        text = data.rstrip(self._pad)
        if text:
            self._restore()
            self._write(text)
        self._trailing += len(data) - len(text)

    def _restore(self) -> None:
        block = memoryview(self._pad * min(self._trailing, _BLOCK))
        while self._trailing:
            part = block[: self._trailing]
            self._write(part)
            self._trailing -= len(part)

    def _write(self, data: bytes | memoryview) -> None:
        self._writer.forward(data)
        self.written += len(data)
