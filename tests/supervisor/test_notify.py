"""What systemd is told over NOTIFY_SOCKET: the test reads what a service manager would (sd_notify(3))."""

import contextlib
import errno
import os
import signal
import socket
import time

import pytest

from storescpd.supervisor.report import SHOW_PAUSE
from storescpd.telemetry.notify import LONGEST_STATUS, Notifier, status
from tests.supervisor.steering import count, injected, listener, rewrite
from tests.support.daemon import storescpd
from tests.support.manager import manager
from tests.support.processes import end, eventually
from tests.support.scenes import ECHO, SUCCESS, associate, begin, finish, owner, small, store, whole

STATES = ("READY", "RELOADING", "STOPPING")


@pytest.mark.parametrize("abstract", [False, True], ids=["path", "abstract"])
def test_ready_when_it_serves_and_stopping_when_it_ends(abstract, tmp_path):
    with (
        manager(tmp_path, abstract=abstract) as systemd,
        storescpd(tmp_path / "out", workers=2, env=systemd.environment) as daemon,
    ):
        ready = systemd.wait("READY")
        assert ready["STATUS"].startswith(f"serving with 2 workers on dicom 127.0.0.1:{daemon.port}")
        with associate(daemon.port) as association:
            assert association.echo(ECHO) == SUCCESS
            association.release()
        assert daemon.terminate() == 0
        assert systemd.wait("STOPPING")["STATUS"].startswith("stopping")
        assert systemd.order(*STATES) == ["READY", "STOPPING"]


SLOW_START = """
import os, time
from storescpd.worker.process import Process
prepare = Process._prepare
def slow(self):
    prepare(self)
    while not os.path.exists(FLAG):
        time.sleep(0.005)
Process._prepare = slow
"""


def test_a_stop_while_workers_start_is_no_start(tmp_path):
    with manager(tmp_path) as systemd:
        env = systemd.environment | injected(tmp_path, SLOW_START)
        with storescpd(tmp_path / "out", wait=False, env=env) as daemon:
            eventually(daemon.worker_pids)
            daemon.signal(signal.SIGTERM)
            systemd.wait("STOPPING")
            (tmp_path / "flag").touch()
            assert daemon.wait() == 0
            assert daemon.members() == []
        assert systemd.order(*STATES) == ["STOPPING"]


def test_nothing_is_ready_before_it_serves(tmp_path):
    """The port is held: a start is patient with ports."""
    with socket.socket() as holder, manager(tmp_path) as systemd:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        config = {"listeners": [listener(holder.getsockname()[1])]}
        with storescpd(tmp_path / "out", config, wait=False, env=systemd.environment) as daemon:
            assert daemon.wait() == 1
        assert systemd.order(*STATES) == []
        assert "listens there" in systemd.status
        assert [message["ERRNO"] for message in systemd.messages if "ERRNO" in message] == [str(errno.EADDRINUSE)]


def test_a_reload_is_told_from_its_begin_to_its_end(tmp_path):
    with manager(tmp_path) as systemd, storescpd(tmp_path / "out", env=systemd.environment) as daemon:
        systemd.wait("READY")
        asked = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
        rewrite(daemon, {}, workers=2)
        daemon.signal(signal.SIGHUP)
        assert int(systemd.wait("RELOADING")["MONOTONIC_USEC"]) >= asked
        assert "2 workers" in systemd.wait("READY", 2)["STATUS"]
        assert count(daemon, "] serving") == 2
        assert systemd.order(*STATES) == ["READY", "RELOADING", "READY"]


def test_a_reload_that_fails_ends_too_and_says_why(tmp_path):
    with manager(tmp_path) as systemd, storescpd(tmp_path / "out", env=systemd.environment) as daemon:
        systemd.wait("READY")
        good = daemon.config_file.read_text()
        daemon.config_file.write_text("[storage]\ndirektory = '/ä'\n")
        daemon.signal(signal.SIGHUP)
        shown = systemd.wait("READY", 2)["STATUS"]
        assert shown.startswith("reload failed: ")
        assert "direktory" in shown
        assert "serving with 1 worker" in shown
        daemon.config_file.write_text(good)
        daemon.signal(signal.SIGHUP)
        assert systemd.wait("READY", 3)["STATUS"].startswith("serving")
        assert systemd.order(*STATES) == ["READY", "RELOADING", "READY", "RELOADING", "READY"]


