"""The command as it serves, beside storescp."""

import os
import pty
import re
import signal
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization

from tests.dropin.commands import Zygote, serving, zygote
from tests.studies.studies import SUCCESS, associate, store
from tests.support.build import PATH
from tests.support.certificates import issue
from tests.support.processes import alive, eventually, free_port, group
from tests.support.rawclient import Rejected, associate_request
from tests.support.reference import listening, stop, storescp
from tests.support.tools import need

COMMAND = (sys.executable, "-m", "storescpd.cli.storescp")


@pytest.fixture
def starter(tmp_path: Path) -> Iterator[Zygote]:
    with zygote(tmp_path) as made:
        yield made


def started(port: int, *options: str, cwd: Path, **arguments: object) -> subprocess.Popen[bytes]:
    """Our command in a process of its own, listening."""
    process = subprocess.Popen(
        [*COMMAND, *options, str(port)], cwd=cwd, stdin=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": PATH}, **arguments,
    )  # fmt: skip
    eventually(lambda: process.poll() is not None or listening(port, process.pid))
    assert process.poll() is None
    return process


def ended(*arguments: str, cwd: Path) -> "subprocess.CompletedProcess[str]":
    """What our command has said when it does not serve."""
    return subprocess.run(
        [*COMMAND, *arguments], cwd=cwd, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONPATH": PATH}, timeout=60,
    )  # fmt: skip


def send(port: int, *studies: str) -> None:
    with associate(port, calling="SENDER", called="STORE") as association:
        for study in studies:
            assert store(association, study, 1) == SUCCESS
        association.release()


@pytest.mark.parametrize("umask", [0o022, 0o077])
def test_modes_are_those_of_the_umask(umask: int, tmp_path: Path):
    need("storescp")
    before = os.umask(umask)
    try:
        with storescp(tmp_path / "theirs", "-ss", "S") as reference:
            send(reference.port, "A")
        (tmp_path / "ours").mkdir()
        port = free_port()
        process = started(port, "-ss", "S", "-od", "ours", cwd=tmp_path)
        try:
            send(port, "A")
        finally:
            stop(process)
    finally:
        os.umask(before)
    theirs, ours = ([path.stat().st_mode for path in files(tmp_path / name)] for name in ("theirs", "ours"))
    assert len(theirs) == 2
    assert ours == theirs


def files(directory: Path) -> list[Path]:
    """Study directories and files."""
    return sorted(directory.rglob("*"))


def test_one_association_at_a_time(starter: Zygote, tmp_path: Path):
    with serving(starter, [], tmp_path / "out") as port, associate(port) as first:
        done = threading.Event()

        def second() -> None:
            send(port, "B")
            done.set()

        thread = threading.Thread(target=second)
        thread.start()
        assert store(first, "A", 1) == SUCCESS
        # The other has its connection from the kernel by now, and no answer.
        assert not done.wait(0.5)
        first.release()
        assert done.wait(60)
        thread.join()
    assert len(files(tmp_path / "out")) == 2


def test_fork_serves_at_the_same_time(starter: Zygote, tmp_path: Path):
    with serving(starter, ["--fork"], tmp_path / "out") as port, associate(port) as first:
        send(port, "B")
        assert store(first, "A", 1) == SUCCESS


def test_max_associations_leaves_others_waiting(starter: Zygote, tmp_path: Path):
    with serving(starter, ["--fork", "--max-associations", "2"], tmp_path / "out") as port:
        with associate(port) as first, associate(port) as second:
            with socket.create_connection(("127.0.0.1", port), timeout=0.5) as third:
                third.sendall(associate_request([(1, "1.2.840.10008.1.1", ("1.2.840.10008.1.2",))]))
                with pytest.raises(TimeoutError):
                    third.recv(1)
                first.release()
                third.settimeout(60)
                assert third.recv(1) == b"\x02"
            second.release()


@pytest.mark.parametrize("extra", [(), ("-dhl",)], ids=["names", "addresses"])
def test_hooks_are_told_what_storescp_tells(extra: tuple[str, ...], starter: Zygote, tmp_path: Path, monkeypatch):
    need("storescp")
    told = {}
    for whose in ("theirs", "ours"):
        hook = f'echo "$HOME" #p/#f #a #c #r >> {tmp_path / whose}.told'
        options = ["-xcr", hook, "-xs", *extra]
        directory = tmp_path / whose
        if whose == "theirs":
            with storescp(directory, *options) as reference:
                send(reference.port, "A")
        else:
            with serving(starter, options, directory) as port:
                send(port, "A")
        path = Path(f"{tmp_path / whose}.told")
        text = eventually(lambda path=path: path.exists() and path.read_text())
        told[whose] = text.replace(str(directory), "DIRECTORY")
    assert told["ours"] == told["theirs"]
    assert ("localhost" in told["ours"]) == (not extra)


