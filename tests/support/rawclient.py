"""A small DICOM association client on plain sockets that shares no code with the daemon.

It sends what it is given byte for byte, so a test can send what no toolkit would, and it is cheap enough to be a
load generator.
"""

import select
import socket
import ssl
import struct
from collections.abc import Iterable, Mapping, Sequence
from types import TracebackType
from typing import Self

APPLICATION_CONTEXT = "1.2.840.10008.3.1.1.1"
IMPLEMENTATION_UID = "1.2.826.0.1.3680043.8.498.1.1"
IMPLEMENTATION_NAME = "RAWCLIENT"
VERIFICATION = "1.2.840.10008.1.1"
IMPLICIT_LITTLE = "1.2.840.10008.1.2"

ASSOCIATE_RQ, ASSOCIATE_AC, ASSOCIATE_RJ, DATA, RELEASE_RQ, RELEASE_RP, ABORT = range(1, 8)
UNLIMITED = 131072
"""The PDU size used towards a peer that announces no limit."""

Context = tuple[int, str, Sequence[str]]


class Rejected(Exception):
    """A-ASSOCIATE-RJ."""

    def __init__(self, result: int, source: int, reason: int) -> None:
        super().__init__(f"association rejected {result}/{source}/{reason}")
        self.result, self.source, self.reason = result, source, reason


class Aborted(Exception):
    """A-ABORT."""

    def __init__(self, source: int, reason: int) -> None:
        super().__init__(f"association aborted {source}/{reason}")
        self.source, self.reason = source, reason


class Closed(Exception):
    """The peer closed the connection, or reset it, without a PDU that says so."""


def item(kind: int, body: bytes) -> bytes:
    """A PS3.8 item: type, reserved byte, 16-bit length."""
    return struct.pack(">BxH", kind, len(body)) + body


def pdu(kind: int, body: bytes) -> bytes:
    """A PDU: type, reserved byte, 32-bit length."""
    return struct.pack(">BxI", kind, len(body)) + body


def title(text: str | bytes) -> bytes:
    """An AE title field; 16 bytes given are taken as they are."""
    return (text if isinstance(text, bytes) else text.encode("ascii")).ljust(16)


def context_item(context: Context) -> bytes:
    """A proposed presentation context."""
    number, abstract, syntaxes = context
    body = struct.pack(">B3x", number) + item(0x30, abstract.encode("ascii"))
    return item(0x20, body + b"".join(item(0x40, syntax.encode("ascii")) for syntax in syntaxes))


def user_information(max_pdu: int, extra: bytes = b"") -> bytes:
    """The user information item; `extra` are more sub-items."""
    return item(
        0x50,
        item(0x51, struct.pack(">I", max_pdu))
        + item(0x52, IMPLEMENTATION_UID.encode("ascii"))
        + item(0x55, IMPLEMENTATION_NAME.encode("ascii"))
        + extra,
    )


def associate_request(
    contexts: Iterable[Context],
    *,
    calling: str | bytes = "RAWCLIENT",
    called: str | bytes = "ANY-SCP",
    max_pdu: int = 16384,
    extra: bytes = b"",
    application_context: str = APPLICATION_CONTEXT,
    version: int = 1,
) -> bytes:
    """An A-ASSOCIATE-RQ PDU."""
    body = struct.pack(">H2x", version) + title(called) + title(calling) + bytes(32)
    body += item(0x10, application_context.encode("ascii"))
    body += b"".join(map(context_item, contexts)) + user_information(max_pdu, extra)
    return pdu(ASSOCIATE_RQ, body)


def items(body: bytes) -> Iterable[tuple[int, bytes]]:
    """The items in a body, one after another."""
    position = 0
    while position < len(body):
        kind, length = struct.unpack_from(">BxH", body, position)
        yield kind, body[position + 4 : position + 4 + length]
        position += 4 + length


def element(tag: int, value: bytes) -> bytes:
    """A command element: implicit VR little endian."""
    return struct.pack("<HHI", tag >> 16, tag & 0xFFFF, len(value)) + value


def uid(text: str | bytes) -> bytes:
    """A UID value, padded to an even length."""
    value = text if isinstance(text, bytes) else text.encode("ascii")
    return value + b"\0" * (len(value) % 2)


