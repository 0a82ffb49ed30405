"""--daemon: its parent comes back when it serves, and says why when it does not; what it holds and leaves behind."""

import contextlib
import os
import signal
import socket
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.support.build import PATH
from tests.support.processes import alive, children, eventually, stat
from tests.support.scenes import ECHO, SUCCESS, associate, small, store, whole
from tests.system.background import Background


def entry(pid: int, name: str) -> str:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(line.partition(":")[2].strip() for line in lines if line.startswith(f"{name}:"))


def descriptors(pid: int) -> dict[int, str]:
    found = {}
    for name in os.listdir(f"/proc/{pid}/fd"):
        # One may be closed between the two looks.
        with contextlib.suppress(FileNotFoundError):
            found[int(name)] = os.readlink(f"/proc/{pid}/fd/{name}")
    return found


def test_it_serves_when_its_parent_comes_back(background: Background):
    done = background.start(cwd=background.folder)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    pid = background.pid
    with associate(background.port) as association:
        assert store(association, small(), 1) == SUCCESS
        association.release()
    assert whole(background.spool, small(), 1)
    parent, group, session, terminal = (int(field) for field in stat(pid)[1:5])
    assert parent != os.getpid()
    assert session == group != pid
    assert terminal == 0
    assert session not in {os.getsid(0), os.getpid()}
    assert int(entry(pid, "Umask"), 8) == 0o027
    assert os.readlink(f"/proc/{pid}/cwd") == str(background.folder)
    assert entry(pid, "SigBlk").strip("0") == ""
    for process in (pid, *children(pid)):
        held = descriptors(process)
        assert {held[number] for number in (0, 1, 2)} == {"/dev/null"}
    assert not any(str(background.pid_file) in held for held in descriptors(children(pid)[0]).values())
    assert background.pid_file.stat().st_mode & 0o777 == 0o644
    background.stop()
    assert list(background.pid_file.parent.iterdir()) == []
    eventually(lambda: "stopped" in background.log())
    assert background.start().returncode == 0


def test_nothing_of_its_parent_stays_open(background: Background, tmp_path):
    """A descriptor that a shell or a service runner has left open must not be held for years."""
    with (tmp_path / "secret").open("w") as secret:
        done = background.start(pass_fds=(secret.fileno(),))
    assert done.returncode == 0, done.stderr
    for process in (background.pid, *children(background.pid)):
        assert str(tmp_path / "secret") not in descriptors(process).values()


def test_a_parent_whose_streams_are_closed(background: Background):
    done = background.start(prefix=("sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh"))
    assert done.returncode == 0
    assert {descriptors(background.pid)[number] for number in (0, 1, 2)} == {"/dev/null"}
    with associate(background.port) as association:
        assert association.echo(ECHO) == SUCCESS


def test_reloads_and_relative_paths(background: Background):
    """The working directory stays: what the file says from there holds after a reload, too."""
    background.configure({"storage": {"directory": "spool"}, "logging": {"destination": "log/log"}})
    done = background.start(cwd=background.folder)
    assert done.returncode == 0, done.stderr
    pid = background.pid
    done = background.command("--reload", "--pid-file", str(background.pid_file), cwd="/")
    assert (done.returncode, done.stderr) == (0, "")
    assert "generation 2" in done.stdout
    with associate(background.port) as association:
        assert store(association, small(), 1) == SUCCESS
        association.release()
    assert whole(background.spool, small(), 1)
    status = background.command("--status", "--pid-file", str(background.pid_file), cwd="/")
    assert f"process {pid}, serving" in status.stdout
    background.config_file.write_text("nonsense")
    assert background.command("--reload", cwd="/").returncode == 78
    assert background.pid == pid


FAILURES = {
    "configuration": ({"storage": {"directry": "/"}}, 78, "storage.directry"),
    "testing option": ({"testing": {"refuse": True}}, 78, "testing.refuse"),
    "stderr": ({"logging": {"destination": "stderr"}}, 78, "logging.destination"),
    "directory": ({"storage": {"directory": "/no/such/directory"}}, 1, "/no/such/directory"),
    "log": ({"logging": {"destination": "/no/such/directory/log"}}, 1, "/no/such/directory/log"),
    "address": ({"listeners": [{"address": "192.0.2.1"}]}, 1, "192.0.2.1"),
    "key": (
        {"listeners": [{"tls": True}], "tls": {"key": "/no/key", "certificate": "/no/certificate"}}, 1, "/no/",
    ),
    "user": ({"process": {"user": "no-such-user"}}, 1, "no-such-user"),
    "group": ({"process": {"group": "no-such-group"}}, 1, "no-such-group"),
    "ledger": ({"naming": {"sort": "study"}, "studies": {"ledger": "/proc/ledger"}}, 1, "ledger"),
}  # fmt: skip


