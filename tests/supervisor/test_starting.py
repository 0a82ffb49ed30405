"""Starts: exit statuses, signals that come early, workers by processors, ports of all kinds."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from storescpd.supervisor.cpus import usable
from tests.supervisor.steering import listener
from tests.support.build import PATH
from tests.support.daemon import storescpd
from tests.support.processes import eventually, free_port
from tests.support.rawclient import Rejected
from tests.support.scenes import ECHO, SUCCESS, associate, small, store
from tests.support.tools import need


def run(*arguments: str) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "storescpd", *arguments]
    return subprocess.run(command, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": PATH}, check=False)


USAGE = [["--no-such-option"], ["extra"], ["--check-config", "--dump-config"], ["--echo", "host"], ["--echo", "h", "0"]]


@pytest.mark.parametrize("arguments", USAGE, ids=" ".join)
def test_wrong_usage(arguments):
    done = run(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert "usage:" in done.stderr


CONFIGURATIONS = {
    "no file": None,
    "no TOML": "[storage",
    "unknown key": '[storage]\ndirectry = "/"',
    "wrong type": '[process]\nworkers = "many"',
    "not available": '[metrics]\naddress = "127.0.0.1:1"',
}


@pytest.mark.parametrize("which", CONFIGURATIONS)
def test_a_bad_configuration(which, tmp_path):
    path = tmp_path / "storescpd.toml"
    if CONFIGURATIONS[which] is not None:
        path.write_text(CONFIGURATIONS[which])
    done = run("--config", str(path))
    assert (done.returncode, done.stdout) == (78, "")
    assert str(path) in done.stderr
    assert "Traceback" not in done.stderr


FAILURES = {
    "directory": ({"storage": {"directory": "/no/such/directory"}}, "/no/such/directory"),
    "log": ({"logging": {"destination": "/no/such/directory/log"}}, "/no/such/directory/log"),
    "address": ({"listeners": [listener(address="192.0.2.1")]}, "192.0.2.1"),
    "host": ({"listeners": [listener(address="no-such-host.invalid")]}, "no-such-host.invalid"),
}


@pytest.mark.parametrize("which", FAILURES)
def test_a_start_that_fails(which, tmp_path):
    config, named = FAILURES[which]
    with storescpd(tmp_path / "out", config, wait=False) as daemon:
        assert daemon.wait() == 1
        assert named in daemon.log()
        assert "Traceback" not in daemon.log()
        assert daemon.members() == []


def test_a_port_that_is_taken(tmp_path):
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        config = {"listeners": [listener(), listener(port, "second")]}
        with storescpd(tmp_path / "out", config, wait=False) as daemon:
            assert daemon.wait() == 1
            assert f"127.0.0.1 port {port}" in daemon.log()


def blocked(pid: int) -> set[int]:
    """The signals that a process holds back."""
    mask = next(line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("SigBlk"))
    bits = int(mask.split()[1], 16)
    return {number for number in range(1, 65) if bits >> number - 1 & 1}


@pytest.mark.parametrize("early", [signal.SIGHUP, signal.SIGTERM])
def test_a_signal_that_comes_early_is_heard_later(early, tmp_path):
    """The port is held until the signal has been sent: a start is patient with ports."""
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        config = {"listeners": [listener(holder.getsockname()[1])]}
        with storescpd(tmp_path / "out", config, wait=False) as daemon:
            eventually(lambda: early in blocked(daemon.pid))
            daemon.signal(early)
            holder.close()
            if early == signal.SIGTERM:
                assert daemon.wait() == 0
                assert daemon.members() == []
            else:
                eventually(lambda: "generation=2" in daemon.log())
                eventually(lambda: len(daemon.worker_pids()) == 1)
                assert daemon.terminate() == 0


def test_an_interrupted_start_ends_in_order(tmp_path):
    """While it waits for a port that is taken."""
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        log = tmp_path / "log"
        config = {"listeners": [listener(holder.getsockname()[1])], "logging": {"destination": str(log)}}
        with storescpd(tmp_path / "out", config, wait=False) as daemon:
            eventually(log.exists)
            daemon.signal(signal.SIGINT)
            assert daemon.wait() == 0
            assert daemon.log() == ""
            assert "stopped" in log.read_text()
            assert daemon.members() == []


def test_signals_that_mean_nothing_end_nothing(tmp_path):
    flags = tmp_path / "flags"
    hook = ["/bin/sh", "-c", f"grep SigIgn /proc/self/status > {flags}.new && mv {flags}.new {flags}"]
    with storescpd(tmp_path / "out", {"hooks": {"on_reception": hook}}) as daemon:
        members = daemon.members()
        for number in (signal.SIGUSR1, signal.SIGUSR2):
            daemon.signal(number)
            with associate(daemon.port) as association:
                assert store(association, small(), int(number)) == SUCCESS
        assert daemon.members() == members
        eventually(flags.exists)
        ignored = int(flags.read_text().split()[1], 16)
        assert not ignored & (1 << signal.SIGUSR1 - 1 | 1 << signal.SIGUSR2 - 1)
        assert daemon.terminate() == 0


def test_blocked_signals_of_the_parent_are_heard(tmp_path):
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGCHLD, signal.SIGINT})
    try:
        with storescpd(tmp_path / "out") as daemon:
            [worker] = daemon.worker_pids()
            assert blocked(daemon.pid) == blocked(worker) == set()
            assert daemon.terminate() == 0
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM, signal.SIGCHLD, signal.SIGINT})


@pytest.mark.parametrize("cpus", ["0", "0,1"])
def test_auto_workers_count_the_processors_that_may_be_used(cpus, tmp_path):
    need("taskset")
    wanted = cpus.count(",") + 1
    if len(os.sched_getaffinity(0)) < wanted:
        pytest.skip("not so many processors here")
    config = {"process": {"workers": "auto"}}
    with storescpd(tmp_path / "out", config, prefix=("taskset", "-c", cpus)) as daemon:
        eventually(lambda: len(daemon.worker_pids()) == min(wanted, usable()))
        assert f"workers={wanted}" in daemon.log()


# own groups, files -> processors; the machine that tests run on has more than one half
QUOTAS = {
    "container": ("0::/\n", {"cpu.max": "50000 100000"}),
    "service": ("0::/system.slice/storescpd.service\n", {"system.slice/storescpd.service/cpu.max": "90000 100000"}),
    "slice": ("0::/system.slice/storescpd.service\n", {"system.slice/cpu.max": "100000 100000"}),
    "version 1": ("4:cpu,cpuacct:/d\n3:pids:/p\n", {"cpu/d/cpu.cfs_quota_us": "5", "cpu/d/cpu.cfs_period_us": "10"}),
    "version 1 container": ("4:cpu:/../x\n", {"cpu/cpu.cfs_quota_us": "5", "cpu/cpu.cfs_period_us": "10"}),
}
NONE = {
    "max": ("0::/\n", {"cpu.max": "max 100000"}),
    "version 1": ("4:cpu:/\n", {"cpu/cpu.cfs_quota_us": "-1", "cpu/cpu.cfs_period_us": "100000"}),
    "another's": ("0::/a\n", {"b/cpu.max": "1 100000"}),
    "nothing": ("", {}),
    "nonsense": ("0::/\n", {"cpu.max": "\n"}),
}


def limited(tmp_path, groups: str, files: dict[str, str]) -> int:
    (tmp_path / "own").write_text(groups)
    for name, content in files.items():
        path = tmp_path / "cgroup" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return usable(tmp_path / "cgroup", tmp_path / "own")


@pytest.mark.parametrize("which", QUOTAS)
def test_a_quota_is_counted_wherever_it_is_set(which, tmp_path):
    assert limited(tmp_path, *QUOTAS[which]) == 1


@pytest.mark.parametrize("which", NONE)
def test_no_quota(which, tmp_path):
    assert limited(tmp_path, *NONE[which]) == len(os.sched_getaffinity(0))


def test_both_families_on_one_port(tmp_path):
    config = {"listeners": [listener(address="::")], "process": {"max_associations_per_peer": 1}}
    with storescpd(tmp_path / "out", config) as daemon:
        port = int(daemon.log().split("[::]:")[1].split()[0])
        with associate(port, host="::1") as six, associate(port, host="127.0.0.1") as four:
            assert [six.echo(ECHO), four.echo(ECHO)] == [SUCCESS] * 2
            with pytest.raises(Rejected):
                associate(port, host="127.0.0.1")
            peers = [f"peer=[::1]:{six.socket.getsockname()[1]} ", f"peer=127.0.0.1:{four.socket.getsockname()[1]} "]
            eventually(lambda: all(peer in daemon.log() for peer in peers))


def test_several_ports(tmp_path):
    names = ["ct", "mr", "xa"]
    with storescpd(tmp_path / "out", {"listeners": [listener(name=name) for name in names]}, workers=2) as daemon:
        ports = daemon.ports()
        assert sorted(ports) == sorted(names)
        assert len(set(ports.values())) == 3
        for name, port in ports.items():
            with associate(port) as association:
                assert association.echo(ECHO) == SUCCESS
                association.release()
            eventually(lambda name=name: f"listener={name}" in daemon.log())


def test_a_second_daemon_does_not_share_the_port(tmp_path):
    port = free_port()
    config = {"listeners": [listener(port)]}
    with storescpd(tmp_path / "out", config), storescpd(tmp_path / "other", config, wait=False) as second:
        assert second.wait() == 1
        with associate(port) as association:
            assert association.echo(ECHO) == SUCCESS


def test_more_connections_than_the_usual_limit_of_descriptors(tmp_path):
    """1,024 is the soft limit that a service begins with; the hard one is for us to use."""
    need("prlimit")
    with storescpd(tmp_path / "out", prefix=("prlimit", "--nofile=64:4096")) as daemon:
        held = [associate(daemon.port) for _ in range(100)]
        assert {association.echo(ECHO) for association in held} == {SUCCESS}
        for association in held:
            association.close()


def test_out_of_descriptors_it_waits_and_says_so_once(tmp_path):
    need("prlimit")
    with storescpd(tmp_path / "out", prefix=("prlimit", "--nofile=40:40")) as daemon:
        held = [socket.create_connection(("127.0.0.1", daemon.port)) for _ in range(60)]
        eventually(lambda: "cannot accept connections" in daemon.log())
        more = [socket.create_connection(("127.0.0.1", daemon.port)) for _ in range(10)]
        for connection in held:
            connection.close()
        with associate(daemon.port) as association:
            assert association.echo(ECHO) == SUCCESS
        assert daemon.log().count("cannot accept connections") == 1
        for connection in more:
            connection.close()


def test_little_room_is_a_warning_at_the_start_and_at_a_reload(tmp_path):
    """As for --check-config: a full disk must keep nobody from changing something else."""
    with storescpd(tmp_path / "out", {"storage": {"min_free": "4096 TiB"}}) as daemon:
        assert daemon.log().count("too little room") == 1
        daemon.signal(signal.SIGHUP)
        eventually(lambda: daemon.log().count("] serving") == 2)
        assert daemon.log().count("too little room") == 2
