"""The process that writes the log. It alone waits for whoever reads the log, for syslog, the journal or a disk.

It is no child of the supervisor, but its grandchild: what ends it ends nobody else, and the supervisor's children are
workers. It lives until all have left the queue that it reads, whoever of them goes first.
"""

import contextlib
import gc
import logging
import os
import select
import signal
import sys
import time
from collections.abc import Callable, Sequence
from typing import Final, NoReturn

from storescpd.telemetry.log_queue import LogQueue, Records, decoded, made

_PIECE: Final = 1 << 14
"""Bytes that are taken out of the queue at once."""
PATIENCE: Final = 2.0
"""Seconds without any progress after which, at the end of the daemon, nobody reads the log any more."""
LONGEST_END: Final = 20.0
"""Seconds that the end may take all in all, however slowly the log is read."""
PAUSE: Final = 1.0
"""Seconds between the death of such a process and the next one: the queue keeps what comes meanwhile."""
EVERY_SIGNAL: Final = set(signal.Signals) - {signal.SIGKILL, signal.SIGSTOP}
_IGNORED: Final = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2, signal.SIGPIPE)
"""What tells the daemon to end comes to all of its processes at times; the last words are still to be written."""


Reopen = Callable[[], Sequence[logging.Handler]]
"""Makes the handlers anew; raises OSError."""


def nothing() -> None:
    """Do nothing."""


class LogWriter:
    """One such process, as the supervisor sees it; another one takes its place when it dies."""

    def __init__(
        self,
        handlers: Sequence[logging.Handler] | None,
        reopen: Reopen,
        patience: float,
        drop_rights: Callable[[], None] = nothing,
    ) -> None:
        """Start it; raises OSError where the system has no room for it.

        It writes with ``handlers``, which are closed in this process: nobody else is to hold a log that was rotated
        away. The next one has those of ``reopen``, and so has the first without ``handlers``.
        """
        self._reopen = reopen
        self._drop_rights = drop_rights
        self.queue = LogQueue(patience)
        self._due: float | None = None
        try:
            self._pidfd = self._start(handlers)
        except OSError:
            self.queue.close()
            raise
        finally:
            for handler in handlers or ():
                handler.close()

    def _start(self, handlers: Sequence[logging.Handler] | None = None) -> int:
        """Fork twice; returns a descriptor of the process."""
        for stream in (sys.stdout, sys.stderr):
            # inetd starts programs with closed descriptors too.
            if stream is not None:
                stream.flush()
        reader, writer = os.pipe()
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, EVERY_SIGNAL)
        try:
            child = os.fork()
            if not child:
                self._fork_again(writer, handlers)
            os.waitpid(child, 0)
        finally:
            os.close(writer)
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
            told = os.read(reader, 32)
            os.close(reader)
        if not told:
            raise OSError("no process for the log can be forked")
        return os.pidfd_open(int(told))

    def _fork_again(self, writer: int, handlers: Sequence[logging.Handler] | None) -> NoReturn:
        try:
            grandchild = os.fork()
            if not grandchild:
                self._live(handlers)
            os.write(writer, b"%d" % grandchild)
        finally:
            os._exit(0)

    def _live(self, handlers: Sequence[logging.Handler] | None) -> NoReturn:
        try:
            signal.set_wakeup_fd(-1)
            gc.enable()
            for number in _IGNORED:
                signal.signal(number, signal.SIG_IGN)
            signal.pthread_sigmask(signal.SIG_SETMASK, ())
            self.queue.leave()
            _close_all_but({0, 1, 2, self.queue.reader, self.queue.dropped, *_descriptors(handlers or ())})
            self._drop_rights()
            _write(self.queue, self._reopen() if handlers is None else handlers)
        finally:
            if sys.exc_info()[0] is not None:
                # A defect; there is no log to say so.
                sys.excepthook(*sys.exc_info())
            os._exit(0)

    def look(self, now: float) -> None:
        """Have another process where this one has died; ``now`` is a monotonic time."""
        if not _ended(self._pidfd, 0):
            return
        if self._due is None:
            self._due = now + PAUSE
        elif now >= self._due:
            self._due = None
            with contextlib.suppress(OSError):
                fresh = self._start()
                os.close(self._pidfd)
                self._pidfd = fresh

    def leave(self) -> None:
        """Others may still put records in; this process does not."""
        self.queue.close()
        os.close(self._pidfd)

    def end(self) -> None:
        """Everybody has left: wait until all is written, as long as somebody reads it."""
        self.queue.leave()
        last, quiet_since = -1, time.monotonic()
        limit = quiet_since + LONGEST_END
        while not _ended(self._pidfd, 50):
            unread, now = self.queue.unread(), time.monotonic()
            if unread != last:
                last, quiet_since = unread, now
            elif now - quiet_since >= PATIENCE or now >= limit:
                with contextlib.suppress(ProcessLookupError):
                    signal.pidfd_send_signal(self._pidfd, signal.SIGKILL)
                break
        self.leave()


def _ended(pidfd: int, milliseconds: int) -> bool:
    poll = select.poll()
    poll.register(pidfd, select.POLLIN)
    return bool(poll.poll(milliseconds))


def _descriptors(handlers: Sequence[logging.Handler]) -> set[int]:
    """What handlers write to."""
    ends = [getattr(handler, name, None) for handler in handlers for name in ("stream", "socket")]
    return {end.fileno() for end in ends if end is not None}


def _close_all_but(kept: set[int]) -> None:
    """Ports, pipes whose end of file is somebody's death, locks: none of them is a concern of the log."""
    for name in os.listdir("/proc/self/fd"):
        if int(name) not in kept:
            with contextlib.suppress(OSError):
                os.close(int(name))


def _write(queue: LogQueue, handlers: Sequence[logging.Handler]) -> None:
    """Write until all have left the queue."""
    records = Records()
    poll = select.poll()
    poll.register(queue.reader, select.POLLIN)
    poll.register(queue.dropped, select.POLLIN)
    going_on = True
    while going_on:
        ready = [fd for fd, _ in poll.poll()]
        if queue.reader in ready:
            piece = os.read(queue.reader, _PIECE)
            going_on = bool(piece)
            for data in records.take(piece):
                _hand_on(data, handlers)
        if queue.dropped in ready:
            _tell_dropped(os.eventfd_read(queue.dropped), handlers)


def _hand_on(data: bytes, handlers: Sequence[logging.Handler]) -> None:
    # A record that is cut was the last word of a process that was killed, or is longer than any that we log.
    with contextlib.suppress(ValueError):
        channel, record = decoded(data)
        handlers[channel].handle(record)


def _tell_dropped(count: int, handlers: Sequence[logging.Handler]) -> None:
    fields = {"count": count, "cause": "the log was not read, or its disk did not answer, for too long"}
    handlers[0].handle(made(logging.WARNING, "log lines dropped", fields))
