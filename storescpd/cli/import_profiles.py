"""``--import-profiles``: an association profile file of storescp as TOML tables for our own file."""

import sys
from pathlib import Path

from storescpd.config import ConfigError
from storescpd.config.profile_file import read_text
from storescpd.config.profile_tables import profile_tables

EX_OK = 0
EX_CONFIG = 78
"""sysexits.h"""


def import_profiles(path: Path) -> int:
    """Print the tables on stdout and what storescp passes over on stderr; return the exit status."""
    try:
        tables, notes = profile_tables(read_text(path), str(path))
    except ConfigError as error:
        print(error, file=sys.stderr)
        return EX_CONFIG
    for note in notes:
        print(note, file=sys.stderr)
    print(f"# The association profiles of {path}. Choose one: [negotiation] profile = ...")
    sys.stdout.write(tables)
    return EX_OK
