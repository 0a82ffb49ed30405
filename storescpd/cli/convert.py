"""``--convert``: a command line of storescp as TOML."""

import sys
from collections.abc import Sequence

from storescpd.cli.status import Exit
from storescpd.cli.storescp.command_files import expanded
from storescpd.cli.storescp.conversion import convert
from storescpd.cli.storescp.errors import CommandLineError
from storescpd.cli.storescp.line import Line, read
from storescpd.cli.storescp.refusals import check, check_log, check_parameters
from storescpd.cli.storescp.settings import current_umask
from storescpd.cli.storescp.table import EXCLUSIVE


def convert_line(arguments: Sequence[str]) -> int:
    """Print the configuration on stdout and what changes in meaning on stderr; return the exit status."""
    try:
        converted = convert(_checked(arguments), current_umask())
    except CommandLineError as error:
        print(f"storescpd: the command line of storescp: {error}", file=sys.stderr)
        return Exit.USAGE
    for warning in converted.warnings:
        print(f"storescpd: {warning}", file=sys.stderr)
    sys.stdout.write(converted.toml)
    return Exit.OK


def _checked(arguments: Sequence[str]) -> Line:
    """The line, with its command files in place; raises CommandLineError for what storescp refuses."""
    line = read(expanded(arguments))
    for shown in (one for one in EXCLUSIVE if line.has(one)):
        raise CommandLineError(f"{shown} shows something and ends: there is nothing to convert")
    check_parameters(line)
    check_log(line)
    check(line)
    return line
