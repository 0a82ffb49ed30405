"""What the contexts do in handshakes: who is trusted, and what is agreed on."""

import contextlib
import shutil
import ssl
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from storescpd.access.tls import PeerCertificate, Revocation, SecurePort, TlsSettings, load_material, make_context
from storescpd.access.tls.port import MOST_SESSIONS
from storescpd.data.tls_suites import SUITES
from tests.support.certificates import client_context, issue, revoke
from tests.support.handshakes import agree, shake
from tests.support.hospital import hospital
from tests.support.tools import need

V1_2, V1_3 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3
DER = serialization.Encoding.DER


@pytest.fixture(scope="module")
def pki(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pki")
    pairs = hospital(folder)
    pairs["ecdsa"] = issue(folder, "ecdsa", pairs["ca"], key=ec.generate_private_key(ec.SECP256R1()))
    return pairs


@pytest.fixture
def settings(pki):
    server, authority = pki["server"], pki["ca"]
    return TlsSettings(str(server.key_file), str(server.certificate_file), ca_files=(str(authority.certificate_file),))


def made(settings: TlsSettings) -> ssl.SSLContext:
    return make_context(settings, load_material(settings))


def client(pki, which: str | None = "valid", version: ssl.TLSVersion | None = None, ciphers: str = ""):
    context = client_context(pki["ca"], None if which is None else pki[which])
    if version is not None:
        context.minimum_version = context.maximum_version = version
    if ciphers:
        context.set_ciphers(ciphers)
    return context


def test_hashed_directories(pki, settings, tmp_path):
    need("openssl")
    trusting = replace(settings, ca_files=(), ca_directories=(str(tmp_path),))
    shutil.copy(pki["ca"].certificate_file, tmp_path / "ca.pem")
    assert not agree(made(trusting), client(pki, version=V1_2))
    subprocess.run(["openssl", "rehash", str(tmp_path)], check=True, capture_output=True)
    assert agree(made(trusting), client(pki, version=V1_2))
    assert not agree(made(trusting), client(pki, "untrusted", V1_2))


def test_the_same_authority_twice(pki, settings):
    assert agree(made(replace(settings, ca_files=settings.ca_files * 2)), client(pki, version=V1_2))


@pytest.mark.parametrize("revocation", Revocation)
def test_revocation_as_openssl_verifies(revocation, pki, settings, tmp_path):
    need("openssl")
    root = pki["ca"]
    good, bad = (issue(tmp_path, name, root, authority=True) for name in ("good", "bad"))
    leaves = [issue(tmp_path, name, issuer) for name, issuer in (("a", good), ("b", good), ("c", bad))]
    lists = [revoke(tmp_path, root, bad), revoke(tmp_path, good, leaves[1]), revoke(tmp_path, bad)]
    authorities = [str(one.certificate_file) for one in (root, good, bad)]
    flags = {Revocation.NONE: [], Revocation.LEAF: ["-crl_check"], Revocation.CHAIN: ["-crl_check", "-crl_check_all"]}
    together = tmp_path / "all.pem"
    together.write_text("".join(Path(path).read_text() for path in [*authorities, *lists]))
    context = made(
        replace(settings, ca_files=tuple(authorities), crl_files=tuple(map(str, lists)), revocation=revocation)
    )
    ours, theirs = [], []
    for leaf in leaves:
        sender = client_context(root, leaf)
        sender.maximum_version = V1_2
        ours.append(agree(context, sender))
        command = ["openssl", "verify", *flags[revocation], "-CAfile", str(together), str(leaf.certificate_file)]
        theirs.append(subprocess.run(command, capture_output=True, check=False).returncode == 0)
    assert ours == theirs
    assert ours == {
        Revocation.NONE: [True, True, True], Revocation.LEAF: [True, False, True],
        Revocation.CHAIN: [True, False, False],
    }[revocation]  # fmt: skip


def test_der_files_serve(pki, settings, tmp_path):
    server, authority = pki["server"], pki["ca"]
    key, certificate, ca, crl = (tmp_path / name for name in ("k", "c", "ca", "crl"))
    private = serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    key.write_bytes(server.key.private_bytes(DER, *private))
    certificate.write_bytes(server.certificate.public_bytes(DER))
    ca.write_bytes(authority.certificate.public_bytes(DER))
    pem = authority.key_file.with_name("ca.crl")
    subprocess.run(["openssl", "crl", "-in", str(pem), "-outform", "DER", "-out", str(crl)], check=True)
    lists = {"crl_files": (str(crl),), "revocation": Revocation.LEAF}
    context = made(TlsSettings(str(key), str(certificate), der=True, ca_files=(str(ca),), **lists))
    assert agree(context, client(pki, version=V1_2))
    assert not agree(context, client(pki, "revoked", V1_2))


@pytest.mark.parametrize("version", [V1_2, V1_3])
@pytest.mark.parametrize(
    ("offered", "chosen"), [(["dicom"], "dicom"), (["http/1.1", "dicom"], "dicom"), (["h2"], None), ([], None)]
)
def test_alpn(version, offered, chosen, pki, settings):
    sender = client(pki, version=version)
    if offered:
        sender.set_alpn_protocols(offered)
    ours, theirs = shake(made(settings), sender)
    assert theirs.selected_alpn_protocol() == ours.selected_alpn_protocol() == chosen


@pytest.mark.parametrize("name", [None, "pacs.example.org", "10.1.2.3"])
def test_any_server_name_is_tolerated(name, pki, settings):
    assert agree(made(settings), client(pki), name)


@pytest.mark.parametrize(("asked", "served"), [(None, True), ("PACS.example.org", True), ("other.example.org", False)])
def test_an_expected_server_name(asked, served, pki, settings):
    assert agree(made(replace(settings, expected_server_name="pacs.example.org")), client(pki), asked) is served


@pytest.mark.parametrize("bits", [0, 2048, 3072])
def test_parameters(bits, pki, settings, tmp_path):
    path = tmp_path / "dh.pem"
    if bits:
        command = ["openssl", "genpkey", "-genparam", "-algorithm", "DH", "-pkeyopt", f"group:ffdhe{bits}"]
        subprocess.run([*command, "-out", str(path)], check=True, capture_output=True)
    context = made(replace(settings, profile="bcp195-nd", dh_parameters=str(path) if bits else ""))
    ours, _ = shake(context, client(pki, version=V1_2, ciphers="DHE-RSA-AES256-GCM-SHA384"))
    assert ours.cipher()[0] == "DHE-RSA-AES256-GCM-SHA384"


ECDHE_GCM = {f"ECDHE-{kind}-{one}" for kind in ("RSA", "ECDSA") for one in ("AES128-GCM-SHA256", "AES256-GCM-SHA384")}
MODIFIED = ECDHE_GCM | {"ECDHE-RSA-CHACHA20-POLY1305", "ECDHE-ECDSA-CHACHA20-POLY1305"} | {
    f"ECDHE-ECDSA-AES{bits}-{mode}" for bits in (128, 256) for mode in ("CCM", "CCM8")
}  # fmt: skip


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
@pytest.mark.parametrize(("profile", "suites"), [("rfc8996", ECDHE_GCM), ("rfc8996-modified", MODIFIED)])
def test_profiles_that_storescp_does_not_have_yet(profile, suites, pki, settings):
    """Every suite of OpenSSL's, offered alone, to a server with an RSA key and to one with an EC key."""
    taken = set()
    for server in ("server", "ecdsa"):
        files = {"key": str(pki[server].key_file), "certificate": str(pki[server].certificate_file)}
        context = made(replace(settings, profile=profile, **files))
        everything = client(pki, ciphers="ALL:COMPLEMENTOFALL:@SECLEVEL=0").get_ciphers()
        for name in {one["name"] for one in everything if not one["name"].startswith("TLS_")}:
            if agree(context, client(pki, version=V1_2, ciphers=f"{name}:@SECLEVEL=0")):
                taken.add(name)
        for version in (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1):
            assert not agree(context, client(pki, version=version, ciphers="ALL:@SECLEVEL=0"))
        assert agree(context, client(pki, version=V1_3))
    assert taken == suites


@pytest.mark.parametrize("profile", ["rfc8996", "rfc8996-modified"])
@pytest.mark.parametrize("version", [V1_2, V1_3])
@pytest.mark.parametrize(
    "key", [rsa.generate_private_key(65537, 1024), ec.generate_private_key(ec.SECP224R1())], ids=["RSA", "EC"]
)
def test_senders_with_short_keys_are_refused(key, version, profile, pki, settings, tmp_path):
    weak, sender = issue(tmp_path, "weak", pki["ca"], key=key), client_context(pki["ca"], None)
    sender.set_ciphers("ALL:@SECLEVEL=0")
    sender.load_cert_chain(weak.certificate_file, weak.key_file)
    sender.minimum_version = sender.maximum_version = version
    assert not agree(made(replace(settings, profile=profile)), sender)
    # bcp195 is for old devices; the curve is nobody's.
    assert agree(made(replace(settings, profile="bcp195")), sender) is isinstance(key, rsa.RSAPrivateKey)


def test_nobody_agrees_with_a_server_of_a_short_curve(pki, settings, tmp_path):
    """Why --check-config calls it an error."""
    short = issue(tmp_path, "short", pki["ca"], key=ec.generate_private_key(ec.SECP224R1()))
    files = {"key": str(short.key_file), "certificate": str(short.certificate_file)}
    context = made(replace(settings, profile="", ciphers=("TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",), **files))
    assert not agree(context, client(pki, version=V1_2, ciphers="ALL:@SECLEVEL=0"))


def test_named_suites_come_on_top(pki, settings):
    context = made(replace(settings, ciphers=("TLS_RSA_WITH_AES_128_CBC_SHA",)))
    assert agree(context, client(pki, version=V1_2, ciphers="AES128-SHA"))
    assert not agree(made(settings), client(pki, version=V1_2, ciphers="AES128-SHA"))
    assert SUITES["TLS_RSA_WITH_AES_128_CBC_SHA"] == "AES128-SHA"


def visit(context: ssl.SSLContext, sender: ssl.SSLContext) -> None:
    """A handshake, and an orderly end: OpenSSL forgets sessions that end otherwise."""
    for end in shake(context, sender):
        with contextlib.suppress(ssl.SSLWantReadError):
            end.unwrap()


@pytest.mark.parametrize("version", [V1_2, V1_3])
def test_sessions_are_bounded(version, pki, settings):
    """OpenSSL's own bound is 20,480 sessions of 10 KiB."""
    port = SecurePort(replace(settings, peer_certificate=PeerCertificate.VERIFY), load_material(settings))
    sender, seen = client(pki, None, version), set()
    for _ in range(MOST_SESSIONS + 20):
        context = port.context()
        seen.add(context)
        visit(context, sender)
        assert context.session_stats()["number"] <= MOST_SESSIONS
    assert len(seen) == (2 if version is V1_2 else 1)


def test_a_new_context_has_the_same_rules(pki, settings):
    port = SecurePort(settings, load_material(settings))
    sender = client(pki, "valid", V1_2)
    for _ in range(MOST_SESSIONS + 1):
        visit(port.context(), sender)
    assert not agree(port.context(), client(pki, "untrusted", V1_2))
    assert not agree(port.context(), client(pki, None, V1_2))


@pytest.mark.parametrize("version", [V1_2, V1_3])
def test_no_tickets(version, pki, settings):
    context, sender = made(settings), client(pki, version=version)
    _, first = shake(context, sender)
    assert first.session is None or not first.session.has_ticket
