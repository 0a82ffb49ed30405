"""The last error that any process of the daemon has logged: shared memory, for the status."""

import fcntl
import logging
import mmap
import os
import struct
from typing import NamedTuple

from storescpd.telemetry.formats import fields, quoted

LONGEST = 1000
"""Bytes of a text: what a status shows is no log."""
_HEAD = struct.Struct("=dI")
"""Time and length."""


class Mishap(NamedTuple):
    """An error that was logged."""

    time: float
    """Seconds since 1970."""
    text: str


class LastError(logging.Handler):
    """Keeps one record of level error or above; made before the first fork.

    Message and cause alone: everybody may read the status of a service, but not its log.
    """

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self._memory = mmap.mmap(-1, _HEAD.size + LONGEST)
        self._lock_fd = os.memfd_create("storescpd-last-error", os.MFD_CLOEXEC)

    def emit(self, record: logging.LogRecord) -> None:
        """Remember a record, unless another process remembers one at this very moment."""
        cause = fields(record).get("cause")
        told = record.getMessage() + ("" if cause is None else f" cause={quoted(cause)}")
        text = told.encode("utf-8", "backslashreplace")[:LONGEST]
        try:
            fcntl.lockf(self._lock_fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            # Never wait: whoever holds the lock may have been stopped.
            return
        try:
            self._memory[: _HEAD.size + len(text)] = _HEAD.pack(record.created, len(text)) + text
        finally:
            fcntl.lockf(self._lock_fd, fcntl.LOCK_UN)

    def last(self) -> Mishap | None:
        """The last one, ``None`` where there was none."""
        moment, length = _HEAD.unpack_from(self._memory)
        if not length:
            return None
        text = self._memory[_HEAD.size : _HEAD.size + min(length, LONGEST)]
        return Mishap(moment, text.decode("utf-8", "replace"))
