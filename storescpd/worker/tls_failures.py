"""Why a TLS handshake failed, in words, and what to do about it."""

import ssl
from typing import Final, NamedTuple

from storescpd.worker.strangers import is_tls, look

OUT_OF_TIME: Final = "the handshake was not finished within association.acse_timeout"


class Failure(NamedTuple):
    """What is told."""

    cause: str
    remedy: str


_OFFER: Final = "let the sender offer TLS 1.2 or newer with a suite of tls.profile, or choose a wider tls.profile"
_TRUST: Final = "give the sender the CA of tls.certificate, and the host name that the certificate is for"
_OWN: Final = "add the CA of the sender's certificate to tls.ca_files"
_NONE: Final = 'give the sender a certificate, or set tls.peer_certificate = "verify"'

_REASONS: Final = {
    "PEER_DID_NOT_RETURN_A_CERTIFICATE": ("the sender has shown no certificate", _NONE),
    "NO_SHARED_CIPHER": ("the sender offers no cipher suite that tls.profile allows", _OFFER),
    "UNSUPPORTED_PROTOCOL": ("the sender offers no TLS version that tls.profile allows", _OFFER),
    "VERSION_TOO_LOW": ("the sender offers no TLS version that tls.profile allows", _OFFER),
    "NO_SUITABLE_SIGNATURE_ALGORITHM": ("the sender takes no signature that our certificate can make", _OFFER),
    "NO_SHARED_SIGNATURE_ALGORITHMS": ("the sender takes no signature that our certificate can make", _OFFER),
    "NO_SUITABLE_GROUPS": ("the sender offers no elliptic curve that we know", _OFFER),
    "TLSV1_ALERT_UNKNOWN_CA": ("the sender does not trust our certificate: unknown CA", _TRUST),
    "SSLV3_ALERT_BAD_CERTIFICATE": ("the sender does not accept our certificate", _TRUST),
    "SSLV3_ALERT_CERTIFICATE_UNKNOWN": ("the sender does not accept our certificate", _TRUST),
    "SSLV3_ALERT_UNSUPPORTED_CERTIFICATE": ("the sender cannot use our kind of certificate", _TRUST),
    "SSLV3_ALERT_CERTIFICATE_EXPIRED": ("the sender says that our certificate has expired", "renew tls.certificate"),
    "SSLV3_ALERT_CERTIFICATE_REVOKED": ("the sender says that our certificate is revoked", "renew tls.certificate"),
    "TLSV1_ALERT_PROTOCOL_VERSION": ("the sender wants another TLS version", _OFFER),
    "SSLV3_ALERT_HANDSHAKE_FAILURE": ("the sender wants other TLS settings than ours", _OFFER),
}
"""By OpenSSL's name for it, which an ssl.SSLError has as its reason."""

_VERIFICATIONS: Final = {
    10: "renew the sender's certificate; check both clocks",
    9: "the sender's certificate is not valid yet: check both clocks",
    23: "the certificate is on a revocation list: give the sender another one",
    3: 'add the CRL of that CA to tls.crl_files; or set tls.crl_check = "none" and remove tls.crl_files',
    12: "get a newer CRL for tls.crl_files",
}
"""By the number of X509_verify_cert; all others are about whom we trust."""


def failure(first: bytes, error: ssl.SSLError | None) -> Failure:
    """What to tell of a handshake; ``first`` is what came first, ``None`` an error that is only lateness."""
    if not is_tls(first):
        seen = look(first, tls=True)
        return Failure(seen.looks_like, seen.remedy)
    if error is None:
        return Failure(OUT_OF_TIME, "look at the sender's log: it may wait for something, or not trust our certificate")
    if isinstance(error, ssl.SSLCertVerificationError):
        return Failure(
            f"the sender's certificate is not accepted: {error.verify_message}",
            _VERIFICATIONS.get(error.verify_code, _OWN),
        )
    if isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError):
        return Failure("the sender closed the connection in the handshake", _TRUST)
    reason = error.reason or str(error)
    return Failure(*_REASONS.get(reason, (f"TLS: {reason.lower().replace('_', ' ')}", "look at the sender's log too")))