def test_hooks_write_where_the_command_does(starter: Zygote, tmp_path: Path):
    with serving(starter, ["-xcr", "echo told of #f; echo and of #a >&2", "-xs"], tmp_path / "out") as port:
        send(port, "A")
        log = eventually(lambda: "and of" in (text := (tmp_path / "out.log").read_text()) and text)
    assert re.search(r"^told of CT\.[0-9.]+$", log, re.MULTILINE)
    assert "\nand of SENDER\n" in log


def test_what_is_ignored_leaves_nothing(starter: Zygote, tmp_path: Path):
    hook = f"touch {tmp_path}/told"
    with serving(starter, ["--ignore", "-ss", "S", "-xcr", hook, "-xs"], tmp_path / "out") as port:
        send(port, "A")
    assert not list((tmp_path / "out").iterdir())
    assert not (tmp_path / "told").exists()
    with serving(starter, ["--ignore"], tmp_path / "bare") as port:
        send(port, "A")
    assert not list((tmp_path / "bare").iterdir())


def test_studies_end_by_the_next_one_and_are_renamed(starter: Zygote, tmp_path: Path):
    need("storescp")
    found = {}
    for whose in ("theirs", "ours"):
        directory, said = tmp_path / whose, tmp_path / f"{whose}.said"
        options = ["-su", "S", "-rns", "-xcs", f"echo #p >> {said}", "-xs"]
        if whose == "theirs":
            with storescp(directory, *options) as reference:
                send(reference.port, "A", "B", "C")
        else:
            with serving(starter, options, directory) as port:
                send(port, "A", "B", "C")
                eventually(lambda said=said: said.exists() and said.read_text().count("\n") == 2)
        named = [str(path.relative_to(directory)) for path in files(directory)]
        found[whose] = (named, said.read_text().replace(str(directory), "DIRECTORY"))
    assert found["ours"] == found["theirs"]


def test_a_quiet_study_ends(starter: Zygote, tmp_path: Path):
    with serving(starter, ["-su", "", "-rns", "-tos", "0"], tmp_path / "out") as port:
        send(port, "A")
        assert eventually(lambda: [path for path in files(tmp_path / "out") if path.name == "CT000001"])


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT], ids=lambda number: number.name)
def test_signals_end_it(number: signal.Signals, tmp_path: Path):
    process = started(free_port(), cwd=tmp_path)
    process.send_signal(number)
    assert process.wait(60) == 0


def test_nohup_keeps_it(tmp_path: Path):
    port = free_port()
    with (tmp_path / "log").open("wb") as output:
        process = started(
            port, cwd=tmp_path, stderr=output,
            preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN),
        )  # fmt: skip
    process.send_signal(signal.SIGHUP)
    send(port, "A")
    assert process.poll() is None
    assert stop(process) == 0


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("-od", "missing"), "output directory missing does not exist"),
        (("-od", "file"), "output directory file does not exist"),
        (("-xf", "missing.cfg", "Default"), "missing.cfg: cannot be read"),
        (("+tls", "missing.key", "missing.crt"), "cannot read missing.crt"),
        (("-lc", "logs.cfg"), "nowhere/log"),
    ],
    ids=lambda value: value if isinstance(value, str) else " ".join(value),
)
def test_starts_that_fail_end_with_one(arguments: tuple[str, ...], text: str, tmp_path: Path):
    (tmp_path / "file").touch()
    (tmp_path / "logs.cfg").write_text(
        "log4cplus.rootLogger = INFO, file\nlog4cplus.appender.file.File = nowhere/log\n"
    )
    done = ended(*arguments, str(free_port()), cwd=tmp_path)
    assert done.returncode == 1
    assert text in done.stderr


@pytest.mark.parametrize(
    ("arguments", "option"),
    [
        (("-od", "out\udcff", "-xcr", "true"), "--output-directory"),
        (("-fe", ".\udce9", "-sp"), "--filename-extension"),
        (("-ss", "\udce9"), "--sort-conc-studies"),
        (("-su", "\udce9"), "--sort-on-study-uid"),
    ],
    ids=lambda value: value if isinstance(value, str) else value[0],
)
def test_names_that_a_ledger_could_not_keep(arguments: tuple[str, ...], option: str, tmp_path: Path):
    """The start fails, not each object."""
    os.mkdir(tmp_path / "out\udcff")
    done = ended(*arguments, str(free_port()), cwd=tmp_path)
    assert done.returncode == 1
    assert f"error: {option} has to be UTF-8" in done.stderr


def test_names_of_any_bytes_without_a_ledger(starter: Zygote, tmp_path: Path):
    with serving(starter, ["-fe", ".\udce9"], tmp_path / "out\udcff") as port:
        send(port, "A")
    assert [name for name in os.listdir(tmp_path / "out\udcff") if name.endswith(".\udce9")]


