"""--status and --reload: what they say is true, they come back when it is done, and nobody else may ask."""

import os
import selectors
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from storescpd.supervisor.control import LONGEST_QUESTION, MOST_ASKING, Control
from tests.supervisor.asking import command, status
from tests.supervisor.steering import injected, listener, rewrite
from tests.support.build import PATH
from tests.support.certificates import issue
from tests.support.daemon import storescpd
from tests.support.processes import alive, children, eventually
from tests.support.rawclient import Rejected
from tests.support.scenes import ECHO, SUCCESS, associate, owner, small, store
from tests.support.tools import need, needs_root


@pytest.fixture
def runtime():
    """A folder with a short name: a socket's address has room for 108 bytes."""
    with tempfile.TemporaryDirectory(prefix="sd") as name:
        Path(name).chmod(0o755)
        yield Path(name)


def control(folder: Path) -> str:
    """The path of the control socket."""
    [path] = folder.glob("storescpd-*.sock")
    assert path.is_socket()
    return str(path)


def test_the_status_is_true(tmp_path):
    template = small()
    with storescpd(tmp_path / "out", {"listeners": [listener(), listener(name="second")]}, workers=2) as daemon:
        ports = daemon.ports()
        with associate(ports["dicom"]) as old:
            assert [store(old, template, number) for number in range(3)] == [SUCCESS] * 3
            first = status(daemon)
            assert (first["pid"], first["generation"], first["state"]) == (daemon.pid, 1, "serving")
            assert {one["name"]: one["address"] for one in first["listeners"]} == {
                name: f"127.0.0.1:{port}" for name, port in ports.items()
            }
            assert first["workers"] == len(daemon.worker_pids()) == 2
            assert (first["associations"], first["connections"]) == (1, 1)
            assert first["objects"] == first["objects_last_minute"] == len(daemon.stored()) == 3
            assert (first["draining"], first["last_reload"], first["last_error"]) == ([], None, None)
            assert command(daemon, "--reload").returncode == 0
            second = status(daemon)
            assert second["generation"] == 2
            assert second["draining"] == [{"generation": 1, "workers": 1, "associations": 1}]
            assert second["last_reload"]["successful"]
            assert second["objects"] == 3
            daemon.config_file.write_text("no TOML")
            assert command(daemon, "--reload").returncode == 78
            third = status(daemon)
            assert not third["last_reload"]["successful"]
            assert "reload failed" in third["last_error"]["text"]
            text = command(daemon, "--status").stdout
            for part in (str(daemon.pid), str(ports["second"]), "generation 1: 1 worker, 1 association", "no TOML"):
                assert part.replace("no TOML", "reload failed") in text


def test_the_storage_directory_is_made_anew_while_the_daemon_runs(tmp_path):
    """Its socket is gone with it; whoever asks hears so, and a reload by signal makes both again."""
    with storescpd(tmp_path / "out") as daemon:
        shutil.rmtree(daemon.directory)
        daemon.directory.mkdir()
        for question in ("--reload", "--status"):
            done = command(daemon, question)
            assert done.returncode == 1
            for part in (f"process {daemon.pid},", f"{daemon.directory}/.storescpd/", f"kill -HUP {daemon.pid}"):
                assert part in done.stderr
        daemon.signal(signal.SIGHUP)
        eventually(lambda: daemon.log().count("] serving") == 2)
        assert status(daemon)["generation"] == 2
        with associate(daemon.port) as association:
            assert store(association, small(), 1) == SUCCESS
        assert command(daemon, "--reload").returncode == 0
        inode = os.stat(control(daemon.directory / ".storescpd")).st_ino
        assert command(daemon, "--reload").returncode == 0
        assert os.stat(control(daemon.directory / ".storescpd")).st_ino == inode
        assert daemon.terminate() == 0
    assert not list((daemon.directory / ".storescpd").glob("*.sock"))


