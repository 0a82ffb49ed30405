"""How a connection gets in: the gate, then TLS. Whoever does not pass gets a bare close."""

from typing import TYPE_CHECKING, NamedTuple

from storescpd.access.unnamed import shown
from storescpd.worker.admission import Admission
from storescpd.worker.journal import Journal
from storescpd.worker.outcome import EndedError
from storescpd.worker.settings import Settings
from storescpd.worker.transport import DeadlineError, HandshakeError, Transport

if TYPE_CHECKING:
    from storescpd.access.tls import Identity


class Entered(NamedTuple):
    """Who has got in."""

    host: str
    """The host name as others may see it, or the address."""
    identity: "Identity | None"
    """Who it has proved to be, where it has."""


def enter(transport: Transport, settings: Settings, admission: Admission, journal: Journal, deadline: float) -> Entered:
    """Let somebody in, until ``deadline``, a monotonic time.

    Raises:
        EndedError: it does not get in.
        DeadlineError: it takes nothing.
        OSError: the connection is broken.
    """
    arrival = transport.arrive(settings.gate, admission.address)
    host = shown(arrival.name, admission.address)
    journal.named(host)
    if arrival.refusal is not None:
        journal.denied(arrival.refusal, defect=arrival.defect)
        raise EndedError("denied")
    return Entered(host, _shake_hands(transport, deadline, journal) if settings.tls else None)


def _shake_hands(transport: Transport, deadline: float, journal: Journal) -> "Identity | None":
    from storescpd.worker.handshake import shake_hands  # noqa: PLC0415 - brings OpenSSL and cryptography

    try:
        return shake_hands(transport, deadline, journal)
    except DeadlineError:
        raise EndedError("timeout: the peer did not finish the TLS handshake") from None
    except HandshakeError as error:
        raise EndedError(str(error)) from error
