"""What a port with TLS is like (contract, [tls])."""

from dataclasses import dataclass, field
from enum import Enum


class PeerCertificate(Enum):
    """What is wanted of a peer's certificate (storescp facts 8.2)."""

    REQUIRE = "require"
    """One that is trusted."""
    VERIFY = "verify"
    """None, or one that is trusted."""
    IGNORE = "ignore"
    """Nothing; it is not asked for."""


class Revocation(Enum):
    """Which certificates of a chain are looked up in the revocation lists."""

    NONE = "none"
    LEAF = "leaf"
    CHAIN = "chain"


@dataclass(frozen=True, slots=True)
class TlsSettings:
    """Paths are of files that can be read now: names of credentials have been resolved."""

    key: str
    certificate: str
    der: bool = False
    """All files are DER, not PEM."""
    password: bytes | None = field(default=None, repr=False)
    """``None`` where none is given."""
    ca_files: tuple[str, ...] = ()
    ca_directories: tuple[str, ...] = ()
    crl_files: tuple[str, ...] = ()
    revocation: Revocation = Revocation.NONE
    profile: str = "rfc8996"
    """A key of ``suites.PROFILES``."""
    ciphers: tuple[str, ...] = ()
    """IANA names, added to those of the profile."""
    expected_server_name: str = ""
    dh_parameters: str = ""
    peer_certificate: PeerCertificate = PeerCertificate.REQUIRE
