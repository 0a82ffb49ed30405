"""A transport under TLS: the same socket with the same waits; OpenSSL sees memory alone.

So records come as many at once as the kernel has, where OpenSSL itself would ask for each of them twice, and a
handshake waits as any receive does.
"""

import contextlib
import socket
import ssl
import time
from typing import Any, Final, cast

from storescpd.worker.buffers import Buffer, BufferPool
from storescpd.worker.transport import DeadlineError, Transport

_HEADER: Final = 5
"""Bytes of a record's header: its type, its version, and the length of the rest in two (RFC 8446 5.1)."""
_TYPES: Final = range(20, 25)
_MAJOR: Final = 3
_LONGEST: Final = (1 << 14) + 2048
"""Bytes of a record's rest in TLS 1.2 (RFC 5246 6.2.3), where more is allowed than in 1.3."""


class TlsTransport(Transport):
    """``handshake`` comes first."""

    def __init__(self, sock: socket.socket, pool: BufferPool, context: ssl.SSLContext) -> None:
        super().__init__(sock, pool)
        self._record = ssl.MemoryBIO()
        """The one that is to be decrypted next."""
        self._received: Buffer | None = None
        """Lent as long as there is the beginning of a record in it."""
        self._first = self._behind = 0
        """Where what is left in it begins and ends."""
        self._sealed = ssl.MemoryBIO()
        """What is to be sent."""
        self._secure = context.wrap_bio(self._record, self._sealed, server_side=True)

    def handshake(self, deadline: float) -> ssl.SSLObject:
        """Agree on keys, and on who the peer is; ``deadline`` is a monotonic time.

        Raises:
            DeadlineError: not in time.
            OSError: not at all (ssl.SSLError), or the connection is broken.
        """
        while True:
            try:
                self._secure.do_handshake()
            except ssl.SSLWantReadError:
                self._flush()
                self._await_records(deadline)
            except ssl.SSLError:
                # The peer is told why.
                with contextlib.suppress(OSError, DeadlineError):
                    self._flush()
                raise
            else:
                self._flush()
                return self._secure

    def _await_records(self, deadline: float) -> None:
        while not self._pass_record():
            if time.monotonic() >= deadline:
                raise DeadlineError
            try:
                self._take_records(0)
            except BlockingIOError:
                self._wait(deadline)

    def _take_records(self, flags: int) -> None:
        """Raises BlockingIOError when nothing comes soon, or at once with MSG_DONTWAIT in ``flags``."""
        buffer = self._received or self._pool.take()
        self._received = buffer
        with memoryview(buffer) as view:
            left = self._behind - self._first
            if self._first:
                view[:left] = view[self._first : self._behind]
                self._first, self._behind = 0, left
            try:
                count = self._socket.recv_into(view[left:], 0, flags)
            except BlockingIOError:
                if not left:
                    self._give_back()
                raise
        if not count:
            self._record.write_eof()
        self._behind += count

    def _give_back(self) -> None:
        if self._received is not None:
            self._pool.give_back(self._received)
            self._received = None
            self._first = self._behind = 0

    def _pass_record(self) -> bool:
        """Give OpenSSL a record, if a whole one has come: where it has to ask for more, it makes an exception of it."""
        buffer, first = self._received, self._first
        if self._record.eof:
            return True
        if buffer is None or self._behind - first < _HEADER:
            return False
        length = buffer[first + 3] << 8 | buffer[first + 4]
        if buffer[first] not in _TYPES or buffer[first + 1] != _MAJOR or length > _LONGEST:
            # No record: OpenSSL says so at once.
            length = self._behind - first - _HEADER
        end = first + _HEADER + length
        if end > self._behind:
            return False
        with memoryview(buffer) as view:
            self._record.write(view[first:end])
        self._first = end
        return True

    def _read(self, view: memoryview) -> int:
        """As many records as there are and as fit."""
        total = 0
        while total < len(view):
            # Only what did not fit the last time is decrypted already.
            if (total or not self._secure.pending()) and not self._pass_record():
                try:
                    self._take_records(socket.MSG_DONTWAIT if total else 0)
                except BlockingIOError:
                    if total:
                        break
                    raise
                continue
            try:
                # Typed for bytearray alone; it takes whatever can be written to.
                count = int(cast("Any", self._secure).read(len(view) - total, view[total:]))
            except ssl.SSLWantReadError:
                # A record that is no data.
                self._flush()
                continue
            except ssl.SSLEOFError:
                break
            if not count:
                break
            total += count
        return total

    def send(self, data: bytes) -> None:
        """Send all; raises as the plain one does."""
        rest = memoryview(data)
        while rest:
            sealed = self._secure.write(cast("Any", rest))
            rest = rest[sealed:]
        self._flush()

    def _flush(self) -> None:
        if self._sealed.pending:
            super().send(self._sealed.read())

    def half_close(self) -> None:
        """Say that nothing more comes, in TLS and below it."""
        with contextlib.suppress(OSError, ValueError):
            self._secure.unwrap()
        with contextlib.suppress(OSError, DeadlineError):
            self._flush()
        super().half_close()

    def close(self) -> None:
        """Close at once."""
        self._give_back()
        super().close()
