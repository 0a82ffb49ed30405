"""What --check-config says of keys and certificates: where, what, and what to do."""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest
import tomli_w
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from storescpd.cli.check import problems_of
from storescpd.config import Environment
from tests.support.certificates import PEM, Pair, issue, revoke

Problems = list[tuple[str, str, str, bool]]


@dataclass(frozen=True, slots=True)
class Place:
    """A directory with an authority."""

    folder: Path
    authority: Pair

    def server(self, **options) -> dict[str, object]:
        """[tls] with a certificate like this."""
        pair = issue(self.folder, "server", self.authority, **{"days": (-1, 99), **options})
        return {
            "key": str(pair.key_file),
            "certificate": str(pair.certificate_file),
            "ca_files": [str(self.authority.certificate_file)],
        }

    def found(self, **tls) -> Problems:
        """Key, text, remedy, and whether it is a note."""
        listeners = [{"name": "dicom", "address": "127.0.0.1", "port": 0, "tls": True}]
        storage = {"directory": str(self.folder), "min_free": 0}
        path = self.folder / "c.toml"
        path.write_text(tomli_w.dumps({"listeners": listeners, "storage": storage, "tls": tls}))
        # A password may stand in it.
        path.chmod(0o600)
        problems = problems_of(path, Environment(), ())
        assert all(problem.line for problem in problems)
        return [(problem.key, problem.message, problem.remedy, problem.note) for problem in problems]


@pytest.fixture
def place(tmp_path):
    return Place(tmp_path, issue(tmp_path, "ca", days=(-9, 900)))


def expect(found: Problems, key: str, told: str, remedy: str, *, note: bool) -> None:
    assert [(one[0], one[3]) for one in found if told in one[1] and remedy in one[2]] == [(key, note)], found


def test_nothing_to_say(place):
    assert place.found(**place.server()) == []


@pytest.mark.parametrize(
    ("days", "told", "note"),
    [((-9, -1), "CN=server,O=Hospital has expired", False), ((-1, 9), "CN=server,O=Hospital expires on", True),
     ((1, 99), "CN=server,O=Hospital is not valid before", False)],
)  # fmt: skip
def test_dates(days, told, note, place):
    expect(place.found(**place.server(days=days)), "tls.certificate", told, "", note=note)


def test_an_authority_that_ends(place):
    tls = place.server()
    old, ending = issue(place.folder, "old", days=(-9, -1)), issue(place.folder, "ending", days=(-9, 9))
    found = place.found(
        **{**tls, "ca_files": [*tls["ca_files"], *(str(one.certificate_file) for one in (old, ending))]}
    )
    expect(found, "tls.ca_files", "CN=old,O=Hospital has expired", "renew", note=False)
    expect(found, "tls.ca_files", "CN=ending,O=Hospital expires on", "renew", note=True)


@pytest.mark.parametrize(
    ("kind", "told", "remedy"),
    [
        ({"key": rsa.generate_private_key(65537, 1024)}, "short key", "2048 bits"),
        ({"key": ec.generate_private_key(ec.SECP224R1())}, "short key", "256 bits"),
    ],
    ids=["RSA", "EC"],
)
def test_weak_certificates(kind, told, remedy, place):
    expect(place.found(**place.server(**kind)), "tls.certificate", told, remedy, note=False)
    # Profiles for old devices tolerate them.
    expect(place.found(**place.server(**kind), profile="aes"), "tls.certificate", told, remedy, note=True)


def test_a_weak_hash(place):
    tls, request, authority = place.server(), place.folder / "request", place.authority
    signed = ["-CA", str(authority.certificate_file), "-CAkey", str(authority.key_file), "-days", "99", "-sha1"]
    for command in (
        ["req", "-new", "-key", tls["key"], "-subj", "/CN=sha1", "-out", str(request)],
        ["x509", "-req", "-in", str(request), *signed, "-out", tls["certificate"]],
    ):
        subprocess.run(["openssl", *command], check=True, capture_output=True)
    expect(place.found(**tls), "tls.certificate", "CN=sha1 is signed with sha1", "SHA-256", note=False)
    expect(place.found(**tls, profile="aes"), "tls.certificate", "signed with sha1", "SHA-256", note=True)


def test_a_weak_authority(place):
    weak = issue(place.folder, "weak", key=rsa.generate_private_key(65537, 1024), days=(-1, 99))
    found = place.found(**{**place.server(), "ca_files": [str(weak.certificate_file)]})
    expect(found, "tls.ca_files", "CN=weak,O=Hospital has a short key", "2048", note=False)


