"""Where a process of inetd writes its log: never to its peer."""

import contextlib
import os
import re
import socket
import subprocess
from pathlib import Path

import pytest

from tests.inetd.scenes import configured, drop_in, ours
from tests.support.inetd import accepted
from tests.support.objects import CT_IMAGE, EXPLICIT_LITTLE, ct
from tests.support.rawclient import (
    RELEASE_RQ,
    VERIFICATION,
    associate_request,
    pdu,
    store_message,
    store_request,
)
from tests.support.tools import needs_root

REQUEST = associate_request([(1, VERIFICATION, ["1.2.840.10008.1.2"])], calling="LOGGED") + pdu(RELEASE_RQ, bytes(4))


def associate(command: list[str], **options) -> int:
    with accepted(command, **options) as (peer, process):
        peer.sendall(REQUEST)
        with contextlib.suppress(ConnectionResetError):
            while peer.recv(65536):
                pass
    return process.returncode


@pytest.mark.parametrize("destination", ["auto", "stderr"])
def test_the_old_pair_of_files(destination, tmp_path):
    """A pair for each connection, for this user alone, and they stay."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    command = ours(configured(tmp_path, {"logging": {"inetd_files": True, "destination": destination}}))
    for _ in range(2):
        assert associate(command, env={"TMPDIR": str(folder)}) == 0
    files = sorted(folder.iterdir())
    assert len(files) == 4
    assert all(re.fullmatch(r"storescp_[A-Za-z0-9]{6}", path.name) for path in files)
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}
    assert sorted("calling=LOGGED" in path.read_text() for path in files) == [False, False, True, True]


def test_hooks_write_to_the_old_pair_of_files(tmp_path):
    config = {"logging": {"inetd_files": True}, "hooks": {"on_reception": "echo to stdout; echo to stderr >&2"}}
    image = ct(64)
    with accepted(ours(configured(tmp_path, config)), env={"TMPDIR": str(tmp_path)}) as (peer, _):
        peer.sendall(associate_request([(1, CT_IMAGE, [EXPLICIT_LITTLE])]))
        peer.sendall(store_message(1, store_request(CT_IMAGE, image.instance(1)), image.bytes(1), 8192))
        peer.sendall(pdu(RELEASE_RQ, bytes(4)))
        while peer.recv(65536):
            pass
    written = {path.read_text() for path in tmp_path.glob("storescp_*")}
    assert "to stdout\n" in written
    assert any("to stderr\n" in text for text in written)


def test_stderr_that_is_no_connection_is_used(tmp_path):
    """As under systemd with StandardError=journal."""
    log = tmp_path / "stderr"
    with log.open("wb") as file:
        associate(ours(configured(tmp_path, {"logging": {"destination": "auto"}})), stderr=file.fileno())
    assert "calling=LOGGED" in log.read_text()


@pytest.mark.root
@needs_root
@pytest.mark.parametrize(("config", "told"), [({"logging": {"destination": "auto"}}, b"DICOM_CALLING_AE=LOGGED"),
                                              ({"process": {"workers": "x"}}, b"workers")])  # fmt: skip
def test_the_journal(config, told, tmp_path):
    """What goes wrong before there is a log goes there too."""
    folder = tmp_path / "journal"
    folder.mkdir()
    inside = "mount -t tmpfs tmpfs /run && mkdir -p /run/systemd/journal && mount --bind $0 /run/systemd/journal"
    command = ours(configured(tmp_path, config))
    prefix = ["unshare", "--mount", "/bin/sh", "-c", inside + ' && exec "$@"', str(folder)]
    if subprocess.run([*prefix, "true"], capture_output=True, check=False).returncode:
        pytest.skip("no mounting here")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as journal:
        journal.bind(str(folder / "socket"))
        journal.settimeout(60)
        associate([*prefix, *command])
        while told not in journal.recv(65536):
            pass


def test_a_log_that_cannot_be_opened(tmp_path):
    """It is told elsewhere, with the log itself."""
    errors = tmp_path / "stderr"
    with errors.open("wb") as file:
        assert associate(ours(configured(tmp_path, {"logging": {"destination": f"{tmp_path}/"}})), stderr=file) == 0
    lines = errors.read_text().splitlines()
    assert "cannot be opened" in lines[0]
    assert str(tmp_path) in lines[0]
    assert "calling=LOGGED" in lines[-1]


def test_presentation_contexts_are_shown(tmp_path):
    """With +v, beside -v, as without --inetd."""
    errors = tmp_path / "stderr"
    for more, shown in ((), False), (("+v",), True):
        with errors.open("wb") as file:
            assert associate(drop_in(tmp_path / "out", "-v", *more), stderr=file) == 0
        text = errors.read_text()
        assert "I: Association Release" in text
        assert ("BEGIN A-ASSOCIATE-RQ" in text) == shown


def test_a_file_that_cannot_be_written_any_more(tmp_path):
    """The association goes on."""
    log = tmp_path / "log"
    config = configured(tmp_path)
    os.symlink("/dev/full", log)
    assert associate(ours(config)) == 0
    assert Path("/dev/full").exists()