def test_a_clock_that_is_set_changes_no_uptime(tmp_path):
    code = "import os, time; real = time.time; time.time = lambda: real() + 86400 * os.path.exists(FLAG)"
    with storescpd(tmp_path / "out", env=injected(tmp_path, code)) as daemon:
        assert status(daemon)["uptime_seconds"] < 3600
        (tmp_path / "flag").touch()
        assert status(daemon)["uptime_seconds"] < 3600


def test_any_number_of_problems_can_be_asked_for(tmp_path):
    """Even in characters that take twelve bytes each in JSON."""
    with storescpd(tmp_path / "out") as daemon:
        names = [f"{number}\N{PILE OF POO}" for number in range(4000)] + ["\N{PILE OF POO}" * 20000]
        rewrite(daemon, {"negotiation": {"transfer_syntaxes": {"a": names}}})
        done = command(daemon, "--reload")
        assert done.returncode == 78
        first, *_, rest, last = done.stderr.splitlines()
        assert '"0\N{PILE OF POO}" is not the name' in first
        said = len(done.stderr.splitlines()) - 2
        assert rest == f"and {4001 - said} more, which the log has"
        assert "goes on as before" in last
        assert status(daemon)["last_reload"]["problems"][0] == first
        rewrite(daemon, {"negotiation": {"transfer_syntaxes": {"a": names[-1:]}}})
        assert command(daemon, "--reload").returncode == 78
        assert not status(daemon)["last_reload"]["successful"]


def test_a_reload_comes_back_when_the_new_generation_serves_and_the_old_one_takes_nobody(tmp_path):
    with storescpd(tmp_path / "out", workers=2) as daemon:
        for number in range(5):
            refuse = {"association": {"check_called_ae_title": True, "ae_title": f"NOBODY{number}"}}
            rewrite(daemon, refuse if number % 2 else {}, workers=2)
            done = command(daemon, "--reload")
            assert (done.returncode, done.stderr) == (0, "")
            assert f"generation {number + 2} serves with 2 workers" in done.stdout
            for _ in range(8):
                if number % 2:
                    with pytest.raises(Rejected):
                        associate(daemon.port)
                else:
                    associate(daemon.port).close()


BAD = {
    "no TOML": ("[storage", 78, ["storescpd.toml"]),
    "several errors": ('[storage]\ndirectry = "/"\n[naming]\nsort = "x"\n', 78, ["directry", "naming.sort"]),
    "directory": ('[storage]\ndirectory = "/no/such/directory"\n', 1, ["/no/such/directory"]),
    "group": ('[storage]\ngroup = "no-such-group"\n', 1, ["storage.group", "no-such-group"]),
    "group of a peer": ('[[peers]]\nstorage = {group = "no-such-group"}\n', 1, ["peers[0].storage.group"]),
    "log": ('[logging]\ndestination = "/no/such/directory/log"\n', 1, ["/no/such/directory/log"]),
    "port": ('[[listeners]]\naddress = "192.0.2.1"\n', 1, ["192.0.2.1"]),
    "key": ("[[listeners]]\ntls = true\n[tls]\nkey = '/no/key'\ncertificate = '/no/certificate'\n", 1, ["/no/"]),
    "password": ("[[listeners]]\ntls = true\n[tls]\nkey = 'KEY'\ncertificate = 'CERT'\nprompt_password = true\n", 1,
                 ["tls.prompt_password", "restart"]),
}  # fmt: skip


@pytest.mark.parametrize("which", BAD)
def test_a_bad_file_fails_with_its_reasons(which, tmp_path):
    text, expected, named = BAD[which]
    with storescpd(tmp_path / "out", workers=2) as daemon, associate(daemon.port) as association:
        workers = daemon.worker_pids()
        if "KEY" in text:
            made = issue(tmp_path, "server")
            text = text.replace("KEY", str(made.key_file)).replace("CERT", str(made.certificate_file))
        good = daemon.config_file.read_text()
        if which != "no TOML" and "storage" not in text.split("\n")[0]:
            text += f"[storage]\ndirectory = '{daemon.directory}'\n"
        daemon.config_file.write_text(text)
        done = command(daemon, "--reload")
        assert (done.returncode, done.stdout) == (expected, ""), done.stderr
        for name in named:
            assert name.replace("storescpd.toml", str(daemon.config_file)) in done.stderr
            assert name.replace("storescpd.toml", str(daemon.config_file)) in daemon.log()
        assert daemon.worker_pids() == workers
        assert association.echo(ECHO) == SUCCESS
        daemon.config_file.write_text(good)
        assert command(daemon, "--reload").returncode == 0


