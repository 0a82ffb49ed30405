"""A transport under TLS: the same socket with the same waits; OpenSSL sees memory alone.

So records come as many at once as the kernel has, where OpenSSL itself would ask for each of them twice, and a
handshake waits as any receive does.
"""

import contextlib
import socket
import ssl
import time
from typing import Any, cast

from storescpd.worker.buffers import BufferPool
from storescpd.worker.transport import DeadlineError, Transport

_AT_ONCE = 1 << 16
"""Bytes of records that are received at once: four of the largest. OpenSSL keeps that much room for a connection."""


class TlsTransport(Transport):
    """``handshake`` comes first."""

    def __init__(self, sock: socket.socket, pool: BufferPool, context: ssl.SSLContext) -> None:
        super().__init__(sock, pool)
        self._records = ssl.MemoryBIO()
        """What has come and is not decrypted."""
        self._sealed = ssl.MemoryBIO()
        """What is to be sent."""
        self._secure = context.wrap_bio(self._records, self._sealed, server_side=True)

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
        while True:
            if time.monotonic() >= deadline:
                raise DeadlineError
            try:
                self._take_records(0)
            except BlockingIOError:
                self._wait(deadline)
            else:
                return

    def _take_records(self, flags: int) -> None:
        """Raises BlockingIOError when nothing comes soon, or at once with MSG_DONTWAIT in ``flags``."""
        buffer = self._pool.take()
        try:
            count = self._socket.recv_into(buffer, _AT_ONCE, flags)
            if count:
                self._records.write(memoryview(buffer)[:count])
            else:
                self._records.write_eof()
        finally:
            self._pool.give_back(buffer)

    def _read(self, view: memoryview) -> int:
        """As many records as there are and as fit."""
        total = 0
        while total < len(view):
            try:
                # Typed for bytearray alone; it takes whatever can be written to.
                count = int(cast("Any", self._secure).read(len(view) - total, view[total:]))
            except ssl.SSLWantReadError:
                if self._sealed.pending:
                    self._flush()
                try:
                    self._take_records(socket.MSG_DONTWAIT if total else 0)
                except BlockingIOError:
                    if total:
                        break
                    raise
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
