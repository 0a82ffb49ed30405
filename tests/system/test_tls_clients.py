"""Who gets in by which certificate, asked by four TLS clients of us and of storescp (storescp facts 8.2)."""

import contextlib
import itertools
import ssl
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from pydicom.data import get_testdata_file
from pynetdicom import AE
from pynetdicom.sop_class import Verification

from tests.support.certificates import client_context
from tests.support.daemon import storescpd
from tests.support.hospital import MODES, PASSES, WHICH, Pki, config, hospital, options
from tests.support.processes import end
from tests.support.rawclient import IMPLICIT_LITTLE, VERIFICATION, associate_request
from tests.support.reference import storescp
from tests.support.tools import need

VERSIONS = ("TLSv1.2", "TLSv1.3")
REQUEST = associate_request([(1, VERIFICATION, [IMPLICIT_LITTLE])])


@pytest.fixture(scope="module")
def pki(tmp_path_factory):
    return hospital(tmp_path_factory.mktemp("pki"))


@pytest.fixture(scope="module")
def image():
    return Path(str(get_testdata_file("CT_small.dcm")))


def dcmtk(program: str, *after: str) -> Callable[[Pki, str, str, int], bool]:
    """A program of DCMTK; its own choice is the newest version."""

    def served(pki: Pki, which: str, version: str, port: int) -> bool:
        own = ["+tla"] if which == "absent" else ["+tls", str(pki[which].key_file), str(pki[which].certificate_file)]
        profile = ["--profile-bcp195-ex"] if version == "TLSv1.2" else ["--profile-bcp195-nd"]
        command = [program, *own, "+cf", str(pki["ca"].certificate_file), *profile, "127.0.0.1", str(port), *after]
        return subprocess.run(command, capture_output=True, check=False, timeout=60).returncode == 0

    return served


def s_client(pki: Pki, which: str, version: str, port: int) -> bool:
    """openssl s_client; served is who gets an acceptance."""
    own = [] if which == "absent" else ["-cert", str(pki[which].certificate_file), "-key", str(pki[which].key_file)]
    version = {"TLSv1.2": "-tls1_2", "TLSv1.3": "-tls1_3"}[version]
    command = ["openssl", "s_client", "-quiet", "-connect", f"127.0.0.1:{port}", version, *own]
    # Without a buffer nothing is left to be written when it is closed.
    with subprocess.Popen(
        [*command, "-CAfile", str(pki["ca"].certificate_file), "-verify_return_error"],
        bufsize=0, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    ) as process:  # fmt: skip
        # Who is refused may have ended before.
        with contextlib.suppress(BrokenPipeError):
            process.stdin.write(REQUEST)
        answer = process.stdout.read(1)
        end(process.pid)
        return answer == b"\x02"


def pynetdicom(pki: Pki, which: str, version: str, port: int) -> bool:
    """pynetdicom, with a C-ECHO."""
    context = client_context(pki["ca"], None if which == "absent" else pki[which])
    context.minimum_version = context.maximum_version = ssl.TLSVersion[version.replace(".", "_")]
    entity = AE()
    entity.add_requested_context(Verification)
    association = entity.associate("127.0.0.1", port, tls_args=(context, None))
    if not association.is_established:
        return False
    answered = association.send_c_echo().Status == 0
    association.release()
    return answered


def outcomes(pki: Pki, port: int, image: Path) -> dict[tuple[str, str, str], bool]:
    """Who is served, by client, certificate and version."""
    clients = {
        "echoscu": dcmtk("echoscu"), "storescu": dcmtk("storescu", str(image)), "openssl": s_client,
        "pynetdicom": pynetdicom,
    }  # fmt: skip
    return {
        (name, which, version): clients[name](pki, which, version, port)
        for name, which, version in itertools.product(clients, WHICH, VERSIONS)
    }


def expected(mode: str) -> dict[tuple[str, str, str], bool]:
    return {
        (name, which, version): which in PASSES[mode]
        for name in ("echoscu", "storescu", "openssl", "pynetdicom")
        for which, version in itertools.product(WHICH, VERSIONS)
    }


@pytest.mark.parametrize("mode", MODES)
def test_the_table_of_certificates_and_modes(mode, pki, image, tmp_path):
    need("storescu", "echoscu", "openssl")
    with storescpd(tmp_path / "out", config(pki, peer_certificate=mode)) as daemon:
        assert outcomes(pki, daemon.port, image) == expected(mode)
        log = daemon.log()
    for version in VERSIONS:
        assert f"protocol={version}" in log
    # Who is not asked for a certificate shows none, and nobody is named whose certificate was not verified.
    assert ("subject=" in log) is (mode != "ignore")
    assert "CN=expired" not in log


@pytest.mark.parametrize("mode", MODES)
def test_storescp_has_the_same_outcomes(mode, pki, image, tmp_path):
    need("storescp", "storescu", "echoscu", "openssl")
    with storescp(tmp_path / "reference", *options(pki, mode)) as reference:
        assert outcomes(pki, reference.port, image) == expected(mode)
