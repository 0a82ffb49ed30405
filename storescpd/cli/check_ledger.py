"""What ``--check-config`` says of the ledger that is there: damaged, a newer daemon's, another program's."""

import os
from collections.abc import Iterator

from storescpd.config import Config, Environment
from storescpd.config.problems import Finding, KeyPath
from storescpd.config.world.accounts import me

_LONGEST_ADDRESS = 107
"""Bytes of a Unix socket's address before its NUL (unix(7))."""


def ledger_findings(config: Config, environment: Environment) -> Iterator[Finding]:
    """Nothing is written, and a daemon that uses the ledger is not disturbed."""
    merged = (config, *map(config.for_peer, range(len(config.peers))))
    if not any(one.naming.sort != "none" or one.hooks.on_reception for one in merged):
        return
    from storescpd.worker.filing import ledger_path  # not everybody has a ledger

    state = environment.state_directory
    path = ledger_path(config, {"STATE_DIRECTORY": state} if state else {})
    yield from _of_its_place(path, {one.storage.directory for one in merged})
    if os.path.isfile(path):
        yield from _of_a_file(path)


def _of_its_place(path: str, spools: set[str]) -> Iterator[Finding]:
    # They bring SQLite.
    from storescpd.store.incoming import FOLDER, OWN_FOLDER
    from storescpd.studies.ledger import socket_path

    key: KeyPath = ("studies", "ledger")
    own = {os.path.realpath(os.path.join(one, OWN_FOLDER)) for one in spools}
    if os.path.realpath(path) in own or (os.path.exists(path) and not os.path.isfile(path)):
        yield Finding(key, f"{path} is not a file", "name a file, which may be a new one")
    elif os.path.exists(path) and not os.access(path, os.R_OK | os.W_OK, effective_ids=True):
        yield Finding(key, f"{me()} cannot read and write {path}", "correct the path or the file's rights")
    if _address(socket_path(path)) > _LONGEST_ADDRESS:
        message = f"the name {os.path.basename(path)} is too long: a socket beside it has to have its name too"
        yield Finding(key, message, "write a shorter name, such as ledger.sqlite")
    if os.path.realpath(os.path.dirname(path)) in {os.path.realpath(os.path.join(one, FOLDER)) for one in spools}:
        message = f"{path} is where unfinished objects are written: each start would remove it"
        yield Finding(key, message, "name a file in another directory")


def _address(socket: str) -> int:
    """Bytes of a socket's address: its path or, where that is too long, its name below an open directory."""
    return min(len(os.fsencode(socket)), len(os.fsencode(f"/proc/self/fd/999999/{os.path.basename(socket)}")))


def _of_a_file(path: str) -> Iterator[Finding]:
    # They bring SQLite.
    from storescpd.studies.errors import LedgerError
    from storescpd.studies.soundness import AT_LEISURE, look_for_damage

    try:
        look_for_damage(path, AT_LEISURE)
    except LedgerError as error:
        message, _, remedy = str(error).partition("; ")
        yield Finding(("studies", "ledger"), message, remedy)
