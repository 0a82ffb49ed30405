"""From a command line to the configuration that the daemon serves by."""

from storescpd.cli.storescp.errors import CommandLineError
from storescpd.cli.storescp.line import Line
from storescpd.cli.storescp.settings import Setting, settings, tables
from storescpd.config import Config
from storescpd.config.problems import Finding, dotted, overlap
from storescpd.config.rules import broken_rules
from storescpd.config.shape import shape

LOG_PATIENCE = 2.0
"""Seconds that a line waits for a script that reads slowly: storescp loses none. Then nobody waits any more."""


def config_of(line: Line, umask: int) -> Config:
    """The configuration that a line stands for; the line has passed all checks.

    Raises:
        CommandLineError: storescp would take a value that cannot be used here, or fail later.
    """
    said = settings(line, umask)
    found = shape(tables(said))
    for finding in (*found.findings, *broken_rules(found.config)):
        if not finding.note:
            raise CommandLineError(_told(finding, said))
    return found.config


def _told(finding: Finding, said: tuple[Setting, ...]) -> str:
    """In the words of the command line: the option that has set the key."""
    keys = (finding.key, *finding.concerns)
    option = next((one.option for key in keys for one in said if one.option and overlap(one.key, key)), "")
    return f"{option or dotted(finding.key)}: {finding.message}"