def us(number: int) -> bytes:
    """An unsigned short value."""
    return struct.pack("<H", number)


def command_set(elements: Mapping[int, bytes]) -> bytes:
    """A command set with its group length."""
    body = b"".join(element(tag, value) for tag, value in sorted(elements.items()))
    return element(0x0000_0000, struct.pack("<I", len(body))) + body


def parse_command(raw: bytes) -> dict[int, bytes]:
    """The elements of a command set by tag."""
    elements, position = {}, 0
    while position < len(raw):
        group, number, length = struct.unpack_from("<HHI", raw, position)
        elements[group << 16 | number] = raw[position + 8 : position + 8 + length]
        position += 8 + length
    return elements


def store_request(sop_class: str | bytes, sop_instance: str | bytes, message_id: int = 1) -> bytes:
    """The command set of a C-STORE-RQ with a data set."""
    return command_set(
        {
            0x0000_0002: uid(sop_class),
            0x0000_0100: us(0x0001),
            0x0000_0110: us(message_id),
            0x0000_0700: us(0),
            0x0000_0800: us(0x0001),
            0x0000_1000: uid(sop_instance),
        }
    )


def echo_request(message_id: int = 1) -> bytes:
    """The command set of a C-ECHO-RQ."""
    return command_set(
        {
            0x0000_0002: uid(VERIFICATION),
            0x0000_0100: us(0x0030),
            0x0000_0110: us(message_id),
            0x0000_0800: us(0x0101),
        }
    )


def fragments(context_id: int, control: int, data: bytes, size: int) -> Iterable[bytes | memoryview]:
    """P-DATA PDUs of one PDV each; `control` is 1 for a command, 0 for a data set; the last one is marked."""
    view = memoryview(data)
    for start in range(0, len(view) or 1, size):
        part = view[start : start + size]
        last = 2 if start + size >= len(view) else 0
        yield struct.pack(">BxIIBB", DATA, len(part) + 6, len(part) + 2, context_id, control | last)
        yield part


def store_message(context_id: int, command: bytes, data: bytes, size: int) -> bytes:
    """All the PDUs of one C-STORE request."""
    return b"".join((*fragments(context_id, 1, command, size), *fragments(context_id, 0, data, size)))


