"""What ``--check-config`` says of the ledger that is there: damaged, a newer daemon's, another program's."""

import os
from collections.abc import Iterator

from storescpd.config import Config, Environment
from storescpd.config.problems import Finding


def ledger_findings(config: Config, environment: Environment) -> Iterator[Finding]:
    """Nothing is written, and a daemon that uses the ledger is not disturbed."""
    merged = (config, *map(config.for_peer, range(len(config.peers))))
    if not any(one.naming.sort != "none" or one.hooks.on_reception for one in merged):
        return
    from storescpd.worker.filing import ledger_path  # not everybody has a ledger

    state = environment.state_directory
    path = ledger_path(config, {"STATE_DIRECTORY": state} if state else {})
    if os.path.exists(path):
        yield from _of_a_file(path)


def _of_a_file(path: str) -> Iterator[Finding]:
    # They bring SQLite.
    from storescpd.studies.errors import LedgerError
    from storescpd.studies.soundness import AT_LEISURE, look_for_damage

    try:
        look_for_damage(path, AT_LEISURE)
    except LedgerError as error:
        message, _, remedy = str(error).partition("; ")
        yield Finding(("studies", "ledger"), message, remedy)