def test_signals_that_fold_end_ready(tmp_path):
    with manager(tmp_path) as systemd, storescpd(tmp_path / "out", env=systemd.environment) as daemon:
        systemd.wait("READY")
        for _ in range(20):
            daemon.signal(signal.SIGHUP)
        eventually(lambda: systemd.order(*STATES)[-2:] == ["RELOADING", "READY"] and count(daemon, "] serving") > 1)
        eventually(lambda: f"generation={systemd.count('RELOADING') + 1}" in daemon.log().splitlines()[-1])
        assert systemd.order(*STATES)[-1] == "READY"


FATAL = {
    "configuration": ({"storage": {"directry": "/"}}, 78, errno.EINVAL, "directry"),
    "directory": ({"storage": {"directory": "/no/such"}}, 1, errno.ENOENT, "/no/such"),
    "log": ({"logging": {"destination": "/no/such/log"}}, 1, errno.ENOENT, "/no/such/log"),
}


@pytest.mark.parametrize("which", FATAL)
def test_a_start_that_fails_says_why(which, tmp_path):
    config, code, number, named = FATAL[which]
    with manager(tmp_path) as systemd:
        with storescpd(tmp_path / "out", config, wait=False, env=systemd.environment) as daemon:
            assert daemon.wait() == code
        message = systemd.wait("ERRNO")
        assert message["ERRNO"] == str(number)
        assert named in message["STATUS"]
        assert systemd.order(*STATES) == []


def test_a_ledger_that_another_daemon_uses(tmp_path):
    config = {"naming": {"sort": "study-uid"}}
    with storescpd(tmp_path / "out", config), manager(tmp_path) as systemd:
        with storescpd(tmp_path / "out", config, wait=False, env=systemd.environment) as second:
            assert second.wait() == 1
        assert systemd.wait("ERRNO")["ERRNO"] == str(errno.EIO)
        assert "ledger" in systemd.status
        assert "READY" not in systemd.order(*STATES)


def test_time_is_asked_for_while_associations_end(tmp_path):
    template = small()
    with (
        manager(tmp_path) as systemd,
        storescpd(tmp_path / "out", {"process": {"drain_timeout": 3600}}, env=systemd.environment) as daemon,
        associate(daemon.port) as association,
    ):
        rest = begin(association, template, 1)
        daemon.signal(signal.SIGTERM)
        asked = int(systemd.wait("EXTEND_TIMEOUT_USEC")["EXTEND_TIMEOUT_USEC"])
        assert asked >= 10_000_000
        # Again and again: what was asked for first has not passed yet.
        assert int(systemd.wait("EXTEND_TIMEOUT_USEC", 2, timeout=asked / 1e6)["EXTEND_TIMEOUT_USEC"]) == asked
        assert finish(association, rest) == SUCCESS
        association.release()
        assert daemon.wait() == 0
        assert whole(daemon.directory, template, 1)
        assert systemd.order("STOPPING", "EXTEND_TIMEOUT_USEC")[0] == "STOPPING"


def test_the_status_shows_associations_and_objects(tmp_path):
    template = small()
    with manager(tmp_path) as systemd, storescpd(tmp_path / "out", workers=2, env=systemd.environment) as daemon:
        assert "0 associations, 0 objects in the last minute" in systemd.wait("READY")["STATUS"]
        with associate(daemon.port) as one, associate(daemon.port) as two:
            eventually(lambda: "2 associations, 0 objects" in systemd.status)
            assert [store(one, template, number) for number in (1, 2)] == [SUCCESS] * 2
            assert store(two, template, 3) == SUCCESS
            eventually(lambda: "2 associations, 3 objects" in systemd.status)
            # Those of a worker that is gone have been stored all the same.
            end(owner(daemon, two))
            eventually(lambda: "1 association, 3 objects" in systemd.status)
            assert 'worker died cause="signal 9' in systemd.status
            one.release()
        eventually(lambda: "0 associations, 3 objects" in systemd.status)


def test_the_status_is_sent_again_only_when_it_has_changed(tmp_path):
    with manager(tmp_path) as systemd:
        with storescpd(tmp_path / "out", env={**systemd.environment, "WATCHDOG_USEC": "2000000"}) as daemon:
            systemd.wait("WATCHDOG", int(2 * SHOW_PAUSE) + 1)
            assert systemd.count("STATUS") == 1
            assert daemon.terminate() == 0


