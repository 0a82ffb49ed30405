"""The certificates of a hospital and of its senders, and receivers that know them."""

from pathlib import Path

from tests.support.certificates import Pair, issue, revoke

WHICH = ("valid", "absent", "untrusted", "expired", "revoked")
MODES = {"require": "-rc", "verify": "-vc", "ignore": "-ic"}
"""Of [tls], and of storescp."""
PASSES = {
    "require": {"valid"},
    "verify": {"valid", "absent"},
    "ignore": {"valid", "absent", "untrusted", "expired", "revoked"},
}
"""Who gets in (storescp facts 8.2)."""

Pki = dict[str, Pair]


def hospital(folder: Path) -> Pki:
    """An authority, a server, and senders of each kind; ``ca.crl`` lists the revoked one."""
    authority, other = issue(folder, "ca"), issue(folder, "otherca")
    pairs = {
        "ca": authority,
        "server": issue(folder, "server", authority),
        "valid": issue(folder, "ct1.example.org", authority),
        "expired": issue(folder, "expired", authority, days=(-9, -1)),
        "revoked": issue(folder, "revoked", authority),
        "untrusted": issue(folder, "untrusted", other),
    }
    revoke(folder, authority, pairs["revoked"])
    return pairs


def tls_section(pki: Pki, **over: object) -> dict[str, object]:
    """[tls] of its receiver."""
    server, authority = pki["server"], pki["ca"]
    return {
        "key": str(server.key_file),
        "certificate": str(server.certificate_file),
        "ca_files": [str(authority.certificate_file)],
        "crl_files": [str(authority.key_file.with_name("ca.crl"))],
        "crl_check": "leaf",
        **over,
    }


def config(pki: Pki, **over: object) -> dict[str, object]:
    """One port, with TLS; the rest is what [tls] has besides."""
    listeners = [{"name": "dicom", "address": "127.0.0.1", "port": 0, "tls": True}]
    return {"listeners": listeners, "tls": tls_section(pki, **over)}


def options(pki: Pki, mode: str) -> list[str]:
    """The same for storescp."""
    server, authority = pki["server"], pki["ca"]
    files = ["+tls", str(server.key_file), str(server.certificate_file), "+cf", str(authority.certificate_file)]
    return [*files, "+crl", str(authority.key_file.with_name("ca.crl")), MODES[mode]]
