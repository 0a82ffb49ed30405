"""Keys, certificates and lists, read and understood; what ``ssl`` would only say in riddles is said here.

A DER file is turned into PEM in memory.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes, PublicKeyTypes

from storescpd.access.errors import TlsError
from storescpd.access.tls.settings import TlsSettings
from storescpd.data.tls_suites import FFDHE2048

_PEM = serialization.Encoding.PEM
_LARGEST = 16 << 20
"""Bytes of a file; a CRL of a large authority has a few million."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Certificates:
    """What everybody may see."""

    chain: tuple[x509.Certificate, ...]
    """The own certificate first."""
    authorities: tuple[x509.Certificate, ...]
    revocations: tuple[x509.CertificateRevocationList, ...]

    def trusted_pem(self) -> bytes:
        """Authorities and revocation lists."""
        authorities = b"".join(one.public_bytes(_PEM) for one in self.authorities)
        return authorities + b"".join(one.public_bytes(_PEM) for one in self.revocations)


@dataclass(frozen=True, slots=True)
class Material:
    """What the files hold."""

    key: PrivateKeyTypes = field(repr=False)
    certificates: Certificates
    dh_pem: bytes
    """Diffie-Hellman parameters; not understood here, OpenSSL does."""

    def key_pem(self) -> bytes:
        """Key, then chain, in the clear."""
        return self.key.private_bytes(_PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()) + b"".join(
            certificate.public_bytes(_PEM) for certificate in self.certificates.chain
        )


def load_material(settings: TlsSettings) -> Material:
    """Read all files of [tls].

    Raises:
        TlsError: one of them cannot be read or understood, or key and certificate do not belong together.
    """
    certificates = load_certificates(settings)
    key = _key(settings)
    if _public(key.public_key()) != _public(certificates.chain[0].public_key()):
        raise TlsError("key", f"{settings.key} and the certificate {settings.certificate} do not match")
    return Material(key=key, certificates=certificates, dh_pem=_dh(settings.dh_parameters))


def load_certificates(settings: TlsSettings) -> Certificates:
    """Read all files that need no password.

    Raises:
        TlsError: one of them cannot be read or understood.
    """
    return Certificates(
        chain=_certificates("certificate", settings.certificate, der=settings.der),
        authorities=tuple(
            one for path in settings.ca_files for one in _certificates("ca_files", path, der=settings.der)
        ),
        revocations=tuple(one for path in settings.crl_files for one in _revocations(path, der=settings.der)),
    )


def _public(key: PublicKeyTypes) -> bytes:
    return key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def _content(key: str, path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            content = file.read(_LARGEST + 1)
    except OSError as error:
        raise TlsError(key, f"cannot read {path}: {error.strerror}") from error
    if len(content) > _LARGEST:
        # What is cut off would be missed by nobody.
        raise TlsError(key, f"{path} has more than {_LARGEST} bytes")
    return content


def _parsed(key: str, path: str, what: str, parse: Callable[[bytes], T]) -> T:
    content = _content(key, path)
    try:
        return parse(content)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise TlsError(key, f"{path} is not {what}: {error}") from error


def _certificates(key: str, path: str, *, der: bool) -> tuple[x509.Certificate, ...]:
    if der:
        return (_parsed(key, path, "a DER certificate", x509.load_der_x509_certificate),)
    return tuple(_parsed(key, path, "a PEM certificate", x509.load_pem_x509_certificates))


def _key(settings: TlsSettings) -> PrivateKeyTypes:
    load = serialization.load_der_private_key if settings.der else serialization.load_pem_private_key
    content = _content("key", settings.key)
    try:
        return load(content, settings.password or None)
    except TypeError as error:
        if settings.password:
            # A password for a key without one is not wrong: storescp does not mind either.
            return _key(_without_password(settings))
        raise TlsError("key", f"{settings.key} is encrypted, and there is no password for it") from error
    except (ValueError, UnsupportedAlgorithm) as error:
        kind = "DER" if settings.der else "PEM"
        wrong = "its password is wrong, or it" if settings.password else "it"
        raise TlsError("key", f"{settings.key} cannot be used: {wrong} is not a {kind} private key") from error


def _without_password(settings: TlsSettings) -> TlsSettings:
    return TlsSettings(key=settings.key, certificate=settings.certificate, der=settings.der)


def _revocations(path: str, *, der: bool) -> list[x509.CertificateRevocationList]:
    """A PEM file may have several lists."""
    if der:
        return [_parsed("crl_files", path, "a DER revocation list", x509.load_der_x509_crl)]
    return _parsed("crl_files", path, "a PEM revocation list", _lists)


def _lists(content: bytes) -> list[x509.CertificateRevocationList]:
    end = b"-----END X509 CRL-----"
    parts = content.split(end)[:-1]
    if not parts:
        raise ValueError("there is no X509 CRL in it")
    return [x509.load_pem_x509_crl(part + end + b"\n") for part in parts]


def _dh(path: str) -> bytes:
    """Always PEM, as for storescp."""
    return _content("dh_parameters", path) if path else FFDHE2048.encode()