def test_revocation_lists(place):
    revoke(place.folder, place.authority, days=(-9, -1))
    tls = {**place.server(), "crl_files": [str(place.folder / "ca.crl")], "crl_check": "leaf"}
    expect(place.found(**tls), "tls.crl_files", "list of CN=ca,O=Hospital is out of date", "fetch", note=False)
    revoke(place.folder, place.authority)
    assert place.found(**tls) == []
    other = issue(place.folder, "other", days=(-1, 99))
    tls["ca_files"] = [*tls["ca_files"], str(other.certificate_file)]
    expect(place.found(**tls), "tls.crl_files", "no list of CN=other,O=Hospital", "add", note=True)
    tls["crl_check"] = "chain"
    expect(place.found(**tls), "tls.crl_files", "no list of CN=other,O=Hospital", "add", note=False)


def test_chains(place):
    tls, other = place.server(), issue(place.folder, "other", days=(-1, 99))
    found = place.found(**{**tls, "ca_files": [str(other.certificate_file)]})
    expect(found, "tls.certificate", "CN=ca,O=Hospital, is neither here nor in ca_files", "append", note=True)

    intermediate = issue(place.folder, "middle", place.authority, authority=True, days=(-1, 99))
    leaf = issue(place.folder, "leaf", intermediate, days=(-1, 99))
    whole, missing, mixed = (place.folder / name for name in ("whole", "missing", "mixed"))
    own, middle = leaf.certificate_file.read_text(), intermediate.certificate_file.read_text()
    for path, text in ((whole, own + middle), (missing, own), (mixed, own + other.certificate_file.read_text())):
        path.write_text(text)
    tls["key"] = str(leaf.key_file)
    assert place.found(**{**tls, "certificate": str(whole)}) == []
    found = place.found(**{**tls, "certificate": str(missing)})
    expect(found, "tls.certificate", "CN=middle,O=Hospital, is neither here nor", "append", note=True)
    found = place.found(**{**tls, "certificate": str(mixed)})
    expect(found, "tls.certificate", "not followed by the certificate of its issuer", "in order", note=False)


def test_keys(place):
    tls, other = place.server(), issue(place.folder, "other", days=(-1, 99))
    expect(place.found(**{**tls, "key": str(other.key_file)}), "tls.key", "do not match", "correct", note=False)
    os.chmod(tls["key"], 0o644)
    expect(place.found(**tls), "tls.key", "everyone can read", "chmod o-rwx", note=True)
    expect(place.found(**{**tls, "key": "/no/such/key"}), "tls.key", "no file", "correct", note=False)


def test_encrypted_keys(place):
    tls, key = place.server(), place.folder / "encrypted.key"
    loaded = serialization.load_pem_private_key(Path(tls["key"]).read_bytes(), None)
    secret = serialization.BestAvailableEncryption(b"secret")
    key.write_bytes(loaded.private_bytes(PEM, serialization.PrivateFormat.PKCS8, secret))
    key.chmod(0o600)
    tls["key"] = str(key)
    assert place.found(**tls, password="secret") == []
    expect(place.found(**tls, password="wrong"), "tls.key", "password is wrong", "correct", note=False)
    expect(place.found(**tls), "tls.key", "no password", "correct", note=False)
    expect(place.found(**tls, prompt_password=True), "tls.prompt_password", "key was not checked", "", note=True)
    (place.folder / "password").write_text("secret\nanything\n")
    assert place.found(**tls, password_file=str(place.folder / "password")) == []


def test_a_prompt_does_not_hide_the_rest(place):
    found = place.found(**place.server(days=(-9, -1)), prompt_password=True)
    expect(found, "tls.certificate", "has expired", "renew", note=False)


def test_no_authority(place):
    tls = {**place.server(), "ca_files": []}
    expect(place.found(**tls), "tls.ca_files", "whoever shows a certificate is refused", "name", note=True)
    assert place.found(**tls, peer_certificate="ignore") == []


def test_weak_parameters(place):
    path = place.folder / "dh.pem"
    subprocess.run(["openssl", "dhparam", "-out", str(path), "512"], check=True, capture_output=True)
    found = place.found(**place.server(), dh_parameters=str(path))
    expect(found, "tls.dh_parameters", "cannot be used", "correct", note=False)


def test_no_encryption(place):
    tls = place.server()
    expect(place.found(**tls, profile="null"), "tls.profile", "does not encrypt", "rfc8996", note=True)
    found = place.found(**tls, profile="", ciphers=["TLS_RSA_WITH_NULL_SHA"])
    expect(found, "tls.ciphers", "TLS_RSA_WITH_NULL_SHA does not encrypt", "remove", note=True)


def test_suites(place):
    found = place.found(**place.server(), ciphers=["TLS_RSA_WITH_RC4_128_SHA"])
    expect(found, "tls.ciphers", "is broken", "correct", note=False)
