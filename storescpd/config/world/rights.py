"""Who else can read or change the configuration file."""

import os
import shlex
import stat
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from storescpd.config.addresses import POSTGRESQL
from storescpd.config.problems import Finding, KeyPath
from storescpd.config.root import Config


def findings(config: Config, path: Path) -> Iterator[Finding]:
    """Everyone must not change what runs here, nor read a password."""
    try:
        mode = os.stat(path).st_mode
    except OSError:
        return
    if not stat.S_ISREG(mode):
        return
    remedy = f"chmod o-rwx {shlex.quote(str(path))}; the daemon's user must be able to read it"
    if mode & stat.S_IWOTH:
        message = "everyone can write to this file, and with it choose what hooks run"
        yield Finding((), message, remedy, note=True)
    secret = _secret(config)
    if secret is not None and mode & stat.S_IROTH:
        yield Finding(secret, "everyone can read this password, as everyone can read the file", remedy, note=True)


def _secret(config: Config) -> KeyPath | None:
    if config.tls.password.get_secret_value():
        return ("tls", "password")
    ledger = config.studies.ledger
    if ledger.startswith(POSTGRESQL) and urlsplit(ledger).password:
        return ("studies", "ledger")
    return None
