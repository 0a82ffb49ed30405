"""Who a certificate says that a peer is."""

import hashlib
from dataclasses import dataclass

from cryptography import x509
from cryptography.x509.oid import NameOID

_SHORT = {
    "CN": NameOID.COMMON_NAME,
    "O": NameOID.ORGANIZATION_NAME,
    "OU": NameOID.ORGANIZATIONAL_UNIT_NAME,
    "C": NameOID.COUNTRY_NAME,
    "ST": NameOID.STATE_OR_PROVINCE_NAME,
    "L": NameOID.LOCALITY_NAME,
    "STREET": NameOID.STREET_ADDRESS,
    "DC": NameOID.DOMAIN_COMPONENT,
    "UID": NameOID.USER_ID,
    "SERIALNUMBER": NameOID.SERIAL_NUMBER,
    "EMAILADDRESS": NameOID.EMAIL_ADDRESS,
    "SN": NameOID.SURNAME,
    "GN": NameOID.GIVEN_NAME,
    "TITLE": NameOID.TITLE,
}
"""Names of attributes (RFC 4514 and OpenSSL); others are written as object identifiers."""


@dataclass(frozen=True, slots=True)
class Identity:
    """A peer's certificate, which was verified."""

    subject: str
    """As RFC 4514 writes it."""
    fingerprint: str
    """SHA-256 of the certificate, in hexadecimal digits."""
    attributes: frozenset[tuple[str, str]]
    """Object identifier and value of each attribute of the subject."""

    def has(self, attribute: str) -> bool:
        """Whether the subject has an attribute, such as ``CN=ct1.example.org``; its value must be equal."""
        name, _, value = attribute.partition("=")
        short = _SHORT.get(name.strip().upper())
        return (short.dotted_string if short else name.strip(), value.strip()) in self.attributes


def identity_of(certificate: bytes) -> Identity | None:
    """Who is named by a certificate in DER; ``None`` where its subject cannot be read."""
    try:
        subject = x509.load_der_x509_certificate(certificate).subject
        attributes = frozenset((one.oid.dotted_string, str(one.value)) for one in subject)
        text = subject.rfc4514_string()
    except ValueError:
        return None
    return Identity(text, hashlib.sha256(certificate).hexdigest(), attributes)
