"""The way of a data set through this package: fragments in, pieces of the re-encoded data set out."""

import zlib
from collections.abc import Iterator, Sequence

from storescpd.data.transfer_syntaxes import TransferSyntax
from storescpd.dataset.assembly import Assembly
from storescpd.dataset.cursor import Cursor
from storescpd.dataset.dictionary import Dictionary
from storescpd.dataset.elements import Elements
from storescpd.dataset.encoding import Encoding
from storescpd.dataset.errors import ConversionError, Fault
from storescpd.dataset.forms import IMPLICIT, form_of
from storescpd.dataset.identity import Identity
from storescpd.dataset.inflate import Inflater
from storescpd.dataset.large import LargeValues
from storescpd.dataset.output import Chunk, Final, Patch, Plan
from storescpd.dataset.reader import Reader
from storescpd.dataset.tables import rule_table

_PART = 4 << 20
"""Bytes that a part may have in about, where items are padded."""
_STEP = 64 * 1024
"""Bytes that are read at once where they may become many; the inflater gives no more."""
_SMALLEST_ITEM = 16
"""Bytes of an item with one empty element; one without is not padded."""


class Reencoder:
    """Re-encodes one data set. Feed it what arrives, write what it returns, ask ``identity`` at any time."""

    def __init__(self, syntax: TransferSyntax, encoding: Encoding, dictionary: Dictionary) -> None:
        self._output = encoding.output_syntax(syntax)
        self._deflates = self._output.deflated
        self._encoding = encoding
        self._inflater = Inflater(encoding.limits) if syntax.deflated else None
        self._received = 0
        padding = encoding.padding[1]
        self.grows = syntax.deflated or padding > 0
        """Much can become of little: what is fed is to be written in ``parts``."""
        self._step = max(_SMALLEST_ITEM, min(_STEP, _PART * _SMALLEST_ITEM // padding if padding else _STEP))
        target = form_of(self._output)
        table = rule_table(form_of(syntax), target, encoding, dictionary)
        self._assembly = assembly = Assembly(table, encoding)
        self._cursor = cursor = Cursor(assembly.writer)
        self._large = large = LargeValues(cursor, assembly, gathers=self._deflates)
        self._elements = Elements(
            cursor,
            assembly,
            encoding,
            large,
            rule_table(IMPLICIT, target, encoding, dictionary),
            encapsulated=syntax.encapsulated,
            keeps_pixel_data=self._output.encapsulated,
        )
        self._reader = Reader(assembly, cursor, large, self._elements, encoding.limits.nesting)

    @property
    def output_syntax(self) -> str:
        """UID of the transfer syntax that is written."""
        return self._output.uid

    @property
    def identity(self) -> Identity:
        """Who the object is, as far as that has been read."""
        return self._elements.identity

    @property
    def warnings(self) -> list[str]:
        """What was found that is not as it should be."""
        return self._assembly.warnings

    def feed(self, fragments: Sequence[memoryview]) -> list[Chunk | Patch]:
        """Pieces that can be written now. They may be views into ``fragments``: write them before the next call.

        Raises ``DataSetError`` when the data set cannot be read, ``ConversionError`` when it cannot be converted.
        """
        if self.grows:
            return [piece for part in self.parts(fragments) for piece in part]
        length = 0
        for fragment in fragments:
            length += len(fragment)
        self._count(length)
        number, end = 0, len(fragments)
        while number < end:
            number = self._large.pass_run(fragments, number)
            if number < end:
                self._reader.read(fragments[number])
                number += 1
        return self._assembly.writer.take()

    def parts(self, fragments: Sequence[memoryview]) -> Iterator[list[Chunk | Patch]]:
        """As ``feed``, in parts of a few MiB: write each before the next is asked for.

        What little becomes a lot of where it is inflated or padded, and nobody has to hold all of it.
        """
        for fragment in fragments if self._inflater is None else self._inflater.inflate(fragments):
            self._count(len(fragment))
            step = len(fragment) if self._large.holds(len(fragment)) else self._step
            for start in range(0, len(fragment), step):
                self._reader.read(fragment[start : start + step])
                pieces = self._assembly.writer.take()
                if pieces:
                    yield pieces

    def _count(self, length: int) -> None:
        self._received += length
        limit = self._encoding.limits.object_size
        if limit and self._received > limit:
            raise ConversionError(f"data set is larger than {limit} bytes", Fault.TOO_LARGE)

    def finish(self, prefix_length: int) -> Final:
        """The last pieces and what remains to be done; ``prefix_length`` bytes stand in the file before the data set.

        Raises ``DataSetError`` when the data set is incomplete, ``ConversionError`` when there is none.
        """
        if self._inflater is not None:
            self._inflater.finish()
        if not self._received:
            raise ConversionError("data set is empty", Fault.EMPTY)
        self._reader.finish()
        self._pad(prefix_length)
        writer = self._assembly.writer
        if self._deflates and not writer.base:
            deflate = zlib.compressobj(self._encoding.compression_level, zlib.DEFLATED, -zlib.MAX_WBITS)
            writer.held = bytearray(deflate.compress(writer.held) + deflate.flush())
            writer.release()
            return Final(writer.take(), None)
        writer.release()
        return Final(writer.take(), self._plan())

    def _pad(self, prefix_length: int) -> None:
        multiple = self._encoding.padding[0]
        writer, rearranged = self._assembly.writer, self._assembly.rearranged
        # As for storescp, a data set of which nothing is left is padded, one that has no element is not.
        if multiple and self._cursor.origin:
            length = prefix_length + writer.position - rearranged.lost(0, writer.position)
            self._assembly.pad(length, multiple)

    def _plan(self) -> Plan | None:
        rearranged = self._assembly.rearranged
        extents = rearranged.extents(self._assembly.writer.position) if rearranged.ranges else None
        level = self._encoding.compression_level if self._deflates else None
        return None if extents is None and level is None else Plan(extents, level)
