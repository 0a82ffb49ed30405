"""The data at hand: where the run of unchanged input began, and what is missing to go on."""

import struct
from collections.abc import Sequence

from storescpd.dataset.errors import DataSetError, Fault
from storescpd.dataset.forms import UNDEFINED
from storescpd.dataset.writer import Writer

MORE = -1
"""In place of an offset: more data is needed."""


class Cursor:
    """Input from offset ``origin`` on. Offsets given and returned count within ``data``.

    What stands as it should is not taken apart: a *run* of input that needs no change is copied as a whole. Everything
    else ends the run, is written anew, and a new run starts behind it.
    """

    __slots__ = ("data", "missing", "origin", "run", "writer")

    def __init__(self, writer: Writer) -> None:
        self.writer = writer
        self.data = b""
        self.origin = 0
        self.run = 0
        self.missing = 0
        """Bytes that have to come before it makes sense to go on."""

    def settle(self, at: int) -> None:
        """Write the run up to ``at``."""
        if self.run < at:
            self.writer.held += self.data[self.run : at]
            self.run = at

    def settle_marked(self, marks: Sequence[int], length_field: struct.Struct) -> None:
        """Write the run up to the last of a scanner's marks, lengths as they say and without the delimiters."""
        data, held, run = self.data, self.writer.held, self.run
        for mark in marks:
            at, length = mark >> 32, mark & UNDEFINED
            if run < at:
                held += data[run:at]
            if length == UNDEFINED:
                run = at + 8
            else:
                held += length_field.pack(length)
                run = at + 4
        self.run = run

    def need(self, end: int) -> int:
        """Ask for data up to ``end``."""
        self.missing = end - len(self.data)
        return MORE

    def error(self, at: int, tag: int | None, message: str, fault: Fault = Fault.UNREADABLE) -> DataSetError:
        """What is wrong at ``at``."""
        return DataSetError(self.origin + at, tag, message, fault)
