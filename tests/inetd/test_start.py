"""What a process of inetd loads before its peer has an answer, and what a worker must not load late."""

import ast
import subprocess
import sys
from pathlib import Path

from tests.inetd.scenes import configured, ours
from tests.support.daemon import ROOT
from tests.support.inetd import accepted
from tests.support.objects import CT_IMAGE, EXPLICIT_LITTLE, ct
from tests.support.rawclient import (
    ASSOCIATE_AC,
    ASSOCIATE_RJ,
    RELEASE_RQ,
    associate_request,
    pdu,
    store_message,
    store_request,
)

NEVER = {"pynetdicom", "cryptography", "sqlite3", "_sqlite3", "asyncio", "daemon", "unittest"}
"""For an association without TLS."""
NOT_BEFORE_THE_ANSWER = NEVER | {
    "ssl", "_ssl", "pydicom", "subprocess",
    "email", "importlib.metadata", "http", "difflib", "logging.handlers", "json", "queue", "csv",
    "storescpd.wire.command", "storescpd.wire.pdu", "storescpd.wire.sub_items",
    "storescpd.association.profile_contexts", "storescpd.worker.parameters",
    "storescpd.store.writer", "storescpd.dataset", "storescpd.studies", "storescpd.access.tls",
    "storescpd.access.wrappers", "storescpd.config.positions", "storescpd.config.profile_file",
    "storescpd.telemetry.storescp", "storescpd.telemetry.log_queue", "storescpd.telemetry.log_writer",
    "storescpd.supervisor.supervisor",
}  # fmt: skip
LISTING = "import atexit, sys; atexit.register(lambda: open(FILE, 'w').write(' '.join(sys.modules)))"


def loaded(tmp_path: Path, config: dict, *sent: bytes) -> tuple[int, set[str]]:
    """The type of the first PDU of the answer, and the modules that were loaded until the end."""
    listing = tmp_path / "imports"
    listens = tmp_path / "listens"
    listens.mkdir()
    listens.joinpath("sitecustomize.py").write_text(LISTING.replace("FILE", repr(str(listing))))
    with accepted(ours(configured(tmp_path, config)), env={"PYTHONPATH": str(listens)}) as (peer, _):
        peer.sendall(b"".join(sent))
        answer = b""
        while piece := peer.recv(65536):
            answer += piece
    return answer[0], set(listing.read_text().split())


def test_until_the_answer(tmp_path):
    """Whoever is rejected has cost what an answer costs; what the log takes comes after it."""
    request = associate_request([(1, CT_IMAGE, [EXPLICIT_LITTLE])], called="OTHER")
    config = {"association": {"check_called_ae_title": True}, "logging": {"level": "fatal"}}
    answer, modules = loaded(tmp_path, config, request)
    assert answer == ASSOCIATE_RJ
    assert "storescpd.worker.session" in modules
    assert sorted(modules & NOT_BEFORE_THE_ANSWER) == []


def test_until_the_end(tmp_path):
    image = ct(64)
    answer, modules = loaded(
        tmp_path,
        {"naming": {"sort": "study-uid"}, "hooks": {"on_reception": "true"}},
        associate_request([(1, CT_IMAGE, [EXPLICIT_LITTLE])]),
        store_message(1, store_request(CT_IMAGE, image.instance(1)), image.bytes(1), 8192),
        pdu(RELEASE_RQ, bytes(4)),
    )
    assert answer == ASSOCIATE_AC
    assert len(list((tmp_path / "out").glob("*/CT.*"))) == 1
    assert "storescpd.store.writer" in modules
    assert sorted(modules & NEVER) == []


def late_imports() -> set[str]:
    """Modules of this package that functions import, but for those of the commands."""
    found = set()
    for path in (ROOT / "storescpd").rglob("*.py"):
        if "cli" in path.parts:
            continue
        for function in ast.walk(ast.parse(path.read_text())):
            if isinstance(function, ast.FunctionDef):
                nodes = [node for node in ast.walk(function) if isinstance(node, ast.ImportFrom)]
                found |= {node.module for node in nodes if node.module and node.module.startswith("storescpd.")}
    return found


def test_a_supervisor_loads_all_of_it_before_it_forks():
    program = "import sys, storescpd.supervisor.supervisor; print(*sorted(sys.modules))"
    modules = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT)
    late = late_imports()
    assert "storescpd.worker.reception" in late
    assert late - {"storescpd.telemetry.inetd_files"} <= set(modules.stdout.split())