def test_the_daemon_is_found_whatever_has_become_of_its_file(tmp_path):
    """Another directory in the file, one that is not there, a name that leads there by a link."""
    with storescpd(tmp_path / "out") as daemon:
        (tmp_path / "other").mkdir()
        rewrite(daemon, {"storage": {"directory": str(tmp_path / "other")}})
        assert command(daemon, "--reload").returncode == 0
        assert status(daemon)["generation"] == 2
        daemon.config_file.unlink()
        done = command(daemon, "--reload")
        assert done.returncode == 78
        assert "there is no such file" in done.stderr
        assert status(daemon)["pid"] == daemon.pid


def test_a_long_path(tmp_path):
    """A socket's address has room for 108 bytes."""
    with storescpd(tmp_path / ("x" * 120) / "out") as daemon:
        assert status(daemon)["pid"] == daemon.pid
        assert command(daemon, "--reload").returncode == 0


def test_a_runtime_directory_is_taken(runtime, tmp_path):
    with storescpd(tmp_path / "out", env={"RUNTIME_DIRECTORY": str(runtime)}) as daemon:
        assert len(list(runtime.iterdir())) == 1
        assert status(daemon, RUNTIME_DIRECTORY=str(runtime))["pid"] == daemon.pid
        assert status(daemon)["pid"] == daemon.pid
        assert daemon.terminate() == 0
    assert list(runtime.iterdir()) == []


def test_nobody_answers(tmp_path):
    with storescpd(tmp_path / "out") as daemon:
        assert daemon.terminate() == 0
        for what in ("--reload", "--status"):
            done = command(daemon, what)
            assert (done.returncode, done.stdout) == (1, "")
            assert "no daemon runs" in done.stderr
            assert "Traceback" not in done.stderr


def test_the_socket_of_a_killed_daemon_is_taken_over(tmp_path):
    with storescpd(tmp_path / "out") as daemon:
        workers = daemon.worker_pids()
        path = control(daemon.directory / ".storescpd")
        daemon.kill()
        assert os.path.exists(path)
        assert "no daemon runs" in command(daemon, "--status").stderr
        eventually(lambda: not any(map(alive, workers)))
        environment = {**os.environ, "PYTHONPATH": PATH}
        arguments = [sys.executable, "-m", "storescpd", "--config", str(daemon.config_file)]
        with subprocess.Popen(arguments, stderr=subprocess.DEVNULL, env=environment) as again:
            try:
                eventually(lambda: f"process {again.pid}, serving" in command(daemon, "--status").stdout)
            finally:
                again.send_signal(signal.SIGTERM)
                assert again.wait(60) == 0
        assert not os.path.exists(path)


@pytest.mark.root
@needs_root
def test_a_second_daemon_says_once_that_it_has_none(tmp_path):
    with storescpd(tmp_path / "out") as first:
        process = subprocess.Popen(
            [sys.executable, "-m", "storescpd", "--config", str(first.config_file)],
            stderr=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": PATH},
        )  # fmt: skip
        assert process.stderr
        said = []
        for line in process.stderr:
            said.append(line)
            if "serving" in line:
                process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0
        assert sum("no control socket" in line for line in said) == 1
        assert status(first)["pid"] == first.pid


@needs_root
@pytest.mark.root
def test_root_gives_nothing_away_that_somebody_puts_in_its_place(runtime, monkeypatch):
    """The folder is the user's: between two steps of root it can be anything."""
    secret = runtime / "secret"
    secret.write_text("")
    secret.chmod(0o644)
    path = runtime / "storescpd-x.sock"
    for name in ("chmod", "chown"):
        monkeypatch.setattr(os, name, swapping(path, secret, getattr(os, name)))
    with selectors.DefaultSelector() as selector:
        made = Control(str(path), {}, selector)
        made.open(65534, 65534)
        made.close()
    assert path.is_symlink()
    found = secret.stat()
    assert (found.st_uid, found.st_mode & 0o777) == (0, 0o644)