def test_a_taken_port_is_told(tmp_path: Path):
    with socket.create_server(("0.0.0.0", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = ended(port, cwd=tmp_path)
    assert done.returncode == 1
    assert port in done.stderr


def test_an_interrupted_start_ends_in_order(tmp_path: Path):
    """While it waits for a port that is taken."""
    with socket.create_server(("0.0.0.0", 0)) as taken:
        process = subprocess.Popen(
            [*COMMAND, str(taken.getsockname()[1])], cwd=tmp_path, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE,
            text=True, env={**os.environ, "PYTHONPATH": PATH},
        )  # fmt: skip
        eventually(lambda: any(link.is_socket() for link in Path(f"/proc/{process.pid}/fd").iterdir()))
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert (process.returncode, said) == (0, "")


def test_errors_have_four_parts(tmp_path: Path):
    need("storescp")
    theirs = subprocess.run(["storescp", "-ta", "0", "1"], capture_output=True, text=True, check=False)
    ours = ended("-ta", "0", "1", cwd=tmp_path)
    assert (ours.returncode, ours.stdout) == (theirs.returncode, theirs.stdout) == (1, "")
    shape = re.compile(r"\$\w+: storescp v\S+.* \$\n\nstorescp: .+\nerror: (.*)\n")
    found = [shape.fullmatch(done.stderr) for done in (theirs, ours)]
    assert all(found)
    assert found[0][1] == found[1][1]


def test_the_log_goes_where_a_log_configuration_says(starter: Zygote, tmp_path: Path):
    (tmp_path / "logs.cfg").write_text(
        "# comment\nlog4cplus.rootLogger = INFO, logfile\n"
        "log4cplus.appender.logfile = log4cplus::RollingFileAppender\n"
        f"log4cplus.appender.logfile.File = {tmp_path}/storescp.log\n"
    )
    with serving(starter, ["-lc", "logs.cfg"], tmp_path / "out") as port:
        send(port, "A")
        eventually(lambda: "storing DICOM file" in (tmp_path / "storescp.log").read_text())
    # Progress goes to the standard output, whatever the log does.
    assert not (tmp_path / "out.log").read_text().replace("RECV: .\n", "")


@pytest.mark.parametrize("form", ["pem", "der"])
def test_tls_with_a_key_that_has_a_password(form: str, starter: Zygote, tmp_path: Path):
    pair = issue(tmp_path, "server")
    encoding = serialization.Encoding.PEM if form == "pem" else serialization.Encoding.DER
    secret = serialization.BestAvailableEncryption(b"secret")
    key, certificate = tmp_path / "locked.key", tmp_path / "own.crt"
    key.write_bytes(pair.key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, secret))
    certificate.write_bytes(pair.certificate.public_bytes(encoding))
    options = ["+tls", str(key), str(certificate), f"-{form}", "-ic"]
    with serving(starter, [*options, "+pw", "secret"], tmp_path / "out") as port:
        context = ssl.create_default_context(cafile=str(pair.certificate_file))
        context.check_hostname = False
        with (
            socket.create_connection(("127.0.0.1", port), timeout=30) as plain,
            context.wrap_socket(plain) as secured,
        ):
            secured.sendall(associate_request([(1, "1.2.840.10008.1.1", ("1.2.840.10008.1.2",))]))
            assert secured.recv(1) == b"\x02"
    done = ended(*options, "-pw", str(free_port()), cwd=tmp_path)
    assert done.returncode == 1
    assert "encrypted" in done.stderr


def test_a_password_is_asked_for_on_the_terminal(tmp_path: Path):
    pair = issue(tmp_path, "server")
    secret = serialization.BestAvailableEncryption(b"secret")
    key = tmp_path / "locked.key"
    key.write_bytes(
        pair.key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, secret)
    )
    port = free_port()
    pid, terminal = pty.fork()
    if not pid:
        os.chdir(tmp_path)
        line = [*COMMAND, "+tls", str(key), str(pair.certificate_file), str(port)]
        os.execve(line[0], line, {**os.environ, "PYTHONPATH": PATH})
    try:
        said = b""
        while b"pass phrase" not in said:
            said += os.read(terminal, 1024)
        os.write(terminal, b"secret\n")
        assert eventually(lambda: listening(port, pid))
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        eventually(lambda: not [member for member in group(pid) if alive(member)])
        os.close(terminal)


def test_a_key_without_a_password_asks_nobody(starter: Zygote, tmp_path: Path):
    pair = issue(tmp_path, "server")
    with serving(starter, ["+tls", str(pair.key_file), str(pair.certificate_file), "+ps"], tmp_path / "out"):
        assert "pass phrase" not in (tmp_path / "out.log").read_text()


def test_a_unit_may_have_relative_directories_and_testing_options(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Which a configuration file may not have under systemd; a unit with storescp's line goes on to work."""
    monkeypatch.setenv("INVOCATION_ID", "0" * 32)
    monkeypatch.delenv("SYSTEMD_EXEC_PID", raising=False)
    (tmp_path / "out").mkdir()
    port = free_port()
    process = started(port, "-od", "out", "--refuse", cwd=tmp_path)
    try:
        with pytest.raises(Rejected):
            associate(port)
    finally:
        stop(process)


def test_a_directory_may_begin_with_a_tilde(tmp_path: Path):
    (tmp_path / "~x").mkdir()
    port = free_port()
    process = started(port, "-od", "~x", cwd=tmp_path)
    try:
        send(port, "A")
    finally:
        stop(process)
    assert len(files(tmp_path / "~x")) == 1
