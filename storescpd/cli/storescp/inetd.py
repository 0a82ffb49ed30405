"""``--inetd``: the one connection on descriptor 0 (storescp facts 9.3)."""

import importlib
import importlib.util

from storescpd.cli.storescp.errors import CommandLineError
from storescpd.cli.storescp.line import Line
from storescpd.cli.storescp.model import config_of
from storescpd.cli.storescp.settings import current_umask

SERVICE = "storescpd.cli.inetd"
"""Serves a connection that is open already: ``serve_inetd(config)`` returns the exit status."""


def serve_one(line: Line) -> int:
    """Serve it; returns the exit status.

    Raises:
        CommandLineError: it cannot be served.
    """
    config = config_of(line, current_umask())
    if importlib.util.find_spec(SERVICE) is None:
        raise CommandLineError("--inetd is not available yet")
    status: int = importlib.import_module(SERVICE).serve_inetd(config)
    return status
