"""A hospital's little certificate authority, made in memory and written to a directory."""

import datetime as dt
import ssl
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

NOW = dt.datetime.now(dt.UTC)
Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
PEM = serialization.Encoding.PEM


@dataclass(frozen=True, slots=True)
class Pair:
    """A certificate and its key, with the files that hold them."""

    key: Key
    certificate: x509.Certificate
    key_file: Path
    certificate_file: Path


def name(common: str) -> x509.Name:
    """A subject."""
    return x509.Name(
        [x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Hospital"), x509.NameAttribute(NameOID.COMMON_NAME, common)]
    )


def issue(
    folder: Path,
    common: str,
    issuer: Pair | None = None,
    *,
    days: tuple[int, int] = (-2, 30),
    key: Key | None = None,
    authority: bool = False,
) -> Pair:
    """A certificate, of an authority where no issuer is given, valid between these days from now."""
    key = key or rsa.generate_private_key(65537, 2048)
    builder = (
        x509.CertificateBuilder()
        .subject_name(name(common))
        .issuer_name(issuer.certificate.subject if issuer else name(common))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW + dt.timedelta(days=days[0]))
        .not_valid_after(NOW + dt.timedelta(days=days[1]))
        .add_extension(x509.BasicConstraints(ca=authority or issuer is None, path_length=None), critical=True)
    )
    certificate = builder.sign(issuer.key if issuer else key, hashes.SHA256())
    pair = Pair(key, certificate, folder / f"{common}.key", folder / f"{common}.crt")
    pair.key_file.write_bytes(key.private_bytes(PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    pair.key_file.chmod(0o600)
    pair.certificate_file.write_bytes(certificate.public_bytes(PEM))
    return pair


def revoke(folder: Path, authority: Pair, *revoked: Pair, days: tuple[int, int] = (-1, 7)) -> Path:
    """A revocation list, ``ca.crl`` of an authority of the name ca, to be renewed after these days from now."""
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(authority.certificate.subject)
        .last_update(NOW + dt.timedelta(days=days[0]))
        .next_update(NOW + dt.timedelta(days=days[1]))
    )
    for pair in revoked:
        entry = x509.RevokedCertificateBuilder().serial_number(pair.certificate.serial_number)
        builder = builder.add_revoked_certificate(entry.revocation_date(NOW - dt.timedelta(days=1)).build())
    path = folder / authority.certificate_file.with_suffix(".crl").name
    path.write_bytes(builder.sign(authority.key, hashes.SHA256()).public_bytes(PEM))
    return path


def client_context(authority: Pair, own: Pair | None) -> ssl.SSLContext:
    """What a sender speaks that trusts an authority, with its own certificate or without one."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.load_verify_locations(authority.certificate_file)
    if own is not None:
        context.load_cert_chain(own.certificate_file, own.key_file)
    return context
