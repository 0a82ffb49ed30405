"""What is wrong with keys and certificates, or soon will be, though TLS can be served with them."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from storescpd.access.tls.material import Certificates
from storescpd.access.tls.settings import PeerCertificate, Revocation, TlsSettings
from storescpd.access.tls.suites import PROFILES

SOON = timedelta(days=30)
"""Before the end of a certificate: a hospital's certificates take weeks to be renewed."""
_SHORTEST_RSA, _SHORTEST_EC = 2048, 256
"""Bits (RFC 9325 section 4.2 and 4.5); OpenSSL agrees to no shorter curve."""
_WEAK_HASHES = frozenset({"md5", "sha1"})


@dataclass(frozen=True, slots=True)
class Weakness:
    """Something about a file of [tls]."""

    key: str
    """Of [tls]."""
    message: str
    remedy: str
    note: bool
    """It works all the same, today."""


def weaknesses(settings: TlsSettings, certificates: Certificates, now: datetime) -> Iterator[Weakness]:
    """Everything found; ``now`` has a time zone."""
    tolerated = PROFILES[settings.profile].level == 0
    yield from _unencrypted(settings)
    for certificate in certificates.chain:
        yield from _dates("certificate", certificate, now)
        yield from _strength("certificate", certificate, tolerated=tolerated)
    for certificate in certificates.authorities:
        yield from _dates("ca_files", certificate, now)
        yield from _strength("ca_files", certificate, tolerated=tolerated)
    for revocation in certificates.revocations:
        yield from _currency(revocation, now)
    yield from _chain(certificates)
    yield from _trust(settings, certificates)


def _unencrypted(settings: TlsSettings) -> Iterator[Weakness]:
    message = "does not encrypt: everybody on the way can read what is sent"
    if settings.profile == "null":
        yield Weakness("profile", message, 'write "rfc8996"', note=True)
    for cipher in settings.ciphers:
        if "_WITH_NULL_" in cipher:
            yield Weakness("ciphers", f"{cipher} {message}", "remove it", note=True)


def _dates(key: str, certificate: x509.Certificate, now: datetime) -> Iterator[Weakness]:
    name = certificate.subject.rfc4514_string()
    first, last = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    if last < now:
        yield Weakness(key, f"{name} has expired on {last:%Y-%m-%d}", "renew it", note=False)
    elif last - now < SOON:
        yield Weakness(key, f"{name} expires on {last:%Y-%m-%d}", "renew it", note=True)
    if first > now:
        yield Weakness(key, f"{name} is not valid before {first:%Y-%m-%d}", "check the clock", note=False)


def _strength(key: str, certificate: x509.Certificate, *, tolerated: bool) -> Iterator[Weakness]:
    name, bits = certificate.subject.rfc4514_string(), _missing_bits(certificate)
    if bits is not None:
        yield Weakness(key, f"{name} has a short key", f"make one of {bits} bits or more", note=tolerated)
    algorithm = certificate.signature_hash_algorithm
    if algorithm is not None and algorithm.name in _WEAK_HASHES and certificate.issuer != certificate.subject:
        yield Weakness(key, f"{name} is signed with {algorithm.name}", "have it signed with SHA-256", note=tolerated)


def _missing_bits(certificate: x509.Certificate) -> int | None:
    """How long its key ought to be; ``None`` where it is long enough."""
    public = certificate.public_key()
    if isinstance(public, RSAPublicKey) and public.key_size < _SHORTEST_RSA:
        return _SHORTEST_RSA
    if isinstance(public, EllipticCurvePublicKey) and public.key_size < _SHORTEST_EC:
        return _SHORTEST_EC
    return None


def _currency(revocation: x509.CertificateRevocationList, now: datetime) -> Iterator[Weakness]:
    name, until = revocation.issuer.rfc4514_string(), revocation.next_update_utc
    if until is None:
        return
    if until < now:
        message = f"the list of {name} is out of date since {until:%Y-%m-%d}"
        yield Weakness("crl_files", message, "fetch the current one: whoever it vouches for is refused", note=False)


def _chain(certificates: Certificates) -> Iterator[Weakness]:
    """Each certificate is issued by the next; senders know the authority at the end, but none in between."""
    last = certificates.chain[-1]
    for certificate, issuer in zip(certificates.chain, certificates.chain[1:], strict=False):
        if certificate.issuer != issuer.subject:
            message = f"{certificate.subject.rfc4514_string()} is not followed by the certificate of its issuer"
            yield Weakness("certificate", message, "put them in order: the own one first", note=False)
    roots = {authority.subject for authority in certificates.authorities}
    if last.issuer != last.subject and roots and last.issuer not in roots:
        message = f"the last one's issuer, {last.issuer.rfc4514_string()}, is neither here nor in ca_files"
        yield Weakness("certificate", message, "append it, unless senders know it", note=True)


def _trust(settings: TlsSettings, certificates: Certificates) -> Iterator[Weakness]:
    """Senders that nobody can vouch for, or whose list is missing."""
    if settings.peer_certificate is PeerCertificate.IGNORE:
        return
    if not certificates.authorities and not settings.ca_directories:
        message = "no authority is trusted: whoever shows a certificate is refused"
        yield Weakness("ca_files", message, "name the authority of the senders' certificates", note=True)
    if settings.revocation is Revocation.NONE:
        return
    listed = {revocation.issuer for revocation in certificates.revocations}
    for authority in certificates.authorities:
        if authority.subject not in listed:
            message = f"no list of {authority.subject.rfc4514_string()}: whoever it vouches for is refused"
            yield Weakness("crl_files", message, "add it", note=settings.revocation is Revocation.LEAF)
