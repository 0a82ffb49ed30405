"""The ``SSLContext`` of a port."""

import ssl
import warnings
from collections.abc import Callable

from storescpd.access.errors import TlsError
from storescpd.access.tls.material import Material
from storescpd.access.tls.memory import in_memory
from storescpd.access.tls.settings import PeerCertificate, Revocation, TlsSettings
from storescpd.access.tls.suites import chosen, cipher_list

ALPN = "dicom"
"""Registered with IANA; peers that offer other protocols, or none, are served too."""

_MODES = {
    PeerCertificate.REQUIRE: ssl.CERT_REQUIRED,
    PeerCertificate.VERIFY: ssl.CERT_OPTIONAL,
    PeerCertificate.IGNORE: ssl.CERT_NONE,
}
_REVOCATION = {
    Revocation.NONE: ssl.VerifyFlags(0),
    Revocation.LEAF: ssl.VERIFY_CRL_CHECK_LEAF,
    Revocation.CHAIN: ssl.VERIFY_CRL_CHECK_CHAIN,
}


def make_context(settings: TlsSettings, material: Material) -> ssl.SSLContext:
    """A context for connections as the settings say; nothing is trusted but what they name.

    Raises:
        TlsError: OpenSSL refuses a part of it.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    _limit(context, settings)
    _identify(context, settings, material)
    _trust(context, settings, material)
    context.set_alpn_protocols([ALPN])
    if settings.expected_server_name:
        context.sni_callback = _only(settings.expected_server_name)
    return context


def _limit(context: ssl.SSLContext, settings: TlsSettings) -> None:
    """Versions and suites; our order decides, and no session is resumed by ticket."""
    profile = chosen(settings.profile, settings.ciphers)
    with warnings.catch_warnings():
        # Python warns of old versions; whoever chose such a profile knows.
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version, context.maximum_version = profile.lowest, profile.highest
    try:
        context.set_ciphers(cipher_list(profile))
    except ssl.SSLError as error:
        raise TlsError("profile", f"this OpenSSL has none of its suites: {error.reason}") from error
    context.options |= (
        ssl.OP_CIPHER_SERVER_PREFERENCE
        | ssl.OP_NO_TICKET
        | ssl.OP_NO_COMPRESSION
        | ssl.OP_NO_RENEGOTIATION
        | ssl.OP_SINGLE_DH_USE
    )
    context.num_tickets = 0


def _identify(context: ssl.SSLContext, settings: TlsSettings, material: Material) -> None:
    try:
        with in_memory(material.key_pem()) as path:
            context.load_cert_chain(path)
    except ssl.SSLError as error:
        raise TlsError("certificate", f"{settings.certificate} cannot be used: {error.reason}") from error
    try:
        with in_memory(material.dh_pem) as path:
            context.load_dh_params(path)
    except ssl.SSLError as error:
        raise TlsError("dh_parameters", f"{settings.dh_parameters} cannot be used: {error.reason or error}") from error


def _trust(context: ssl.SSLContext, settings: TlsSettings, material: Material) -> None:
    context.verify_mode = _MODES[settings.peer_certificate]
    context.verify_flags |= _REVOCATION[settings.revocation]
    for directory in settings.ca_directories:
        context.load_verify_locations(capath=directory)
    trusted = material.certificates.trusted_pem()
    if not trusted:
        return
    try:
        with in_memory(trusted) as path:
            context.load_verify_locations(cafile=path)
    except ssl.SSLError as error:
        raise TlsError("ca_files", f"certificates or revocation lists cannot be used: {error.reason}") from error


def _only(expected: str) -> Callable[[ssl.SSLSocket | ssl.SSLObject, str | None, ssl.SSLContext], int | None]:
    """Peers that ask for another name are refused; who asks for none is not (storescp facts 8.1)."""

    def asked(_connection: ssl.SSLSocket | ssl.SSLObject, name: str | None, _context: ssl.SSLContext) -> int | None:
        if name is None or name.lower().rstrip(".") == expected.lower():
            return None
        return ssl.ALERT_DESCRIPTION_UNRECOGNIZED_NAME

    return asked
