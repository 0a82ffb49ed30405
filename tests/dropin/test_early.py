"""A plain line listens before anything large is loaded, and nothing listens that could still be refused."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from storescpd.cli.storescp.early import early_port
from storescpd.cli.storescp.errors import CommandLineError
from storescpd.cli.storescp.line import Line, read
from storescpd.cli.storescp.model import config_of
from storescpd.cli.storescp.plain_dictionary import is_plain
from storescpd.cli.storescp.refusals import check, check_log, check_parameters
from storescpd.cli.storescp.table import BY_LONG
from storescpd.worker.dictionaries import DictionaryError, dictionary
from tests.dropin import cases
from tests.dropin.random_lines import random_lines
from tests.studies.studies import SUCCESS, associate, store
from tests.support.build import PATH
from tests.support.daemon import ROOT
from tests.support.processes import free_port
from tests.support.tools import need

SLOW = {
    "asyncio", "argparse", "cryptography", "dataclasses", "importlib.metadata", "inspect", "json", "logging",
    "pydantic", "pydicom", "pynetdicom", "shlex", "socket", "sqlite3", "ssl", "subprocess", "textwrap", "threading",
    "tomllib",
}  # fmt: skip
MOST_OWN = 32
"""Modules of ours that stand between the exec and the port; where nothing is compiled each costs a millisecond."""
LISTING = """
import os, sys, _socket
class Told(_socket.socket):
    def listen(self, *given):
        super().listen(*given)
        os.write(1, " ".join(sys.modules).encode())
        os._exit(0)
_socket.socket = Told
from storescpd.cli.storescp.command import main
main(sys.argv[1:])
"""


def loaded(directory: Path, *options: str) -> set[str]:
    """The modules that are there when the port is opened."""
    told = subprocess.run(
        # Without what a site adds: an editable installation has a finder of its own.
        [sys.executable, "-S", "-c", LISTING, *options, str(free_port())],
        cwd=directory, env={**os.environ, "PYTHONPATH": f"{PATH}:{ROOT}"}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return set(told.stdout.split())


@pytest.mark.parametrize("options", [(), ("-v", "-su", "", "-xcr", "true #p/#f", "-ts", "30", "+te", "--fork")])
def test_little_is_loaded_before_it_listens(options: tuple[str, ...], tmp_path: Path):
    modules = loaded(tmp_path, *options)
    assert "storescpd.cli.storescp.early" in modules
    assert sorted(modules & SLOW) == []
    assert len([name for name in modules if name.startswith("storescpd")]) <= MOST_OWN


def accepted(words: tuple[str, ...]) -> Line | None:
    """The line, where the table has nothing against it."""
    try:
        line = read(words)
        check_parameters(line)
        check_log(line)
        check(line)
    except CommandLineError:
        return None
    return line


def opened(line: Line) -> bool:
    found = early_port(line, {})
    if found is not None:
        os.close(found)
    return found is not None


def test_what_listens_early_is_refused_by_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    cases.prepare(tmp_path)
    monkeypatch.chdir(tmp_path)
    port = str(free_port())
    lines = [accepted((*words, port)) for words in (*random_lines(), *cases.values(), *cases.lines())]
    early = [line for line in lines if line is not None and opened(line)]
    assert len(early) > 100
    for line in early:
        config_of(line, 0o022)


@pytest.mark.parametrize(
    "words",
    [
        ("-fe", "a/b"), ("-ss", "a/b"), ("-ss", "a\nb"), ("-xcr", "\0"), ("-od", "missing"), ("-od", "\xe9"),
        ("-fe", "\xe9"),
    ],
)  # fmt: skip
def test_what_could_be_refused_does_not_listen(words: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    line = accepted((*words, str(free_port())))
    assert line is not None
    assert not opened(line)


@pytest.mark.parametrize(
    "long", ["--enable-tls", "--config-file", "--log-config", "--inetd", "--access-control", "--ipv6"]
)
def test_files_are_read_before_it_listens(long: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    words = (long, *("value" for _ in BY_LONG[long].arguments), str(free_port()))
    assert not opened(read(words))


@pytest.mark.parametrize(
    ("text", "early"),
    [
        ("(0029,1001)\tLO\tName\t1\tPrivate\n", True),
        ('# remark\n\n(0029,"CREATOR",01)\tUS\tName\t1\tP\n', True),
        ("(60xx-o-60FF,0010)\tox\tName\t1-n\tD\n", False),
        ("(60xx,0010)\tox\tName\t1-n\tD\n(6001-o-60FF,0010-u-0020)\tUS\tName\n", True),
        ("(0029,1001)\tZZ\tName\t1\tPrivate\n", False),
        ("(0029,1001) LO Name\n", None),
        ("no dictionary\n", False),
        ("", True),
    ],
)
def test_a_dictionary_of_the_usual_form_is_waited_for_by_nobody(text: str, early: bool | None, tmp_path: Path):
    """What listens early is never refused; ``None``: it might listen late although it can be used."""
    path = tmp_path / "dicom.dic"
    path.write_text(text)
    plain = is_plain(f"/missing:{path}")
    try:
        dictionary((), {"DCMDICTPATH": str(path)})
    except DictionaryError:
        assert not plain
        assert early is False
    else:
        assert plain == bool(early)


def test_dcmtks_own_dictionary_is_of_the_usual_form():
    found = sorted(Path("/usr/share").glob("libdcmtk*/dicom.dic"))
    need(str(found[0]) if found else "dicom.dic")
    assert is_plain(str(found[0]))
    assert not is_plain("/missing")
    line = read((str(free_port()),))
    assert early_port(line, {"DCMDICTPATH": "/missing"}) is None
    listening = early_port(line, {"DCMDICTPATH": str(found[0])})
    assert listening is not None
    os.close(listening)


def listens(directory: Path) -> tuple["subprocess.Popen[bytes]", int]:
    """Our command just when it has opened its port."""
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "storescpd.cli.storescp", str(port)],
        cwd=directory, env={**os.environ, "PYTHONPATH": PATH},
    )  # fmt: skip
    while process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except ConnectionRefusedError:
            continue
        return process, port
    raise AssertionError("it has not listened")


def test_who_comes_while_it_loads_is_served(tmp_path: Path):
    process, port = listens(tmp_path)
    with process:
        with associate(port) as association:
            assert store(association, "A", 1) == SUCCESS
            association.release()
        process.terminate()
        assert process.wait(60) == 0
    assert list(tmp_path.glob("*.*"))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT], ids=lambda number: number.name)
def test_a_signal_while_it_loads_ends_it(number: signal.Signals, tmp_path: Path):
    process, _ = listens(tmp_path)
    with process:
        process.send_signal(number)
        assert process.wait(60) == 0
