"""The receivers that storescpd is compared with."""

import dataclasses
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from benchmarks.ours import PATIENCE, await_port, certificates, tls_1_3
from benchmarks.running import Running, Start, bare_file, dicom_file
from tests.support.daemon import ROOT
from tests.support.processes import alive, eventually, free_port, group
from tests.support.reference import environment, stop, storescp
from tests.support.tools import path_of_others

COMPILER = "/usr/bin/cc"
CEILING_IN_C = Path(__file__).with_name("ceiling_tls.c")
COMPILES_TLS = Path(COMPILER).exists() and Path("/usr/include/openssl/ssl.h").exists()
ORTHANC = shutil.which("Orthanc", path=f"{path_of_others()}:/usr/sbin:/usr/local/sbin")

ENVIRONMENT = environment(None, nodelay=True)
"""Without Nagle's algorithm in what is built on DCMTK."""


def dcmtk(*options: str, nodelay: bool = True, keeps: bool = False) -> Start:
    """DCMTK's storescp; ``keeps``: what earlier runs have stored is left there."""

    @contextmanager
    def start(directory: Path) -> Iterator[Running]:
        with storescp(directory, *options, nodelay=nodelay) as receiver:
            yield Running(receiver.port, receiver.pid, directory, kept=set() if keeps else None)

    return start


def dcmtk_with_hooks(*options: str) -> Start:
    """DCMTK's storescp with a command for each object; it starts them without waiting."""

    @contextmanager
    def start(directory: Path) -> Iterator[Running]:
        with dcmtk("-xcr", "/bin/true", *options)(directory) as running:
            yield dataclasses.replace(running, settle=lambda: _await_alone(running.pid))

    return start


def _await_alone(pid: int) -> None:
    """Until a process has no living company in its group."""
    eventually(lambda: not any(alive(one) for one in group(pid) if one != pid), PATIENCE)


def dcmtk_with_tls(*options: str) -> Start:
    """DCMTK's storescp, with a certificate wanted of the senders."""

    @contextmanager
    def start(directory: Path) -> Iterator[Running]:
        authority, server, sender = certificates(directory)
        files = ("+tls", str(server.key_file), str(server.certificate_file), "+cf", str(authority.certificate_file))
        with dcmtk(*files, *options)(directory) as running:
            yield dataclasses.replace(running, client=tls_1_3(authority, sender))

    return start


@contextmanager
def pynetdicom(directory: Path) -> Iterator[Running]:
    """pynetdicom's server, writing what it received as it is."""
    with _program("benchmarks.pynetdicom_server", directory) as (port, pid):
        yield Running(port, pid, directory, read=dicom_file)


@contextmanager
def ceiling(directory: Path) -> Iterator[Running]:
    """What a plain Python program can do that only reads and writes."""
    with _program("benchmarks.ceiling", directory) as (port, pid):
        yield Running(port, pid, directory, read=bare_file)


@contextmanager
def ceiling_with_tls(directory: Path) -> Iterator[Running]:
    """What a C program can do that only decrypts and writes."""
    authority, server, sender = certificates(directory)
    program = directory.with_name("ceiling_tls")
    subprocess.run([COMPILER, "-O2", "-o", program, CEILING_IN_C, "-lssl", "-lcrypto"], check=True)
    files = (server.key_file, server.certificate_file, authority.certificate_file)
    with _started(directory, str(program), *map(str, files)) as (port, pid):
        yield Running(port, pid, directory, client=tls_1_3(authority, sender), read=bare_file)


def _program(module: str, directory: Path) -> AbstractContextManager[tuple[int, int]]:
    """A module of ours."""
    return _started(directory, sys.executable, "-m", module)


@contextmanager
def _started(directory: Path, *words: str) -> Iterator[tuple[int, int]]:
    """A program that is told its directory and says its port."""
    directory.mkdir(parents=True)
    process = subprocess.Popen([*words, directory], cwd=ROOT, stdout=subprocess.PIPE, process_group=0)
    assert process.stdout is not None
    try:
        yield int(process.stdout.readline()), process.pid
    finally:
        stop(process)
        process.stdout.close()


@contextmanager
def orthanc(directory: Path) -> Iterator[Running]:
    """Orthanc with nothing but its DICOM port, and TCP_NODELAY=1; its files are named by identifiers of its own."""
    directory.mkdir(parents=True)
    port, settings = free_port(), directory.with_name(f"{directory.name}.json")
    index, log = directory.with_name(f"{directory.name}.index"), directory.with_name(f"{directory.name}.log")
    configuration = {
        "Name": "benchmark", "StorageDirectory": str(directory), "IndexDirectory": str(index), "Plugins": [],
        "HttpServerEnabled": False, "DicomServerEnabled": True, "DicomPort": port, "DicomAlwaysAllowStore": True,
        "DicomCheckCalledAet": False, "StorageCompression": False, "OverwriteInstances": True,
    }  # fmt: skip
    settings.write_text(json.dumps(configuration))
    with log.open("wb") as output:
        words: Sequence[str] = [ORTHANC or "Orthanc", str(settings)]
        process = subprocess.Popen(
            words, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=ENVIRONMENT, process_group=0
        )
    try:
        await_port(port)
        yield Running(port, process.pid, directory)
    finally:
        stop(process)