def test_an_error_of_a_worker_is_the_last_one(tmp_path):
    """Message and cause, not who it was: everybody may read the status."""
    (tmp_path / "deny").mkdir()
    config = {"access": {"tcp_wrappers": True, "hosts_allow": "/no/such/file", "hosts_deny": str(tmp_path / "deny")}}
    with manager(tmp_path) as systemd, storescpd(tmp_path / "out", config, env=systemd.environment) as daemon:
        systemd.wait("READY")
        with socket.create_connection(("127.0.0.1", daemon.port)) as denied:
            assert denied.recv(1) == b""
        eventually(lambda: f'connection denied cause="TCP wrappers: cannot read {tmp_path}/deny' in systemd.status)
        assert "peer" not in systemd.status


def test_children_do_not_speak_for_the_daemon(tmp_path):
    """Nor do hooks, also where they inherit the environment."""
    told = tmp_path / "environment"
    hook = ["/bin/sh", "-c", f"env >{told}.new; mv {told}.new {told}"]
    config = {"hooks": {"on_reception": hook, "inherit_environment": True}}
    with manager(tmp_path) as systemd:
        env = {**systemd.environment, "WATCHDOG_USEC": "60000000", "SEEN_BY_HOOKS": "yes"}
        with storescpd(tmp_path / "out", config, env=env) as daemon, associate(daemon.port) as association:
            assert association.store(1, small().sop_class, small().instance(1), small().bytes(1)) == SUCCESS
            association.release()
            eventually(told.exists)
        variables = dict(line.split("=", 1) for line in told.read_text().splitlines() if "=" in line)
        assert variables["SEEN_BY_HOOKS"] == "yes"
        assert not {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"} & set(variables)


def test_a_manager_that_is_gone_is_no_reason_to_stop(tmp_path):
    with manager(tmp_path) as systemd:
        env = systemd.environment
        with storescpd(tmp_path / "out", env=env) as daemon:
            systemd.wait("READY")
            systemd.socket.close()
            os.unlink(env["NOTIFY_SOCKET"])
            daemon.signal(signal.SIGHUP)
            eventually(lambda: count(daemon, "] serving") == 2)
            assert daemon.terminate() == 0


def fill(filler, path):
    with contextlib.suppress(BlockingIOError):
        while True:
            filler.sendto(b"X=1", path)


def test_a_manager_that_reads_nothing_stops_nobody_and_hears_it_later(tmp_path):
    """Its queue is full from the begin; READY comes once it reads again."""
    with manager(tmp_path) as systemd, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as filler:
        filler.settimeout(0)
        fill(filler, systemd.environment["NOTIFY_SOCKET"])
        with storescpd(tmp_path / "out", env=systemd.environment) as daemon:
            with associate(daemon.port) as association:
                assert association.echo(ECHO) == SUCCESS
                association.release()
            assert systemd.wait("READY")["STATUS"].startswith("serving")


@pytest.mark.parametrize("name", ["", "/no/such/socket", "@storescpd-no-such-socket", "/" + "x" * 200])
def test_without_a_manager_nothing_is_sent(name, monkeypatch):
    monkeypatch.setenv("NOTIFY_SOCKET", name)
    notifier = Notifier()
    notifier.say("READY=1")
    assert not notifier.waiting
    assert not notifier.heard
    assert "NOTIFY_SOCKET" not in os.environ


WATCHDOGS = {
    "ours": ("3000000", str(os.getpid()), 3.0),
    "anybody's": ("500000", None, 0.5),
    "another's": ("3000000", "1", None),
    "none": (None, None, None),
    "nonsense": ("-1", None, None),
    "zero": ("0", None, None),
}


@pytest.mark.parametrize("which", WATCHDOGS)
def test_whose_watchdog_it_is(which, monkeypatch):
    microseconds, owner, seconds = WATCHDOGS[which]
    for name, value in (("WATCHDOG_USEC", microseconds), ("WATCHDOG_PID", owner)):
        monkeypatch.delenv(name, raising=False) if value is None else monkeypatch.setenv(name, value)
    assert Notifier().watchdog == seconds
    assert not {"WATCHDOG_USEC", "WATCHDOG_PID"} & set(os.environ)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("serving", "serving"),
        ("two\nlines\r\nREADY=1", "two lines READY=1"),
        ("Müller 日本", "M\\xfcller \\u65e5\\u672c"),
        ("x" * 5000, "x" * (LONGEST_STATUS - 3) + "..."),
    ],
)
def test_a_status_is_one_line_of_ascii(text, shown):
    assert status(text) == f"STATUS={shown}"
