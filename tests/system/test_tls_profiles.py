"""Versions and suites of each security profile: storescp's, where it has them (storescp facts 8.5)."""

import socket
import ssl
import subprocess

import pytest

from tests.support.certificates import client_context
from tests.support.daemon import NotStarted, storescpd
from tests.support.hospital import Pki, config, hospital, options
from tests.support.processes import eventually
from tests.support.reference import storescp
from tests.support.tools import need

pytestmark = pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")

PROFILES = {"bcp195-nd": "+py", "bcp195": "+px", "bcp195-extended": "+pz", "aes": "+pa", "null": "+pn"}
"""Ours, and storescp 3.6.7's options."""
WEAK = ("NULL", "aNULL", "EXPORT", "LOW", "MEDIUM", "3DES", "RC4", "kRSA", "SHA1", "CBC", "CAMELLIA", "ARIA", "PSK",
        "DSS", "MD5", "kDHE")  # fmt: skip
"""Families of suites (ciphers(1)) that nobody should get by default."""
WEAKEST = "ALL:COMPLEMENTOFALL:@SECLEVEL=0"


@pytest.fixture(scope="module")
def pki(tmp_path_factory):
    return hospital(tmp_path_factory.mktemp("pki"))


def sender(pki: Pki, version: str, ciphers: str = WEAKEST) -> ssl.SSLContext:
    """One that takes anything, but this version alone."""
    context = client_context(pki["ca"], pki["valid"])
    context.set_ciphers(ciphers)
    context.minimum_version = context.maximum_version = ssl.TLSVersion[version]
    return context


def suites(pki: Pki) -> list[str]:
    """All that this OpenSSL has for TLS 1.2 and earlier, with an RSA key at the server."""
    names = [one["name"] for one in sender(pki, "TLSv1_2").get_ciphers()]
    return sorted(name for name in names if not name.startswith(("TLS_", "PSK", "SRP")) and "PSK" not in name)


def agreed(port: int, context: ssl.SSLContext) -> tuple[str, str] | None:
    """Version and suite, where there are any."""
    with socket.create_connection(("127.0.0.1", port), 20) as plain:
        try:
            with context.wrap_socket(plain) as secure:
                return secure.version(), secure.cipher()[0]
        except (ssl.SSLError, ConnectionError):
            return None


def offers(pki: Pki, port: int) -> set[tuple[str, str]]:
    """Every version and suite that a port takes when nothing else is offered."""
    tried = [sender(pki, "TLSv1_3"), *(sender(pki, "TLSv1_2", f"{name}:@SECLEVEL=0") for name in suites(pki))]
    # Earlier versions have no suites that 1.2 has not.
    tried += [sender(pki, version) for version in ("TLSv1", "TLSv1_1")]
    return {found for context in tried if (found := agreed(port, context))}


@pytest.mark.parametrize("profile", PROFILES)
def test_profiles_are_those_of_storescp(profile, pki, tmp_path):
    need("storescp")
    with storescp(tmp_path / "reference", *options(pki, "require"), PROFILES[profile]) as reference:
        theirs = offers(pki, reference.port)
    with storescpd(tmp_path / "out", config(pki, profile=profile)) as daemon:
        ours = offers(pki, daemon.port)
    assert theirs
    assert ours == theirs


def test_the_default_profile_is_stricter_than_that_of_storescp(pki, tmp_path):
    """docs/differences.md: default-profile, suite-order."""
    need("storescp")
    with storescp(tmp_path / "reference", *options(pki, "require")) as reference:
        theirs, their_choice = offers(pki, reference.port), agreed(reference.port, sender(pki, "TLSv1_2"))
    with storescpd(tmp_path / "out", config(pki)) as daemon:
        ours, our_choice = offers(pki, daemon.port), agreed(daemon.port, sender(pki, "TLSv1_2"))
    assert {suite for _, suite in theirs - ours} == {"DHE-RSA-AES128-GCM-SHA256", "DHE-RSA-AES256-GCM-SHA384"}
    assert ours < theirs
    assert {version for version, _ in ours} == {"TLSv1.2", "TLSv1.3"}
    assert their_choice == ("TLSv1.2", "DHE-RSA-AES256-GCM-SHA384")
    assert our_choice == ("TLSv1.2", "ECDHE-RSA-AES256-GCM-SHA384")


