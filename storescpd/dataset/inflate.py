"""Deflated data sets as they arrive (PS3.5 A.5: raw RFC 1951, perhaps one pad byte after the end)."""

import zlib
from collections.abc import Iterator, Sequence

from storescpd.dataset.encoding import Limits
from storescpd.dataset.errors import ConversionError, DataSetError, Fault

_STEP = 64 * 1024
_ALWAYS_ALLOWED = 1 << 20
"""Bytes: a small data set says nothing about its ratio."""
_POSSIBLE = 1032
"""Bytes that a deflated byte may become in the long run: RFC 1951 can give no more."""


class Inflater:
    """Turns deflated fragments into plain ones of at most 64 KiB, so that a bomb costs no memory."""

    def __init__(self, limits: Limits) -> None:
        self._stream = zlib.decompressobj(-zlib.MAX_WBITS)
        self._limits = limits
        self._received = 0
        self._produced = 0

    def inflate(self, fragments: Sequence[memoryview]) -> Iterator[memoryview]:
        """Plain bytes of ``fragments``; what follows the end of the stream is padding and ignored.

        Raises ``DataSetError`` for a broken stream, ``ConversionError`` for one that grows beyond what is allowed.
        """
        for fragment in fragments:
            self._received += len(fragment)
            pending: bytes | memoryview = fragment
            while not self._stream.eof:
                plain = self._step(pending)
                if plain:
                    yield memoryview(plain)
                pending = self._stream.unconsumed_tail
                if not pending and len(plain) < _STEP:
                    break

    def finish(self) -> None:
        """Raise ``DataSetError`` when the stream has not ended."""
        if not self._stream.eof:
            raise DataSetError(self._produced, None, "deflated data set ends too early", Fault.CUT_SHORT)

    def _step(self, pending: bytes | memoryview) -> bytes:
        try:
            plain = self._stream.decompress(pending, _STEP)
        except zlib.error as error:
            raise DataSetError(
                self._produced, None, f"deflated data set is broken ({error})", Fault.NOT_DEFLATED
            ) from error
        self._produced += len(plain)
        wanted = self._limits.inflation
        if wanted and self._produced > max(_ALWAYS_ALLOWED, self._received * wanted):
            message = f"the deflated data set inflates to more than {wanted} times its size"
            raise ConversionError(message, Fault.INFLATES)
        if self._produced > max(_ALWAYS_ALLOWED, self._received * _POSSIBLE):
            raise DataSetError(self._produced, None, "deflated data set grows beyond all measure", Fault.INFLATES)
        return plain
