"""Standard input, output and error, which whoever starts us may have closed."""

import errno
import io
import os
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

from storescpd.cli.status import Exit

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer


def have_standard_streams() -> frozenset[int]:
    """Before anything is opened: it would be opened in place of those that are closed, and written to as if it were.

    Returns which were closed.
    """
    closed = set()
    for number, (name, mode) in enumerate((("stdin", "r"), ("stdout", "w"), ("stderr", "w"))):
        try:
            os.fstat(number)
        except OSError:
            # The lowest number that is free is this one.
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)
            closed.add(number)
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(number, mode, errors="backslashreplace"))
    return frozenset(closed)


class Patient(io.FileIO):
    """Standard output or error, which must not decide what a command does: what cannot be written is dropped."""

    def __init__(self, number: int, *, closed: bool) -> None:
        """``closed``: by whoever has started us; something else has its number now."""
        super().__init__(number, "w", closefd=False)
        self._trouble = OSError(errno.EBADF, "it is closed") if closed else None
        self.error: OSError | None = None
        """The first that has happened."""

    def write(self, data: "ReadableBuffer") -> int:
        """Write, or take it as written."""
        try:
            if self._trouble is not None:
                raise self._trouble
            return super().write(data)
        except OSError as error:
            self.error = self.error or error
            return memoryview(data).nbytes


def printed(run: Callable[[], int]) -> int:
    """Run a command that prints, and return its exit status.

    A reader that has heard enough is no failure, and none that anybody needs to read of; a full disk is one.
    """
    before = (sys.stdout, sys.stderr)
    if before != (sys.__stdout__, sys.__stderr__):
        # Somebody has put something else in their place, and looks after it.
        return _ended(run)
    closed = have_standard_streams()
    output, error = (Patient(number, closed=number in closed) for number in (1, 2))
    sys.stdout, sys.stderr = _text(output), _text(error)
    try:
        status = _ended(run)
        sys.stdout.flush()
        if output.error is not None and output.error.errno != errno.EPIPE:
            print(f"storescpd: cannot write to standard output: {output.error.strerror}", file=sys.stderr)
            status = status or Exit.FAILURE
        sys.stderr.flush()
    finally:
        sys.stdout, sys.stderr = before
    return status


def _ended(run: Callable[[], int]) -> int:
    """The parser ends the process itself, after --help and where the line is wrong."""
    try:
        return run()
    except SystemExit as end:
        if not isinstance(end.code, int):
            raise
        return end.code


def _text(stream: Patient) -> io.TextIOWrapper:
    was = sys.__stdout__ or sys.__stderr__
    encoding = "utf-8" if was is None else was.encoding
    return io.TextIOWrapper(io.BufferedWriter(stream), encoding, "backslashreplace", line_buffering=stream.isatty())
