"""Security profiles and cipher suites (storescp facts 8.3 to 8.5)."""

import ssl
from collections.abc import Iterable
from dataclasses import dataclass
from types import MappingProxyType

from storescpd.access.errors import TlsError
from storescpd.data.tls_suites import GONE, SUITES, TLS_1_3


@dataclass(frozen=True, slots=True)
class Profile:
    """Protocol versions, and suites by their names in OpenSSL."""

    lowest: ssl.TLSVersion
    highest: ssl.TLSVersion
    suites: frozenset[str]
    level: int = 2
    """OpenSSL's security level: 2 wants 112 bits of keys, signatures and groups, 0 wants nothing."""


_GCM = ("AES128-GCM-SHA256", "AES256-GCM-SHA384")
_ECDHE = frozenset(f"ECDHE-{kind}-{cipher}" for kind in ("RSA", "ECDSA") for cipher in _GCM)
_RSA = frozenset(f"{exchange}-RSA-{cipher}" for exchange in ("DHE", "ECDHE") for cipher in _GCM)
_MODIFIED = frozenset(
    name
    for name in SUITES.values()
    if name.startswith("ECDHE-") and ("GCM" in name or "CCM" in name or "CHACHA20" in name)
)
_V1, _V12, _V13 = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3

PROFILES = MappingProxyType(
    {
        "rfc8996": Profile(_V12, _V13, _ECDHE),
        "rfc8996-modified": Profile(_V12, _V13, _MODIFIED),
        "bcp195-nd": Profile(_V12, _V13, _RSA),
        # TLS 1.0 and 1.1 need SHA-1 in their handshake, which levels above 0 refuse.
        "bcp195": Profile(_V1, _V13, _RSA | {"AES128-SHA"}, level=0),
        "bcp195-extended": Profile(_V12, _V12, _RSA | _ECDHE),
        "aes": Profile(_V1, _V12, frozenset({"AES128-SHA"}), level=0),
        "null": Profile(_V1, _V12, frozenset({"NULL-SHA"}), level=0),
        # What was named alone decides; in TLS 1.3 nothing can be named.
        "": Profile(_V12, _V12, frozenset()),
    }
)


def chosen(profile: str, ciphers: Iterable[str]) -> Profile:
    """A profile with the named suites added.

    Raises:
        TlsError: a suite cannot be used.
    """
    base = PROFILES[profile]
    named = frozenset(_openssl_name(cipher) for cipher in ciphers)
    unencrypted = any(name.startswith("NULL-") for name in named)
    return Profile(base.lowest, base.highest, base.suites | named, 0 if unencrypted else base.level)


def _openssl_name(iana: str) -> str:
    if iana in TLS_1_3:
        raise TlsError("ciphers", f"{iana} belongs to TLS 1.3, whose suites cannot be chosen with this Python")
    name = SUITES.get(iana)
    if name is None and iana in GONE:
        raise TlsError("ciphers", f"{iana} is broken, and not offered by current OpenSSL")
    if name is None:
        raise TlsError("ciphers", f"{iana} is not a suite that is known here")
    if not is_available(name):
        raise TlsError("ciphers", f"this OpenSSL ({ssl.OPENSSL_VERSION}) does not have {iana}")
    return name


def is_available(name: str) -> bool:
    """Whether this OpenSSL has a suite at all."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.set_ciphers(f"{name}:@SECLEVEL=0")
    except ssl.SSLError:
        return False
    return any(cipher["name"] == name for cipher in context.get_ciphers())


def cipher_list(profile: Profile) -> str:
    """OpenSSL's notation (ciphers(1)), strongest first."""
    ordered = [name for name in reversed(tuple(SUITES.values())) if name in profile.suites]
    return ":".join([*ordered, f"@SECLEVEL={profile.level}"])
