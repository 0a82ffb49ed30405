"""As little as a receiver in plain Python can do: `python -m benchmarks.ceiling DIRECTORY` prints its port.

It accepts whatever is proposed in the first transfer syntax, writes the fragments of a data set as they come, a
gathered write a receive, and answers with success. It checks nothing, tolerates nothing, and its files have no meta
header. Each association has a process to itself, made beforehand.
"""

import os
import signal
import socket
import struct
import sys
from collections.abc import Iterator
from pathlib import Path

PROCESSES = 16
"""More than any workload has associations at once."""
BUFFER = 1 << 20
MANY = 1024
"""Buffers that one writev takes."""
ASSOCIATE_RQ, DATA, RELEASE_RQ = 1, 4, 5
RELEASE_RP = struct.pack(">BxI4x", 6, 4)
MAX_PDU = 16384
MESSAGE_ID = b"\x00\x00\x10\x01\x02\x00\x00\x00"


def item(kind: int, body: bytes) -> bytes:
    return struct.pack(">BxH", kind, len(body)) + body


def items(body: bytes) -> Iterator[tuple[int, bytes]]:
    position = 0
    while position < len(body):
        kind, length = struct.unpack_from(">BxH", body, position)
        yield kind, body[position + 4 : position + 4 + length]
        position += 4 + length


def accept(request: bytes) -> bytes:
    """The A-ASSOCIATE-AC to the body of a request."""
    answer = b""
    for kind, value in items(request[68:]):
        if kind == 0x20:
            syntax = next(syntax for sub, syntax in items(value[4:]) if sub == 0x40)
            answer += item(0x21, struct.pack(">B3x", value[0]) + item(0x40, syntax))
    user = item(0x50, item(0x51, struct.pack(">I", MAX_PDU)) + item(0x52, b"1.2.826.0.1.3680043.8.498.77.9"))
    body = request[:68] + item(0x10, b"1.2.840.10008.3.1.1.1") + answer + user
    return struct.pack(">BxI", 2, len(body)) + body


def response(context_id: int, message_id: bytes) -> bytes:
    """The PDU with a C-STORE-RSP of success."""
    elements = ((0x0100, b"\x01\x80"), (0x0120, message_id), (0x0800, b"\x01\x01"), (0x0900, b"\0\0"))
    body = b"".join(struct.pack("<HHI", 0, number, 2) + value for number, value in elements)
    command = struct.pack("<HHII", 0, 0, 4, len(body)) + body
    return struct.pack(">BxIIBB", DATA, len(command) + 6, len(command) + 2, context_id, 3) + command


class Association:
    """One connection, from its first byte to its last."""

    def __init__(self, connection: socket.socket, directory: Path, names: Iterator[str]) -> None:
        self._socket, self._directory, self._names = connection, directory, names
        self._file, self._fragments, self._message_id = -1, list[memoryview](), b""

    def serve(self) -> None:
        view, filled = memoryview(bytearray(BUFFER)), 0
        while count := self._socket.recv_into(view[filled:]):
            # The kernel forgets it; without it senders that use Nagle's algorithm wait for our acknowledgement.
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
            filled += count
            used = self._pdus(view[:filled])
            self._write()
            if used:
                view[: filled - used] = view[used:filled]
                filled -= used

    def _pdus(self, view: memoryview) -> int:
        """Take what is whole; how much of it there was."""
        position = 0
        while position + 6 <= len(view):
            kind, length = struct.unpack_from(">BxI", view, position)
            end = position + 6 + length
            if end > len(view):
                break
            if kind == DATA:
                self._pdvs(view, position + 6, end)
            elif kind == ASSOCIATE_RQ:
                self._socket.sendall(accept(bytes(view[position + 6 : end])))
            elif kind == RELEASE_RQ:
                self._socket.sendall(RELEASE_RP)
            position = end
        return position

    def _pdvs(self, view: memoryview, position: int, end: int) -> None:
        while position < end:
            length, context_id, control = struct.unpack_from(">IBB", view, position)
            value = view[position + 6 : position + 4 + length]
            position += 4 + length
            if control & 1:
                command = bytes(value)
                found = command.index(MESSAGE_ID) + len(MESSAGE_ID)
                self._message_id = command[found : found + 2]
                continue
            self._fragments.append(value)
            if control & 2:
                self._write()
                os.close(self._file)
                self._file = -1
                self._socket.sendall(response(context_id, self._message_id))

    def _write(self) -> None:
        if self._fragments:
            if self._file < 0:
                flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
                self._file = os.open(self._directory / next(self._names), flags, 0o640)
            for start in range(0, len(self._fragments), MANY):
                os.writev(self._file, self._fragments[start : start + MANY])
            self._fragments.clear()


def serve(listener: socket.socket, directory: Path) -> None:
    """One association after another."""
    names = (f"{os.getpid()}.{number}" for number in range(10**9))
    while True:
        connection, _ = listener.accept()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with connection:
            Association(connection, directory, names).serve()


def main() -> None:
    """Serve on any free port until SIGTERM."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=128)
    children = []
    for _ in range(PROCESSES):
        child = os.fork()
        if not child:
            serve(listener, Path(sys.argv[1]))
        children.append(child)

    def stop(*_: object) -> None:
        for child in children:
            os.kill(child, signal.SIGKILL)
        for child in children:
            os.waitpid(child, 0)
        sys.exit(0)

    signal.signal(signal.SIGTERM, stop)
    print(listener.getsockname()[1], flush=True)
    while True:
        signal.pause()


if __name__ == "__main__":
    main()
