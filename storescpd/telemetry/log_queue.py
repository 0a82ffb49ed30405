"""The way of a log record to the process that writes it: a pipe that nobody waits for.

The kernel has the queue. It is the same for all processes of the daemon, keeps their order, and still has what a
killed process has put into it. What finds no room is dropped and counted.
"""

import contextlib
import fcntl
import json
import logging
import os
import select
import threading
from collections.abc import Iterator, Mapping
from typing import Final

from storescpd.telemetry.events import FIELDS
from storescpd.telemetry.formats import fields, traceback_of

QUEUE: Final = 1 << 20
"""Bytes; some 3,000 objects. Linux gives that much to everybody (pipe(7), pipe-max-size), else as much as it gives."""
_FRAME: Final = select.PIPE_BUF
"""Bytes that are written at once or not at all, and never mixed with what others write (pipe(7))."""
LONGEST: Final = 1 << 16
"""Bytes of a record. Where it has more, its texts are cut: no value of a peer is so long, only stacks are."""
_CUT: Final = 4096
"""Characters that are left of a text then."""
_WHOLE, _BEGINNING = b".", b"+"
"""First byte of a frame: its record ends with it, or more comes. The rest: sender, blank, a piece of JSON, newline."""


class LogQueue:
    """The pipe; made before those are forked who put records into it."""

    def __init__(self, patience: float = 0.0) -> None:
        """``patience``: seconds that a record waits for room, once until there has been room again."""
        self.reader, self._writer = os.pipe2(os.O_CLOEXEC)
        os.set_blocking(self._writer, False)
        with contextlib.suppress(OSError):
            fcntl.fcntl(self._writer, fcntl.F_SETPIPE_SZ, QUEUE)
        # The kernel adds up, whoever has dropped something and however many at once.
        self.dropped = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self._patience = patience
        self._hopeless = False

    def put(self, data: bytes) -> None:
        """Put a record in; it is dropped where there is no room for all of it."""
        for frame in _frames(data):
            if len(data) > LONGEST or not self._write(frame):
                with contextlib.suppress(OSError):
                    os.eventfd_write(self.dropped, 1)
                return

    def _write(self, frame: bytes) -> bool:
        while True:
            try:
                os.write(self._writer, frame)
            except BlockingIOError:
                if not self._wait():
                    return False
            except OSError:
                return False
            else:
                self._hopeless = False
                return True

    def _wait(self) -> bool:
        """Wait for somebody who may be reading, but slowly; ``False`` where nobody is."""
        if not self._patience or self._hopeless:
            return False
        poll = select.poll()
        poll.register(self._writer, select.POLLOUT)
        self._hopeless = not poll.poll(self._patience * 1000)
        return not self._hopeless

    def unread(self) -> int:
        """Bytes that nobody has taken out yet."""
        return int.from_bytes(fcntl.ioctl(self.reader, _FIONREAD, bytes(4)), "little")

    def leave(self) -> None:
        """Put nothing in any more: when all have left, the reader comes to the end."""
        if self._writer >= 0:
            os.close(self._writer)
            self._writer = -1

    def close(self) -> None:
        """Close all of it in this process."""
        self.leave()
        os.close(self.reader)
        os.close(self.dropped)


_FIONREAD: Final = 0x541B
"""Of ioctl(2): bytes that can be read; ``termios`` has it, but is not loaded for one number."""


def _frames(data: bytes) -> Iterator[bytes]:
    sender = b"%x " % threading.get_native_id()
    size = _FRAME - len(sender) - 2
    for start in range(0, len(data), size):
        mark = _WHOLE if start + size >= len(data) else _BEGINNING
        yield mark + sender + data[start : start + size] + b"\n"


class Records:
    """What comes out of the pipe, put together again."""

    def __init__(self) -> None:
        self._begun: dict[bytes, bytes] = {}
        self._rest = b""

    def take(self, piece: bytes) -> Iterator[bytes]:
        """The records that are complete with this piece."""
        *lines, self._rest = (self._rest + piece).split(b"\n")
        for line in lines:
            mark, (sender, _, data) = line[:1], line[1:].partition(b" ")
            if mark == _BEGINNING:
                # Of a sender that was killed half-way nothing is left but this: it is bounded by what it may be.
                self._begun[sender] = (self._begun.get(sender, b"") + data)[:LONGEST]
                continue
            yield self._begun.pop(sender, b"") + data
        if len(self._begun) > _MOST_BEGUN:
            self._begun.clear()


_MOST_BEGUN: Final = 64
"""Records that are put together at once: threads that log long lines at the very same time."""


class QueueHandler(logging.Handler):
    """Puts records into a queue, for one of the handlers at its other end."""

    def __init__(self, queue: LogQueue, channel: int) -> None:
        super().__init__()
        self._queue = queue
        self._channel = channel

    def emit(self, record: logging.LogRecord) -> None:
        """Put it in."""
        self._queue.put(encoded(self._channel, record))


def encoded(channel: int, record: logging.LogRecord) -> bytes:
    """A record as one line of JSON, with all that our formats show of it."""
    head = (channel, record.levelno, record.created, record.msecs, record.process, record.getMessage())
    told, traceback = dict(fields(record)), traceback_of(record)
    data = json.dumps((*head, told, traceback), default=str)
    if len(data) > LONGEST:
        told = {name: str(value)[:_CUT] for name, value in told.items()}
        # The end of a traceback says what has happened.
        data = json.dumps((*head, told, traceback and traceback[-_CUT:]))
    return data.encode("ascii")


def decoded(data: bytes) -> tuple[int, logging.LogRecord]:
    """The number of the handler, and the record.

    Raises:
        ValueError: it is not whole.
    """
    channel, level, created, msecs, process, text, told, traceback = json.loads(data)
    return channel, made(level, text, told, created=created, msecs=msecs, process=process, exc_text=traceback)


def made(level: int, text: str, told: Mapping[str, object], **attributes: object) -> logging.LogRecord:
    """A record with fields."""
    attributes.setdefault("process", os.getpid())
    return logging.makeLogRecord(
        {"levelno": level, "levelname": logging.getLevelName(level), "msg": text, FIELDS: told, **attributes}
    )