def probe(port: int, pki: Pki, *more: str, said: str = "") -> str:
    """What openssl s_client tells."""
    pair = pki["valid"]
    own = ["-cert", str(pair.certificate_file), "-key", str(pair.key_file), "-CAfile", str(pki["ca"].certificate_file)]
    command = ["openssl", "s_client", "-connect", f"127.0.0.1:{port}", *own, *more]
    done = subprocess.run(command, input=said, capture_output=True, text=True, check=False, timeout=60)
    return done.stdout + done.stderr


def test_what_a_scanner_looks_for(pki, tmp_path):
    """As testssl.sh does it: each weakness asked for by name."""
    need("openssl")
    with storescpd(tmp_path / "out", config(pki)) as daemon:
        for version in ("-tls1", "-tls1_1"):
            said = probe(daemon.port, pki, version, "-cipher", WEAKEST)
            assert "Cipher is (NONE)" in said
        for family in WEAK:
            said = probe(daemon.port, pki, "-tls1_2", "-cipher", f"{family}:@SECLEVEL=0")
            assert "Cipher is (NONE)" in said or "no cipher match" in said, family
        said = probe(daemon.port, pki, "-tls1_2", "-cipher", "DEFAULT@SECLEVEL=0")
        assert "Cipher is ECDHE-RSA-AES256-GCM-SHA384" in said
        assert "Secure Renegotiation IS supported" in said
        assert "Compression: NONE" in said
        assert "TLS session ticket:" not in said
        # A weaker group, and signatures with SHA-1.
        for more in (("-groups", "P-224"), ("-sigalgs", "RSA+SHA1")):
            said = probe(daemon.port, pki, "-tls1_2", "-cipher", "DEFAULT@SECLEVEL=0", *more)
            assert "Cipher is (NONE)" in said, more
        assert "renegotiation" in probe(daemon.port, pki, "-tls1_2", said="R\n").lower()


@pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])
def test_no_tickets(version, pki, tmp_path):
    """docs/differences.md: session-tickets; OpenSSL's memory of TLS 1.2 sessions is bounded (test_tls_handshakes)."""
    need("storescp", "openssl")
    with storescpd(tmp_path / "out", config(pki)) as daemon:
        session = tmp_path / "session.pem"
        said = probe(daemon.port, pki, version, "-sess_out", str(session))
        assert "New, TLSv1" in said
        assert "TLS session ticket:" not in said
        assert session.exists() is (version == "-tls1_2")
        # Five times more, with what was remembered.
        assert "Cipher is (NONE)" not in probe(daemon.port, pki, version, "-reconnect")
        assert "handshake failed" not in daemon.log()
    with storescp(tmp_path / "reference", *options(pki, "require")) as reference:
        assert version == "-tls1_3" or "TLS session ticket:" in probe(reference.port, pki, version)


@pytest.mark.parametrize("bits", [2048, 3072])
def test_parameters_of_a_file_are_given_to_senders(bits, pki, tmp_path):
    need("openssl")
    path = tmp_path / "dh.pem"
    command = ["openssl", "genpkey", "-genparam", "-algorithm", "DH", "-pkeyopt", f"group:ffdhe{bits}"]
    subprocess.run([*command, "-out", str(path)], check=True, capture_output=True)
    with storescpd(tmp_path / "out", config(pki, profile="bcp195-nd", dh_parameters=str(path))) as daemon:
        said = probe(daemon.port, pki, "-tls1_2", "-cipher", "DHE-RSA-AES256-GCM-SHA384")
        assert f"Server Temp Key: DH, {bits} bits" in said


def test_weak_parameters_are_refused(pki, tmp_path):
    """storescp warns and gives them to senders (docs/differences.md: weak-dh-parameters)."""
    need("storescp", "openssl")
    path = tmp_path / "dh.pem"
    subprocess.run(["openssl", "dhparam", "-out", str(path), "1024"], check=True, capture_output=True)
    weak = ("-tls1_2", "-cipher", "DHE-RSA-AES256-GCM-SHA384:@SECLEVEL=0")
    with storescp(tmp_path / "reference", *options(pki, "require"), "+dp", str(path)) as reference:
        eventually(lambda: "too short" in reference.log())
        assert "Server Temp Key: DH, 1024 bits" in probe(reference.port, pki, *weak)
    with pytest.raises(NotStarted, match=r"tls\.dh_parameters: .*dh\.pem cannot be used"):
        with storescpd(tmp_path / "out", config(pki, profile="bcp195-nd", dh_parameters=str(path))):
            pass
    with storescpd(tmp_path / "old", config(pki, profile="bcp195", dh_parameters=str(path))) as daemon:
        assert "Server Temp Key: DH, 1024 bits" in probe(daemon.port, pki, *weak)
