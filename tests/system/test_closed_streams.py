"""Both commands serve though their standard input, output or error was closed by whoever has started them."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.build import PATH
from tests.support.processes import alive, eventually, free_port, group
from tests.support.reference import listening, stop
from tests.support.scenes import SUCCESS, associate, small, store

NULL = (os.stat(os.devnull).st_dev, os.stat(os.devnull).st_ino)


def storescp(folder: Path, port: int) -> list[str]:
    return ["storescpd.cli.storescp", "-od", str(folder), "-xcr", "echo said; echo too >&2", str(port)]


def storescpd(folder: Path, port: int) -> list[str]:
    (folder / "config.toml").write_text(
        f'config_version = 1\n[[listeners]]\naddress = "127.0.0.1"\nport = {port}\n[storage]\ndirectory = "{folder}"\n'
        '[hooks]\non_reception = "echo said; echo too >&2"\ninherit_output = true\n'
    )
    return ["storescpd", "--config", str(folder / "config.toml")]


def lead_nowhere(pid: int, closed: tuple[int, ...]) -> bool:
    found = [os.stat(f"/proc/{pid}/fd/{number}") for number in closed]
    return all((one.st_dev, one.st_ino) == NULL for one in found)


@pytest.mark.parametrize("closed", [(0,), (1,), (2,), (0, 1, 2)], ids=str)
@pytest.mark.parametrize("command", [storescp, storescpd])
def test_nothing_takes_their_place(command, closed: tuple[int, ...], tmp_path: Path):
    port, template = free_port(), small()
    closing = " ".join(f"{number}>&-" for number in closed)
    process = subprocess.Popen(
        ["sh", "-c", f'exec "$@" {closing}', "sh", sys.executable, "-m", *command(tmp_path, port)],
        cwd=tmp_path, env={**os.environ, "PYTHONPATH": PATH}, start_new_session=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        eventually(lambda: process.poll() is not None or listening(port, process.pid))
        assert process.poll() is None
        members = [pid for pid in group(process.pid) if alive(pid)]
        assert all(lead_nowhere(pid, closed) for pid in members)
        with associate(port) as association:
            assert [store(association, template, number) for number in range(2)] == [SUCCESS] * 2
            association.release()
    finally:
        stop(process)
