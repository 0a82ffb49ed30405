"""From an accepted connection to the session that serves it."""

import socket
from typing import NamedTuple

from storescpd.worker.addresses import endpoint
from storescpd.worker.admission import Admission
from storescpd.worker.buffers import BufferPool
from storescpd.worker.journal import Journal
from storescpd.worker.options import set_options
from storescpd.worker.refusals import Refusals
from storescpd.worker.session import Session
from storescpd.worker.settings import Settings
from storescpd.worker.transport import Transport


class Connection(NamedTuple):
    """An accepted connection."""

    socket: socket.socket
    address: str
    port: int
    listener: str


def session_of(
    connection: Connection, settings: Settings, admission: Admission, pool: BufferPool, refusals: Refusals
) -> Session:
    """The session that will serve a connection; raises OSError where the connection has broken already."""
    set_options(connection.socket, settings.socket_options)
    peer = endpoint(connection.address, connection.port)
    journal = Journal(peer, connection.listener, refusals, dump_contexts=settings.dump_presentation_contexts)
    return Session(_transport(connection, settings, pool), settings, admission, journal)


def _transport(connection: Connection, settings: Settings, pool: BufferPool) -> Transport:
    secure = settings.tls.get(connection.listener)
    if secure is None:
        return Transport(connection.socket, pool, connection.address)
    # Without TLS nobody waits for Python's ssl.
    from storescpd.worker.tls_transport import TlsTransport  # noqa: PLC0415

    return TlsTransport(connection.socket, pool, connection.address, secure.context())
