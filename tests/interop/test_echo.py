"""Every independent client gets its C-ECHO answered, and ends as it ends with storescp."""

import os
import subprocess
import sys

import pytest

from tests.interop.senders import JARS, NODE_MODULES
from tests.support.build import PATH
from tests.support.daemon import ROOT, storescpd
from tests.support.processes import eventually
from tests.support.reference import storescp
from tests.support.tools import need

JAVA = ["java", "-Djava.awt.headless=true", "-cp", ":".join(JARS)]
HERE = "127.0.0.1"
CLIENTS = {
    "echoscu": (["echoscu", HERE, "PORT"], ("echoscu",)),
    "pynetdicom": ([sys.executable, "-m", "pynetdicom", "echoscu", HERE, "PORT"], ()),
    "storescpd": ([sys.executable, "-m", "storescpd", "--echo", HERE, "PORT"], ()),
    "gdcmscu": (["gdcmscu", "--echo", "--call", "ANY-SCP", HERE, "PORT"], ("gdcmscu",)),
    "odil": (["odil", "echo", HERE, "PORT", "ODIL", "ANY-SCP"], ("odil",)),
    "ctn": (["dicom_echo", "-a", "CTN", "-c", "ANY-SCP", HERE, "PORT"], ("dicom_echo",)),
    "pixelmed": (
        [*JAVA, "com.pixelmed.network.VerificationSOPClassSCU", HERE, "PORT", "ANY-SCP", "PIXELMED", "NONSECURE"],
        ("java", *JARS),
    ),
    "dcmjs-dimse": (
        ["node", str(ROOT / "tests" / "interop" / "dcmjs_echo.js"), "PORT"],
        ("node", str(NODE_MODULES / "dcmjs-dimse")),
    ),
}


def call(command: list[str], port: int) -> int:
    environment = {**os.environ, "NODE_PATH": str(NODE_MODULES), "PYTHONPATH": PATH}
    words = [str(port) if word == "PORT" else word for word in command]
    return subprocess.run(
        words, env=environment, stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=False
    ).returncode


@pytest.mark.parametrize("client", CLIENTS)
def test_a_client_is_answered(client, tmp_path):
    command, programs = CLIENTS[client]
    need("storescp", *programs)
    (tmp_path / "reference").mkdir()
    with storescp(tmp_path / "reference") as reference:
        expected = call(command, reference.port)
    with storescpd(tmp_path / "out") as daemon:
        assert call(command, daemon.port) == expected
        eventually(lambda: "association ended" in daemon.log())
        assert daemon.log().count("echo answered") == 1
        assert "result=released" in daemon.log()