def swapping(path: Path, target: Path, call: Callable[..., None]) -> Callable[..., None]:
    """The same call, just after somebody has put a link in the place of a file."""

    def swap(*arguments: object, **options: object) -> None:
        path.unlink()
        path.symlink_to(target)
        call(*arguments, **options)

    return swap


@pytest.mark.root
@needs_root
def test_others_may_not_ask(runtime, tmp_path):
    """Not even where somebody has opened the way to the socket."""
    need("setpriv")
    program = """
import socket, sys
connection = socket.socket(socket.AF_UNIX)
connection.connect(sys.argv[1])
connection.sendall(b'{"ask": "reload"}\\n')
print(connection.makefile().readline())
"""
    with storescpd(tmp_path / "out", env={"RUNTIME_DIRECTORY": str(runtime)}) as daemon:
        path = control(runtime)
        assert os.stat(path).st_mode & 0o777 == 0o600
        prefix = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "/usr/bin/python3", "-c", program]
        done = subprocess.run([*prefix, path], capture_output=True, text=True, check=False)
        assert "PermissionError" in done.stderr
        os.chmod(path, 0o666)
        done = subprocess.run([*prefix, path], capture_output=True, text=True, check=False)
        assert "only root and the daemon's own user" in done.stdout, done.stderr
        assert "reloading" not in daemon.log()
        assert status(daemon)["generation"] == 1


NONSENSE = [
    b"",
    b"\n",
    b"{}\n",
    b'{"ask": "stop"}\n',
    b'{"ask": []}\n',
    b"[]\n",
    b"\xff\n",
    b"x" * LONGEST_QUESTION * 2,
]


def test_nonsense_and_crowds_stop_nobody(runtime, tmp_path):
    with storescpd(tmp_path / "out", env={"RUNTIME_DIRECTORY": str(runtime)}) as daemon:
        path = control(runtime)
        silent = []
        for _ in range(3 * MOST_ASKING):
            silent.append(socket.socket(socket.AF_UNIX))
            silent[-1].connect(path)
        for word in NONSENSE:
            with socket.socket(socket.AF_UNIX) as connection:
                connection.connect(path)
                connection.sendall(word)
                connection.shutdown(socket.SHUT_WR)
                connection.settimeout(60)
                try:
                    answer = connection.recv(4096)
                except ConnectionResetError:
                    answer = b""
                assert answer in (b"", b'{"error": "not a question"}\n')
        assert status(daemon)["pid"] == daemon.pid
        for connection in silent:
            connection.close()
        assert daemon.terminate() == 0


def test_what_hangs_holds_nobody_up(tmp_path):
    """A data dictionary that never ends: a pipe without a writer, as a disk that does not answer."""
    fifo = tmp_path / "dictionary"
    os.mkfifo(fifo)
    with storescpd(tmp_path / "out") as daemon:
        [worker] = daemon.worker_pids()
        rewrite(daemon, {"encoding": {"dictionaries": [str(fifo)]}})
        answers = []
        thread = threading.Thread(target=lambda: answers.append(command(daemon, "--reload")))
        thread.start()
        [check] = eventually(lambda: [pid for pid in children(daemon.pid) if pid != worker])
        assert status(daemon)["generation"] == 1
        with associate(daemon.port) as association:
            assert owner(daemon, association) == worker
            assert association.echo(ECHO) == SUCCESS
        os.kill(worker, signal.SIGKILL)
        eventually(lambda: set(children(daemon.pid)) - {worker, check})
        assert daemon.terminate() == 0
        thread.join()
        assert answers[0].returncode == 1
        assert "the daemon stops" in answers[0].stderr
        eventually(lambda: not alive(check))