class RawAssociation:
    """One association as its requestor."""

    def __init__(
        self,
        port: int,
        contexts: Sequence[Context] = ((1, VERIFICATION, (IMPLICIT_LITTLE,)),),
        calling: str | bytes = "RAWCLIENT",
        called: str | bytes = "ANY-SCP",
        host: str = "127.0.0.1",
        max_pdu: int = 16384,
        timeout: float = 60,
        *,
        source: str = "",
        extra: bytes = b"",
        request: bytes | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.accepted: dict[int, str] = {}
        """The transfer syntax of each accepted context."""
        self.results: dict[int, int] = {}
        """The result of each answered context."""
        self.peer_max_pdu = UNLIMITED
        self.answer = b""
        """The body of the A-ASSOCIATE-AC."""
        self.response = b""
        """The command set of the last response, as it came."""
        self._pending = bytearray()
        self._early: list[tuple[int, bytes]] = []
        bound = (source, 0) if source else None
        self.socket = socket.create_connection((host, port), timeout=timeout, source_address=bound)
        try:
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if tls is not None:
                self.socket = tls.wrap_socket(self.socket)
            self.send_raw(
                request or associate_request(contexts, calling=calling, called=called, max_pdu=max_pdu, extra=extra)
            )
            self._negotiated(self._expect(ASSOCIATE_AC))
        except BaseException:
            self.socket.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection as it is."""
        self.socket.close()

    @property
    def pdv_size(self) -> int:
        """The largest even fragment that the peer takes."""
        return (min(self.peer_max_pdu or UNLIMITED, UNLIMITED) - 6) & ~1

    def store(
        self,
        context_id: int,
        sop_class: str | bytes,
        sop_instance: str | bytes,
        data: bytes,
        *,
        message_id: int = 1,
        pdv_size: int | None = None,
    ) -> int:
        """Send one object, its data set untouched, and return the status."""
        command = store_request(sop_class, sop_instance, message_id)
        self.send_raw(store_message(context_id, command, data, pdv_size or self.pdv_size))
        return self.status()

    def echo(self, context_id: int, message_id: int = 1) -> int:
        """C-ECHO; return the status."""
        self.send_raw(b"".join(fragments(context_id, 1, echo_request(message_id), self.pdv_size)))
        return self.status()

    def status(self) -> int:
        """Wait for a response and return its status."""
        self.response = self._message()
        return int.from_bytes(parse_command(self.response)[0x0000_0900], "little")

    def release(self) -> None:
        """Release the association and close the connection."""
        self.send_raw(pdu(RELEASE_RQ, bytes(4)))
        self._expect(RELEASE_RP)
        self.close()

    def abort(self, source: int = 0, reason: int = 0) -> None:
        """Abort the association and close the connection."""
        self.send_raw(pdu(ABORT, bytes((0, 0, source, reason))))
        self.close()

    def send_raw(self, data: bytes) -> None:
        """Send everything; an A-ABORT that arrives meanwhile is raised, other PDUs are kept for `read_pdu`."""
        view = memoryview(data)
        try:
            if isinstance(self.socket, ssl.SSLSocket):
                # It cannot be asked for an A-ABORT while it sends.
                self.socket.sendall(view)
                return
            while True:
                view = view[self._send_some(view) :]
                if not view:
                    return
                self._wait_writable()
        except (BrokenPipeError, ConnectionResetError):
            self._read_the_end()

    def read_pdu(self) -> tuple[int, bytes]:
        """The next PDU: type and body. An A-ABORT is returned, the end of the connection raises `Closed`."""
        if self._early:
            return self._early.pop(0)
        while (found := self._take()) is None:
            self._receive()
        return found

    def _send_some(self, view: memoryview) -> int:
        try:
            return self.socket.send(view, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return 0

    def _wait_writable(self) -> None:
        poller = select.poll()
        poller.register(self.socket, select.POLLIN | select.POLLOUT)
        timeout = self.socket.gettimeout()
        events = poller.poll(None if timeout is None else timeout * 1000)
        if not events:
            raise TimeoutError("the peer takes no more")
        if events[0][1] & select.POLLIN:
            self._receive()
            while (found := self._take()) is not None:
                self._raise_if_abort(*found)
                self._early.append(found)

    def _read_the_end(self) -> None:
        """The peer is gone: what it said last counts more than that our bytes did not arrive."""
        while True:
            self._raise_if_abort(*self.read_pdu())

    def _receive(self) -> None:
        try:
            data = self.socket.recv(65536)
        except ConnectionError as error:
            raise Closed(str(error)) from error
        if not data:
            raise Closed("end of stream")
        self._pending += data

    def _take(self) -> tuple[int, bytes] | None:
        if len(self._pending) < 6:
            return None
        kind, length = struct.unpack_from(">BxI", self._pending)
        if len(self._pending) < 6 + length:
            return None
        body = bytes(self._pending[6 : 6 + length])
        del self._pending[: 6 + length]
        return kind, body

    def _expect(self, expected: int) -> bytes:
        kind, body = self.read_pdu()
        self._raise_if_abort(kind, body)
        if kind == ASSOCIATE_RJ:
            raise Rejected(*body[1:4])
        if kind != expected:
            raise AssertionError(f"PDU type {kind} where {expected} was expected")
        return body

    @staticmethod
    def _raise_if_abort(kind: int, body: bytes) -> None:
        if kind == ABORT:
            raise Aborted(*body[2:4])

    def _message(self) -> bytes:
        command = bytearray()
        while True:
            body, position = self._expect(DATA), 0
            while position < len(body):
                length, _context, control = struct.unpack_from(">IBB", body, position)
                command += body[position + 6 : position + 4 + length]
                position += 4 + length
                if control & 3 == 3:
                    return bytes(command)

    def _negotiated(self, body: bytes) -> None:
        self.answer = body
        for kind, value in items(body[68:]):
            if kind == 0x21:
                number, result = value[0], value[2]
                self.results[number] = result
                if result == 0:
                    self.accepted[number] = dict(items(value[4:]))[0x40].rstrip(b"\0 ").decode("ascii")
            elif kind == 0x50:
                sizes = [struct.unpack(">I", size)[0] for sub, size in items(value) if sub == 0x51]
                self.peer_max_pdu = sizes[0] if sizes else 0
