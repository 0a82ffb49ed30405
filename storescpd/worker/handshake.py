"""The TLS handshake of a connection; a process that serves none does not load this."""

import ssl

from storescpd.access.tls import Identity, identity_of
from storescpd.worker.journal import Journal
from storescpd.worker.tls_transport import TlsTransport
from storescpd.worker.transport import DeadlineError, HandshakeError, Transport


def shake_hands(transport: Transport, deadline: float, journal: Journal) -> Identity | None:
    """Who the peer proves to be; ``deadline`` is a monotonic time. Without TLS there is nothing to do.

    Raises:
        HandshakeError: they do not agree.
        DeadlineError: not in time.
        OSError: the connection is broken.
    """
    if not isinstance(transport, TlsTransport):
        return None
    try:
        agreed = transport.handshake(deadline)
    except ssl.SSLError as error:
        journal.handshake_failed(transport.opening, error)
        raise HandshakeError("the TLS handshake failed") from error
    except DeadlineError:
        journal.handshake_failed(transport.opening, None)
        raise
    certificate = agreed.getpeercert(binary_form=True)
    identity = identity_of(certificate) if certificate else None
    journal.secured(agreed, identity)
    return identity
