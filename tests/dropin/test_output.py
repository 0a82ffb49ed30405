"""The command's output directory: what is in it, what those who watch it are told, and where the rest is kept."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from storescpd.cli.storescp.household import aside, memory_of
from tests.dropin.commands import Zygote, serving, zygote
from tests.inetd.scenes import drop_in
from tests.studies.studies import SUCCESS, associate, instance_uid, store
from tests.support.inetd import accepted
from tests.support.objects import CT_IMAGE, EXPLICIT_LITTLE, ct
from tests.support.processes import alive, eventually, group
from tests.support.rawclient import RELEASE_RQ, associate_request, pdu, store_message, store_request
from tests.support.reference import listening, storescp
from tests.support.tools import need
from tests.support.watching import OF_SCRIPTS, watching


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the command keeps its own."""
    monkeypatch.delenv("STATE_DIRECTORY", raising=False)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path / "state" / "storescpd"


@pytest.fixture
def starter(tmp_path: Path, state: Path) -> Iterator[Zygote]:
    with zygote(tmp_path) as made:
        yield made


def test_every_entry_is_removed_between_two_objects(starter: Zygote, tmp_path: Path):
    """As the tests of a PACS do it."""
    out = tmp_path / "out"
    with serving(starter, ["-xcr", "true", "-xs"], out) as port:
        assert os.listdir(out) == []
        for number in (1, 2, 2):
            with associate(port) as association:
                assert store(association, "A", number) == SUCCESS
                association.release()
            assert os.listdir(out) == [f"CT.{instance_uid('A', number)}"]
            for entry in os.listdir(out):
                os.remove(out / entry)
    assert os.listdir(out) == []


def test_who_watches_is_told_what_storescp_tells(starter: Zygote, tmp_path: Path):
    need("storescp")
    found = {}
    for whose in ("theirs", "ours"):
        out = tmp_path / whose
        running = storescp(out) if whose == "theirs" else serving(starter, [], out)
        with running as receiver, watching(out) as watch:
            port = receiver.port if whose == "theirs" else receiver
            with associate(port) as association:
                assert [store(association, "A", number) for number in (1, 2)] == [SUCCESS, SUCCESS]
                association.release()
            found[whose] = watch.told(*OF_SCRIPTS)
    names = [f"CT.{instance_uid('A', number)}" for number in (1, 2)]
    assert found["ours"] == [(kind, name) for name in names for kind in ("CREATE", "CLOSE_WRITE")]
    assert found["theirs"] == found["ours"]


def test_a_study_is_remembered_outside_of_the_directory(starter: Zygote, state: Path, tmp_path: Path):
    """What was open when the command ended goes on when it is started again."""
    out, told = tmp_path / "out", tmp_path / "told"
    options = ["-su", "S", "-xcs", f"echo #p >> {told}", "-xs"]
    for study in ("A", "B"):
        with serving(starter, options, out) as port:
            with associate(port) as association:
                assert store(association, study, 1) == SUCCESS
                association.release()
            if study == "B":
                # The study that was open before the restart has ended by the next one.
                assert eventually(lambda: told.exists() and told.read_text().count("\n") == 1)
        out.rename(tmp_path / "kept")
        assert not [path for path in (tmp_path / "kept").rglob("*") if path.name.startswith(".")]
        if study == "A":
            # serving makes its directory.
            (tmp_path / "kept").rename(tmp_path / "first")
            continue
    [folder] = state.iterdir()
    assert (folder / "directory").read_text() == f"{out}\n"
    assert (folder / "ledger.sqlite").exists()


def test_inetd_leaves_nothing_either(state: Path, tmp_path: Path):
    image, out = ct(64), tmp_path / "out"
    with accepted(drop_in(out)) as (peer, _):
        peer.sendall(
            b"".join(
                (
                    associate_request([(1, CT_IMAGE, [EXPLICIT_LITTLE])]),
                    store_message(1, store_request(CT_IMAGE, image.instance(1)), image.bytes(1), 8192),
                    pdu(RELEASE_RQ, bytes(4)),
                )
            )
        )
        while peer.recv(65536):
            pass
    assert os.listdir(out) == [f"CT.{image.instance(1)}"]


def test_a_killed_command_leaves_nothing(starter: Zygote, tmp_path: Path):
    out = tmp_path / "out"
    with serving(starter, [], out) as port, associate(port) as association:
        association.socket.sendall(
            store_message(1, store_request(CT_IMAGE, "1.2.3"), b"\x08\x00" * 50_000, 8192)[:60_000]
        )
        [leader] = {os.getpgid(pid) for pid in listeners(port)}
        members = group(leader)
        for pid in members:
            os.kill(pid, signal.SIGKILL)
        eventually(lambda: not [pid for pid in members if alive(pid)])
    assert os.listdir(out) == []


def listeners(port: int) -> list[int]:
    """Processes that listen on a port."""
    return [int(name) for name in os.listdir("/proc") if name.isdecimal() and listening(port, int(name))]


@pytest.mark.parametrize("way", ["above", "state", "elsewhere"])
def test_where_files_are_made(way: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    out = tmp_path / "out"
    out.mkdir()
    variables = {"XDG_STATE_HOME": str(tmp_path / "state")}
    if way == "above":
        assert aside(str(out), variables) == (str(tmp_path),)
        return
    monkeypatch.setattr(os, "access", lambda path, *_, **__: str(path) != str(tmp_path))
    if way == "state":
        assert aside(str(out), variables) == (str(tmp_path / "state" / "storescpd"),)
    else:
        assert aside(str(out), {}) == (f"/var/tmp/storescpd-{os.geteuid()}",)


def test_who_has_no_home_has_a_memory_all_the_same(tmp_path: Path):
    (tmp_path / "file").touch()
    out = tmp_path / "out"
    out.mkdir()
    folder = memory_of(str(out), {"HOME": str(tmp_path / "file")})
    assert folder.startswith(f"/var/tmp/storescpd-{os.geteuid()}/")
    assert memory_of(str(out), {"HOME": str(tmp_path)}).startswith(f"{tmp_path}/.local/state/storescpd/")
    assert memory_of(f"{out}/.", {}) == folder


@pytest.mark.parametrize("variable", ["HOME", "STATE_DIRECTORY", "XDG_STATE_HOME"])
def test_a_home_that_is_the_output_directory_gets_nothing_of_ours(variable: str, tmp_path: Path):
    out, other = tmp_path / "out", tmp_path / "home"
    out.mkdir()
    variables = {"HOME": str(other), variable: str(out)}
    folder = memory_of(str(out), variables)
    assert os.listdir(out) == []
    assert folder.startswith(str(other) if variable != "HOME" else "/var/tmp/storescpd-")


def test_a_folder_that_others_can_write_to_is_not_taken(tmp_path: Path):
    theirs = tmp_path / "state" / "storescpd"
    theirs.mkdir(parents=True)
    theirs.chmod(0o777)
    variables = {"XDG_STATE_HOME": str(tmp_path / "state"), "HOME": str(tmp_path)}
    assert memory_of(str(tmp_path / "out"), variables).startswith(f"{tmp_path}/.local/state/storescpd/")
