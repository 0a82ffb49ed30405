"""Each line is served beside DCMTK's storescp: the same files, commands, lines and names in lists of processes."""

import os
import re
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.dropin.commands import Zygote, zygote
from tests.museum.exhibits import OBJECTS, REFUSED, ROUTER, SERVED, WORKBENCH, Exhibit
from tests.museum.receivers import PROFILES, Place, Seen, files, lines, name, ours, place, popen, running, send
from tests.support.build import PATH
from tests.support.inetd import inetd
from tests.support.processes import alive, eventually, free_port, group
from tests.support.reference import PROGRAM, listening
from tests.support.tools import need

BOTH = pytest.mark.parametrize("whose", ["theirs", "ours"])


@pytest.fixture(scope="module")
def starter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Zygote]:
    with zygote(tmp_path_factory.mktemp("starter")) as made:
        yield made


def run(exhibit: Exhibit, at: Place, starter: Zygote | None) -> Seen:
    with running(at, exhibit.line, starter) as receiver:
        send(receiver.port)
        wait(exhibit, at)
        named = name(receiver.pid)
    told = [at.plain(line) for line in lines(at.told)]
    said = [at.plain(line) for line in lines(at.log) if exhibit.says and re.fullmatch(exhibit.says, line)]
    return Seen(files(at), told if exhibit.ordered else sorted(told), sorted(said), named)


def wait(exhibit: Exhibit, at: Place) -> None:
    """Until everything has happened that the script waits for."""
    assert eventually(lambda: len(lines(at.told)) >= exhibit.tells), (exhibit.tells, lines(at.told))
    output = at.here / exhibit.here if exhibit.here else at.log
    for pattern in exhibit.waits_for:
        wanted = re.compile(pattern.replace("{out}", re.escape(str(at.out))))
        assert eventually(lambda wanted=wanted: any(map(wanted.search, lines(output)))), (pattern, lines(output))
    if exhibit.says:
        least = OBJECTS
        assert eventually(lambda: sum(bool(re.fullmatch(exhibit.says, line)) for line in lines(at.log)) >= least)


@pytest.mark.parametrize("exhibit", SERVED, ids=lambda exhibit: exhibit.found)
def test_it_is_served_as_by_storescp(exhibit: Exhibit, starter: Zygote, tmp_path: Path):
    need("storescp", "dcmdump", str(PROFILES))
    theirs = run(exhibit, place(tmp_path / "theirs"), None)
    found = run(exhibit, place(tmp_path / "ours"), starter)
    assert found.files == theirs.files
    assert found.told == theirs.told
    assert len(found.told) == exhibit.tells
    assert found.said == theirs.said
    assert found.named == theirs.named == "storescp"
    assert not list((tmp_path / "ours" / "out").rglob(".*"))


@pytest.mark.parametrize(("found", "line"), REFUSED, ids=[found for found, _ in REFUSED])
def test_it_is_refused_as_by_storescp(found: str, line: str, starter: Zygote, tmp_path: Path):
    need("storescp")
    errors = {}
    for whose in ("theirs", "ours"):
        at = place(tmp_path / whose)
        words = at.words(line, free_port())
        if whose == "theirs":
            assert popen([PROGRAM], words, at).wait(30) == 1
        else:
            pid = starter.start(words, at.log)
            eventually(lambda pid=pid: not alive(pid))
        errors[whose] = [at.plain(text) for text in lines(at.log) if text.startswith("error: ")]
        assert not list(at.out.iterdir())
    assert errors["ours"] == errors["theirs"]
    assert len(errors["ours"]) == 1


def program(whose: str, folder: Path) -> str:
    need("storescp")
    return PROGRAM if whose == "theirs" else ours(folder)


def started(whose: str, exhibit: Exhibit, at: Place, port: int) -> "subprocess.Popen[bytes]":
    process = popen([program(whose, at.root)], at.words(exhibit.line, port), at)
    assert eventually(lambda: process.poll() is not None or listening(port, process.pid))
    assert process.poll() is None, at.log.read_text()
    return process


@BOTH
def test_the_router_ends_it_by_sigterm(whose: str, tmp_path: Path):
    at, port = place(tmp_path / whose), free_port()
    process = started(whose, ROUTER, at, port)
    send(port)
    wait(ROUTER, at)
    process.terminate()
    # docs/differences.md: open associations end first.
    assert process.wait(30) == (-signal.SIGTERM if whose == "theirs" else 0)
    assert len(files(at)) == OBJECTS


