"""storescpd as a receiver."""

import dataclasses
import sqlite3
import ssl
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from benchmarks.running import OWN_FOLDER, Running, Start
from tests.support.certificates import Pair, client_context, issue
from tests.support.daemon import storescpd
from tests.support.processes import LISTEN, children, connections, end, eventually, free_port

PATIENCE = 300
"""Seconds for a queue of hooks."""
SYNC_DELAY = 20_000
"""Microseconds that a slow disk takes for a sync."""
SLOW_SYNCS = (
    "strace", "-f", "-qq", "--seccomp-bpf", "-o", "/dev/null",
    "-e", "trace=fsync,fdatasync", "-e", f"inject=fsync,fdatasync:delay_exit={SYNC_DELAY}",
)  # fmt: skip


def configuration(sections: Mapping[str, Any]) -> dict[str, Any]:
    """storescp's durability and, like storescp by default, a log of warnings alone, unless a section says otherwise."""
    base: dict[str, dict[str, Any]] = {
        "storage": {"durability": "none"},
        "process": {"max_associations": 1000},
        "logging": {"level": "warning"},
    }
    return {**base, **{name: {**base.get(name, {}), **section} for name, section in sections.items()}}


def ours(
    workers: int,
    *,
    bit_preserving: bool = False,
    prefix: tuple[str, ...] = (),
    keeps: bool = False,
    **sections: Mapping[str, Any],
) -> Start:
    """storescpd with these sections of its configuration.

    `prefix` is a command to run it under; `keeps`: what earlier runs have stored is left there.
    """
    storage = {"bit_preserving": bit_preserving, **sections.get("storage", {})}
    config = configuration({**sections, "storage": storage})

    @contextmanager
    def start(directory: Path) -> Iterator[Running]:
        # It says nothing of its port at this level.
        port = free_port()
        listeners = [{"name": "dicom", "address": "127.0.0.1", "port": port, "tls": "tls" in sections}]
        settings = {**config, "listeners": listeners}
        with storescpd(directory, settings, workers=workers, wait=False, prefix=prefix) as daemon:
            await_port(port)
            yield Running(port, daemon.pid, directory, kept=set() if keeps else None)
            if prefix:
                # The tracer ends with what it traces, and not before.
                for child in children(daemon.pid):
                    end(child, 2)
                daemon.wait()

    return start


def await_port(port: int) -> None:
    """Until somebody listens there; asked of the kernel, because a probe would be a connection."""
    eventually(lambda: any(row.state == LISTEN and row.local_port == port for row in connections()), 60)


STUDIES: dict[str, Any] = {"naming": {"sort": "study", "prefix": "CT"}, "studies": {"end_of_study_timeout": 3600}}
"""One directory a study."""


def ours_with_hooks(workers: int, studies: Mapping[str, Any] | None = None) -> Start:
    """storescpd with a queue of hooks that do nothing."""
    sections: dict[str, Any] = {"hooks": {"on_reception": ["/bin/true"]}, **(studies or {})}

    @contextmanager
    def start(directory: Path) -> Iterator[Running]:
        ledger = directory / OWN_FOLDER / "ledger.sqlite"
        with ours(workers, **sections)(directory) as running:
            yield dataclasses.replace(running, settle=lambda: _await_hooks(ledger))

    return start


def _await_hooks(ledger: Path) -> None:
    """Until each hook has ended, as the ledger says."""
    query = "SELECT count(*) FROM hooks WHERE state IN ('waiting', 'running')"
    with closing(sqlite3.connect(f"file:{ledger}?mode=ro", uri=True)) as database:
        eventually(lambda: database.execute(query).fetchone() == (0,), PATIENCE)


def ours_with_tls(workers: int, *, bit_preserving: bool) -> Start:
    """storescpd, with a certificate wanted of the senders."""

    @contextmanager
    def start(directory: Path) -> Iterator[Running]:
        authority, server, sender = certificates(directory)
        files = {"key": str(server.key_file), "certificate": str(server.certificate_file)}
        tls = {**files, "ca_files": [str(authority.certificate_file)]}
        with ours(workers, bit_preserving=bit_preserving, tls=tls)(directory) as running:
            yield dataclasses.replace(running, client=tls_1_3(authority, sender))

    return start


def certificates(directory: Path) -> tuple[Pair, Pair, Pair]:
    """Those of the authority, the receiver and the sender; the same for all receivers of a run."""
    return _issued(directory.parent / "certificates")


@cache
def _issued(folder: Path) -> tuple[Pair, Pair, Pair]:
    folder.mkdir()
    authority = issue(folder, "authority")
    return authority, issue(folder, "receiver", authority), issue(folder, "sender", authority)


def tls_1_3(authority: Pair, sender: Pair) -> ssl.SSLContext:
    """What a sender speaks."""
    context = client_context(authority, sender)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    return context
