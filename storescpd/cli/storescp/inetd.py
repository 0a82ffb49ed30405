"""``--inetd``: the one connection on descriptor 0 (storescp facts 9.3)."""

import os

from storescpd.cli.storescp.household import aside
from storescpd.cli.storescp.line import Line
from storescpd.cli.storescp.model import LOG_PATIENCE, config_of
from storescpd.cli.storescp.settings import current_umask


def serve_one(line: Line) -> int:
    """Serve it; returns the exit status.

    Raises:
        CommandLineError: it cannot be served.
    """
    # Loaded late: another mode of the command needs none of it.
    from storescpd.cli.inetd import serve_inetd

    config = config_of(line, current_umask())
    return serve_inetd(config, aside=aside(config.storage.directory, os.environ), patience=LOG_PATIENCE)