@BOTH
def test_the_workbench_finds_it_and_kills_it(whose: str, tmp_path: Path):
    need("ps", "pgrep", "dcmdump")
    at, port = place(tmp_path / whose), free_port()
    process = started(whose, WORKBENCH, at, port)
    listed = subprocess.run(["ps", "-A"], capture_output=True, text=True, check=True).stdout
    assert [line.split()[-1] for line in listed.splitlines() if line.split()[0] == str(process.pid)] == ["storescp"]
    full = subprocess.run(["pgrep", "-f", f"storescp {port} --accept-all"], capture_output=True, text=True, check=True)
    assert str(process.pid) in full.stdout.split()
    send(port)
    wait(WORKBENCH, at)
    members = group(process.pid)
    process.kill()
    assert process.wait(30) == -signal.SIGKILL
    # Nobody is left, nothing lies about, and it can be started again at once.
    assert eventually(lambda: not [pid for pid in members if alive(pid)])
    assert all(name.startswith("CT.") for name in os.listdir(at.out))
    again = started(whose, WORKBENCH, at, port)
    send(port)
    again.terminate()
    again.wait(30)


@BOTH
def test_a_watchdog_asks_by_echo(whose: str, tmp_path: Path):
    """As cron does it every minute; it kills what does not answer."""
    need("echoscu")
    exhibit = SERVED[3]
    at, port = place(tmp_path / whose), free_port()
    process = started(whose, exhibit, at, port)
    assert echo(port) == 0
    process.kill()
    process.wait(30)
    assert eventually(lambda: echo(port) != 0)


def echo(port: int) -> int:
    """Exit status of echoscu."""
    words = ["echoscu", "127.0.0.1", str(port)]
    return subprocess.run(words, check=False, timeout=60, stderr=subprocess.DEVNULL).returncode


@BOTH
def test_without_a_directory_it_is_where_it_was_started(whose: str, tmp_path: Path):
    at, port = place(tmp_path / whose), free_port()
    process = started(whose, Exhibit("a manual", "storescp -v -aet ME {port}"), at, port)
    send(port)
    process.terminate()
    process.wait(30)
    assert len([name for name in os.listdir(at.root) if name.startswith("CT.")]) == OBJECTS
    assert not [name for name in os.listdir(at.root) if name.startswith(".")]


@BOTH
def test_who_sends_as_soon_as_it_is_started_is_served(whose: str, tmp_path: Path):
    """The tests of a PACS do it; a tenth of a second later it would be another program's fault."""
    at, port = place(tmp_path / whose), free_port()
    process = popen([program(whose, at.root)], at.words("storescp +xa -od {out} {port}", port), at)
    while not listening(port, process.pid):
        assert process.poll() is None
    send(port)
    for entry in os.listdir(at.out):
        os.remove(at.out / entry)
    send(port)
    process.terminate()
    process.wait(30)
    assert len(files(at)) == OBJECTS


def test_xinetd_starts_one_for_each_sender(tmp_path: Path):
    """A script as the server, because xinetd knows no quotes; -sp, and a command with its words in quotes."""
    need("storescp")
    found = {}
    for whose in ("theirs", "ours"):
        at = place(tmp_path / whose)
        server = at.here / "storescp.sh"
        server.write_text(
            f"#!/bin/sh\nexport PYTHONPATH={PATH}\nexec {program(whose, at.root)} -id -od {at.out} -pm -sp "
            f'-xcr \'{at.here}/tool --xcrdir "#p" --xcrfile "#f" --cleanup\'\n'
        )
        server.chmod(0o755)
        with inetd("xinetd", tmp_path / f"{whose}.xinetd", [str(server), "dicom"]) as port:
            send(port)
            assert eventually(lambda at=at: len(lines(at.told)) == OBJECTS)
        told = sorted(at.plain(line) for line in lines(at.told))
        found[whose] = (files(at), told)
    assert found["ours"] == found["theirs"]


def test_the_museum_is_large_enough():
    assert len(SERVED) + len(REFUSED) >= 25
    assert len({exhibit.line for exhibit in SERVED}) == len(SERVED)
