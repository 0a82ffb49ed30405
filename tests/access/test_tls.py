"""Contexts from keys, certificates, profiles and suites; what cannot be used is said."""

import ssl
import subprocess
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives import serialization

from storescpd.access.tls import TlsError, TlsSettings, load_material, make_context
from storescpd.access.tls.identity import identity_of
from tests.support.certificates import issue

DER = serialization.Encoding.DER


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    return issue(tmp_path_factory.mktemp("tls"), "server")


@pytest.fixture
def settings(pair):
    return TlsSettings(str(pair.key_file), str(pair.certificate_file))


def made(settings: TlsSettings) -> ssl.SSLContext:
    return make_context(settings, load_material(settings))


def names(context: ssl.SSLContext) -> list[str]:
    return [one["name"] for one in context.get_ciphers() if not one["name"].startswith("TLS_")]


@pytest.mark.parametrize(
    ("profile", "versions", "suites"),
    [
        ("rfc8996", ("TLSv1_2", "TLSv1_3"),
         ["ECDHE-RSA-AES256-GCM-SHA384", "ECDHE-ECDSA-AES256-GCM-SHA384",
          "ECDHE-RSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES128-GCM-SHA256"]),
        ("bcp195-nd", ("TLSv1_2", "TLSv1_3"),
         ["ECDHE-RSA-AES256-GCM-SHA384", "DHE-RSA-AES256-GCM-SHA384",
          "ECDHE-RSA-AES128-GCM-SHA256", "DHE-RSA-AES128-GCM-SHA256"]),
        ("bcp195", ("TLSv1", "TLSv1_3"),
         ["ECDHE-RSA-AES256-GCM-SHA384", "DHE-RSA-AES256-GCM-SHA384",
          "ECDHE-RSA-AES128-GCM-SHA256", "DHE-RSA-AES128-GCM-SHA256", "AES128-SHA"]),
        ("aes", ("TLSv1", "TLSv1_2"), ["AES128-SHA"]),
        ("null", ("TLSv1", "TLSv1_2"), ["NULL-SHA"]),
    ],
)  # fmt: skip
def test_profiles(profile, versions, suites, settings):
    context = made(replace(settings, profile=profile))
    assert (context.minimum_version.name, context.maximum_version.name) == versions
    assert names(context) == suites


def test_suites_are_added_in_our_own_order(settings):
    context = made(
        replace(settings, profile="", ciphers=("TLS_RSA_WITH_AES_128_CBC_SHA", "TLS_RSA_WITH_AES_256_CBC_SHA"))
    )
    assert names(context) == ["AES256-SHA", "AES128-SHA"]
    assert context.maximum_version is ssl.TLSVersion.TLSv1_2


@pytest.mark.parametrize(
    ("cipher", "told"),
    [
        ("TLS_AES_128_GCM_SHA256", "TLS 1.3"),
        ("TLS_RSA_WITH_RC4_128_SHA", "broken"),
        ("TLS_RSA_WITH_3DES_EDE_CBC_SHA", "broken"),
        ("TLS_ECDHE_RSA_WITH_CAMELLIA_128_GCM_SHA256", "does not have"),
        ("TLS_RSA_WITH_NOTHING", "not a suite"),
    ],
)
def test_suites_that_cannot_be_used(cipher, told, settings):
    with pytest.raises(TlsError, match=told):
        made(replace(settings, ciphers=(cipher,)))


def test_der_files(pair, settings, tmp_path):
    key, certificate = tmp_path / "k.der", tmp_path / "c.der"
    key.write_bytes(pair.key.private_bytes(DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    certificate.write_bytes(pair.certificate.public_bytes(DER))
    made(TlsSettings(str(key), str(certificate), der=True))
    with pytest.raises(TlsError, match="not a PEM"):
        made(TlsSettings(str(key), str(certificate)))


@pytest.mark.parametrize(
    ("password", "told"),
    [(b"secret", None), (b"wrong", "password is wrong"), (None, "no password")],
)
def test_encrypted_keys(password, told, pair, settings, tmp_path):
    key = tmp_path / "k.pem"
    encryption = serialization.BestAvailableEncryption(b"secret")
    key.write_bytes(pair.key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption))
    wanted = replace(settings, key=str(key), password=password)
    if told is None:
        made(wanted)
        return
    with pytest.raises(TlsError, match=told):
        made(wanted)


@pytest.mark.parametrize("name", ["key", "certificate", "dh_parameters"])
def test_files_that_are_not_there(name, settings):
    with pytest.raises(TlsError, match="cannot read") as caught:
        made(replace(settings, **{name: "/no/such/file"}))
    assert caught.value.key == name


@pytest.mark.parametrize("name", ["ca_files", "crl_files"])
def test_lists_of_files_that_are_not_there(name, settings):
    with pytest.raises(TlsError, match="cannot read") as caught:
        made(replace(settings, **{name: ("/no/such/file",)}))
    assert caught.value.key == name


def test_a_file_too_long_is_not_cut(pair, settings, tmp_path):
    path = tmp_path / "long.pem"
    path.write_bytes(pair.certificate_file.read_bytes() + b"\n" * (16 << 20))
    with pytest.raises(TlsError, match="more than"):
        made(replace(settings, ca_files=(str(path),)))


def test_weak_parameters_are_refused(settings, tmp_path):
    path = tmp_path / "dh.pem"
    subprocess.run(["openssl", "dhparam", "-out", str(path), "512"], check=True, capture_output=True)
    with pytest.raises(TlsError, match=r"dh\.pem"):
        made(replace(settings, dh_parameters=str(path)))


def test_attributes_of_a_subject(pair):
    who = identity_of(pair.certificate.public_bytes(DER))
    assert who.has("CN=server")
    assert who.has("2.5.4.3=server")
    assert who.has("O=Hospital")
    assert not who.has("CN=serve")
    assert not who.has("CN=SERVER")
    assert len(who.fingerprint) == 64