@pytest.mark.parametrize("which", FAILURES)
def test_why_it_does_not_serve_is_said_by_its_parent(which, background: Background):
    config, expected, named = FAILURES[which]
    background.configure(config)
    done = background.start()
    assert (done.returncode, done.stdout) == (expected, "")
    assert named in done.stderr
    assert "Traceback" not in done.stderr
    assert not background.pid_file.exists()


@pytest.mark.skipif(os.path.exists("/dev/log"), reason="there is a syslog here")
@pytest.mark.parametrize("destination", ["auto", "syslog"])
def test_without_syslog_there_is_no_daemon_that_logs_nowhere(destination, background: Background):
    background.configure({"logging": {"destination": destination}})
    done = background.start()
    assert (done.returncode, done.stdout) == (1, "")
    assert "/dev/log" in done.stderr
    assert not background.pid_file.exists()


def test_a_port_that_is_taken(background: Background):
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        background.configure({"listeners": [{"address": "127.0.0.1", "port": holder.getsockname()[1]}]})
        done = background.start()
    assert done.returncode == 1
    assert "another program listens there" in done.stderr
    assert list(background.pid_file.parent.iterdir()) == []


def test_a_keeper_that_cannot_have_its_ledger(background: Background, tmp_path):
    """What is found out by a child after the ports are bound is told all the same."""
    background.configure({"naming": {"sort": "study"}, "studies": {"ledger": str(tmp_path / "ledger")}})
    assert background.start().returncode == 0
    first = background.pid
    done = background.command("--daemon", "--pid-file", str(background.folder / "other"))
    assert done.returncode == 1
    assert "ledger" in done.stderr
    assert not (background.folder / "other").exists()
    assert alive(first)


def test_testing_options_with_leave(background: Background):
    background.configure({"testing": {"ignore": True, "allow_in_service": True}})
    assert background.start().returncode == 0


def test_only_one_has_the_pid_file(background: Background):
    assert background.start().returncode == 0
    pid = background.pid
    done = background.command("--daemon", "--pid-file", str(background.pid_file))
    assert done.returncode == 1
    assert f"another daemon runs already, process {pid}" in done.stderr
    done = background.command("--pid-file", str(background.pid_file))
    assert done.returncode == 1
    assert f"another daemon runs already, process {pid}" in done.stderr
    assert background.pid == pid
    assert alive(pid)


def test_the_pid_file_of_a_killed_daemon_is_taken_over_at_once(background: Background):
    """Its worker still serves an association, and does not hold the lock."""
    assert background.start().returncode == 0
    first = background.pid
    [worker] = children(first)
    with associate(background.port) as association:
        os.kill(first, signal.SIGKILL)
        eventually(lambda: not alive(first))
        assert background.pid == first
        done = background.start()
        assert done.returncode == 0, done.stderr
        assert background.pid != first
        assert alive(worker)
        assert association.echo(ECHO) == SUCCESS
    eventually(lambda: not alive(worker))


@pytest.mark.parametrize("content", ["root:x:0:0:root\n", "12 34\n"])
def test_what_is_no_pid_file_is_left_as_it_is(content, background: Background):
    background.pid_file.write_text(content)
    done = background.command("--daemon", "--pid-file", str(background.pid_file))
    assert done.returncode == 1
    assert "is no pid file" in done.stderr
    assert background.pid_file.read_text() == content


def test_a_link_is_not_followed(background: Background):
    target = background.folder / "target"
    target.write_text("")
    background.pid_file.symlink_to(target)
    assert background.command("--daemon", "--pid-file", str(background.pid_file)).returncode == 1
    assert target.read_text() == ""


def test_many_starts_at_once_leave_one(background: Background):
    arguments = ["--daemon", "--pid-file", str(background.pid_file)]
    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(lambda _: background.command(*arguments), range(4)))
    background.found.add(background.pid)
    assert sorted(one.returncode for one in done) == [0, 1, 1, 1]
    assert alive(background.pid)
    with associate(background.port) as association:
        assert association.echo(ECHO) == SUCCESS


def test_a_pid_file_in_the_foreground(background: Background):
    line = background.command("--version")
    assert line.returncode == 0
    with subprocess.Popen(
        ["sh", "-c", 'exec "$@" 2>/dev/null', "sh", *line.args[:-1], "--pid-file", str(background.pid_file)],
        env={**os.environ, "PYTHONPATH": PATH},
    ) as process:
        eventually(lambda: "serving" in background.log())
        assert background.pid == process.pid
        process.terminate()
        assert process.wait(60) == 0
    assert not background.pid_file.exists()


def test_not_under_systemd(background: Background):
    environment = {**os.environ, "PYTHONPATH": PATH, "NOTIFY_SOCKET": "@nobody"}
    line = background.command("--version").args[:-1]
    done = subprocess.run([*line, "--daemon"], capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 2
    assert "Type=notify" in done.stderr
