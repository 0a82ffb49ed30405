"""What --check-config says of keys and certificates."""

import subprocess
import sys

import pytest
import tomli_w

from tests.support.certificates import issue


def checked(tmp_path, **tls) -> tuple[int, str]:
    out = tmp_path / "out"
    out.mkdir(exist_ok=True)
    config = {
        "listeners": [{"name": "dicom", "address": "127.0.0.1", "port": 0, "tls": True}],
        "storage": {"directory": str(out), "min_free": 0},
        "tls": tls,
    }
    path = tmp_path / "c.toml"
    path.write_text(tomli_w.dumps(config))
    command = [sys.executable, "-m", "storescpd", "--check-config", "--config", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.returncode, done.stderr


@pytest.mark.parametrize(
    ("days", "status", "told"),
    [((-9, -1), 78, "has expired"), ((-1, 9), 0, "expires on"), ((1, 99), 78, "not valid before"), ((-1, 99), 0, "")],
)
def test_dates(days, status, told, tmp_path):
    authority = issue(tmp_path, "ca", days=(-9, 900))
    pair = issue(tmp_path, "server", authority, days=days)
    files = {"key": str(pair.key_file), "certificate": str(pair.certificate_file)}
    found, said = checked(tmp_path, **files, ca_files=[str(authority.certificate_file)])
    assert found == status
    assert told in said
    assert bool(told) == ("CN=server" in said)


def test_others(tmp_path):
    authority, other = issue(tmp_path, "ca", days=(-9, 900)), issue(tmp_path, "other", days=(-9, 900))
    pair = issue(tmp_path, "server", authority, days=(-1, 99))
    files = {"key": str(pair.key_file), "certificate": str(pair.certificate_file)}
    assert "do not match" in checked(tmp_path, **{**files, "key": str(other.key_file)})[1]
    assert "neither here nor in ca_files" in checked(tmp_path, **files, ca_files=[str(other.certificate_file)])[1]
    assert "is broken" in checked(tmp_path, **files, ciphers=["TLS_RSA_WITH_RC4_128_SHA"])[1]
    pair.key_file.chmod(0o644)
    assert "everyone can read" in checked(tmp_path, **files)[1]
