"""A transport under TLS: the same socket with the same waits; OpenSSL sees memory alone.

So records come as many at once as the kernel has, where OpenSSL itself would ask for each of them twice, and a
handshake waits as any receive does.
"""

import contextlib
import socket
import ssl
import struct
import time
from typing import Any, Final, cast

from storescpd.worker.buffers import Buffer, BufferPool
from storescpd.worker.strangers import FIRST_BYTES
from storescpd.worker.transport import DeadlineError, Transport, is_past, patience

_HEADER: Final = struct.Struct(">BBxH")
"""Of a record: its type, its version in two bytes, and the length of the rest (RFC 8446 5.1)."""
_FIRST_TYPE: Final = 20
_LAST_TYPE: Final = 24
_MAJOR: Final = 3
_LONGEST: Final = (1 << 14) + 2048
"""Bytes of a record's rest in TLS 1.2 (RFC 5246 6.2.3), where more is allowed than in 1.3."""
_AT_ONCE: Final = 1 << 16
"""Bytes of records from which on no more are given to OpenSSL at once. It keeps memory for the most it ever had, and
each association has its own."""

_A_TURN: Final = 64
"""Records that are decrypted before it is another association's turn: more full ones than fit into a buffer, and half a
millisecond of tiny ones."""


class TlsTransport(Transport):
    """``handshake`` comes first."""

    def __init__(self, sock: socket.socket, pool: BufferPool, address: str, context: ssl.SSLContext) -> None:
        super().__init__(sock, pool, address)
        self._record = ssl.MemoryBIO()
        """What is to be decrypted next, whole records alone."""
        self._cut = False
        """The last one may not have fitted: what is left of it is decrypted already."""
        self._received: Buffer | None = None
        """Lent as long as there is the beginning of a record in it."""
        self._first = self._behind = 0
        """Where what is left in it begins and ends."""
        self._touched = 0
        """Up to where it was written to since it was lent."""
        self._opening_bytes = 0
        """Of a handshake that is not complete: OpenSSL may keep all of them."""
        self._agreed = False
        """The handshake is complete."""
        self._ended = False
        """The peer sends no more."""
        self.opening = b""
        """What came first, before TLS is agreed on."""
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
                self._agreed = True
                self._opening_bytes = 0
                self._flush()
                return self._secure

    def _await_records(self, deadline: float) -> None:
        while not self._pass_records():
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
            if not self.opening:
                heard = min(count, FIRST_BYTES)
                self.opening = bytes(view[:heard])
        if not count:
            self._record.write_eof()
        self._behind += count
        self._touched = max(self._touched, self._behind)
        if not self._agreed:
            self._opening_bytes += count
        self._hold()

    def _held(self) -> int:
        return self.pending + max(self._touched, self._opening_bytes)

    def _give_back(self) -> None:
        if self._received is not None:
            self._pool.give_back(self._received)
            self._received = None
            self._first = self._behind = self._touched = 0

    def _pass_records(self) -> bool:
        """Give OpenSSL records, as far as whole ones have come: where it has to ask for more, it makes an exception."""
        if self._record.eof:
            return True
        buffer, first = self._received, self._first
        if buffer is None:
            return False
        end = self._end_of_records(buffer)
        if end == first:
            return False
        with memoryview(buffer) as view:
            self._record.write(view[first:end])
        self._first = end
        return True

    def _end_of_records(self, buffer: Buffer) -> int:
        """Where the last whole record ends, of so many as are to be passed at once."""
        end, behind = self._first, self._behind
        most = end + _AT_ONCE
        unpack = _HEADER.unpack_from
        while end < most and behind - end >= _HEADER.size:
            header: tuple[int, int, int] = unpack(buffer, end)
            kind, major, length = header
            if not _FIRST_TYPE <= kind <= _LAST_TYPE or major != _MAJOR or length > _LONGEST:
                # No record: OpenSSL says so at once.
                return behind
            stop = end + _HEADER.size + length
            if stop > behind:
                break
            end = stop
        return end

    def _read(self, view: memoryview, deadline: float | None) -> int:
        """As many records as there are and as fit."""
        total = 0
        while not total and not self._ended:
            if not self._record.pending and not (self._cut and self._secure.pending()):
                while not self._pass_records():
                    self._take_records(patience(deadline))
            with self._pool.turn:
                total = self._decrypt(view)
            # Here, so that a peer that takes nothing holds nobody else up.
            self._flush()
            self._cut = total == len(view)
            if not total and is_past(deadline):
                # Records without data can come for ever: OpenSSL refuses to negotiate anew as often as it is asked to.
                raise DeadlineError
        return total

    def _decrypt(self, view: memoryview) -> int:
        """What has come, without waiting; 0 where none of it was data."""
        total, room = 0, len(view)
        # Typed for bytearray alone; it takes whatever can be written to.
        read = cast("Any", self._secure.read)
        for _ in range(_A_TURN):
            try:
                count = int(read(room - total, view[total:]))
            except ssl.SSLWantReadError:
                count = -1
            except ssl.SSLEOFError:
                count = 0
            if not count:
                self._ended = True
                break
            total += max(count, 0)
            if total == room or (not self._record.pending and not self._go_on()):
                break
        return total

    def _go_on(self) -> bool:
        """Whether there are more records."""
        try:
            while not self._pass_records():
                self._take_records(socket.MSG_DONTWAIT)
        except BlockingIOError:
            return False
        return True

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
