"""TLS: from keys, certificates and rules to contexts, and from a handshake to who the peer is."""

from storescpd.access.errors import TlsError
from storescpd.access.tls.context import make_context
from storescpd.access.tls.identity import Identity, identity_of
from storescpd.access.tls.material import Certificates, Material, load_certificates, load_material
from storescpd.access.tls.port import SecurePort
from storescpd.access.tls.settings import PeerCertificate, Revocation, TlsSettings

__all__ = [
    "Certificates",
    "Identity",
    "Material",
    "PeerCertificate",
    "Revocation",
    "SecurePort",
    "TlsError",
    "TlsSettings",
    "identity_of",
    "load_certificates",
    "load_material",
    "make_context",
]
