"""A transport under TLS: the same waits, with a socket that never blocks, as OpenSSL does not know our deadlines."""

import contextlib
import select
import socket
import ssl
import time

from storescpd.worker.buffers import BufferPool
from storescpd.worker.transport import Transport

_ANY = select.POLLIN | select.POLLRDHUP


class TlsTransport(Transport):
    """``handshake`` comes first."""

    def __init__(self, sock: socket.socket, pool: BufferPool, context: ssl.SSLContext, send_timeout: float) -> None:
        super().__init__(sock, pool)
        self._context = context
        self._send_timeout = send_timeout
        self._secure: ssl.SSLSocket | None = None

    def handshake(self, deadline: float) -> ssl.SSLSocket:
        """Agree on keys, and on who the peer is; ``deadline`` is a monotonic time.

        Raises:
            DeadlineError: not in time.
            OSError: not at all (ssl.SSLError), or the connection is broken.
        """
        # The wrapped socket takes its descriptor away: a copy leaves ours to those who wake this thread.
        copy = self._socket.dup()
        try:
            copy.settimeout(0)
            secure = self._context.wrap_socket(copy, server_side=True, do_handshake_on_connect=False)
        except BaseException:
            copy.close()
            raise
        self._secure = secure
        while True:
            try:
                secure.do_handshake()
            except ssl.SSLWantReadError:
                self._wait(deadline)
            except ssl.SSLWantWriteError:
                self._wait(deadline, select.POLLOUT)
            else:
                return secure

    def _read(self, view: memoryview) -> int:
        """As many records as there are and as fit: each is only a part of what one receive would bring."""
        secure = self._secure
        if secure is None:
            raise ConnectionError("no handshake")
        total = 0
        try:
            while total < len(view):
                count = secure.recv_into(view[total:])
                if not count:
                    return total
                total += count
        except ssl.SSLWantReadError:
            if not total:
                raise BlockingIOError from None
        except ssl.SSLWantWriteError:
            self._wait(time.monotonic() + self._send_timeout if self._send_timeout else None, select.POLLOUT)
            if not total:
                raise BlockingIOError from None
        return total

    def send(self, data: bytes) -> None:
        """Send all; raises as the plain one does."""
        secure = self._secure
        if secure is None:
            raise ConnectionError("no handshake")
        deadline = time.monotonic() + self._send_timeout if self._send_timeout else None
        rest = memoryview(data)
        while rest:
            try:
                sent = secure.send(rest)
                rest = rest[sent:]
            except ssl.SSLWantWriteError:
                self._wait(deadline, select.POLLOUT)
            except ssl.SSLWantReadError:
                self._wait(deadline, _ANY)

    def half_close(self) -> None:
        """Say that nothing more comes, in TLS and below it."""
        if self._secure is not None:
            with contextlib.suppress(OSError, ValueError):
                self._secure.unwrap()
        super().half_close()

    def close(self) -> None:
        """Close at once."""
        if self._secure is not None:
            with contextlib.suppress(OSError):
                self._secure.close()
        super().close()
