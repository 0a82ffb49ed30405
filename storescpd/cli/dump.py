"""``--dump-config``: the effective configuration as TOML."""

import os
import sys
from pathlib import Path

import tomli_w

from storescpd.cli.status import Exit
from storescpd.config import Config, ConfigError, Environment, detected, load
from storescpd.config.dumping import tables

_NO_LISTENERS = "# No [[listeners]]: one with the defaults, unless sockets are passed by systemd or inetd.\n"


def as_toml(config: Config) -> str:
    """A text that loads again to an equal configuration; passwords are in clear."""
    return ("" if config.listeners_given else _NO_LISTENERS) + tomli_w.dumps(tables(config))


def dump_config(path: Path, environment: Environment | None = None) -> int:
    """Print the effective configuration, or what is wrong with it; return the exit status (sysexits.h)."""
    try:
        config = load(path, environment or detected(os.environ))
    except ConfigError as error:
        print(error, file=sys.stderr)
        return Exit.CONFIG
    sys.stdout.write(f"# The effective configuration of {path}\n{as_toml(config)}")
    return Exit.OK
