"""What a configuration says about this machine, checked against it without leaving a trace.

Everything here is a snapshot for whoever writes the file; the daemon itself meets these things again when it uses them.
What this user cannot find out is told as a note.
"""

from collections.abc import Iterator
from pathlib import Path

from storescpd.config.environment import Environment
from storescpd.config.problems import Finding
from storescpd.config.root import Config
from storescpd.config.world import accounts, directories, files, ports, programs, rights


def world_findings(config: Config, environment: Environment, path: Path) -> Iterator[Finding]:
    """All findings about directories, files, accounts and ports; ``path`` is the configuration's own file."""
    yield from accounts.findings(config)
    yield from directories.findings(config, environment)
    yield from files.findings(config, environment)
    yield from programs.findings(config)
    yield from rights.findings(config, path)
    if not environment.inetd:
        yield from ports.findings(config, environment, path)
