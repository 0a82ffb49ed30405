"""The ``storescp`` command (storescp facts 9.4, 10)."""

import sys
from collections.abc import Sequence

from storescpd.cli.status import Exit
from storescpd.cli.storescp.command_files import expanded
from storescpd.cli.storescp.errors import CommandLineError
from storescpd.cli.storescp.line import Line, read
from storescpd.cli.storescp.refusals import check, check_log, check_parameters, level
from storescpd.cli.storescp.table import EXCLUSIVE
from storescpd.cli.storescp.usage import HEADER, SHOWN, usage


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status: 1 for every command line and every start that fails."""
    given = sys.argv[1:] if arguments is None else list(arguments)
    if not given:
        sys.stdout.write(usage())
        return Exit.OK
    silent = False
    try:
        line = read(expanded(given))
        for shown in EXCLUSIVE:
            if line.has(shown):
                sys.stdout.write(SHOWN[shown]())
                return Exit.OK
        check_parameters(line)
        # With --inetd both outputs are the peer's connection.
        silent = line.has("--inetd")
        check_log(line)
        silent = silent or level(line) == "fatal"
        check(line)
        return _serve(line)
    except CommandLineError as error:
        if not silent:
            sys.stderr.write(f"{HEADER}error: {error}\n")
        return Exit.FAILURE


def _serve(line: Line) -> int:
    # A line that is refused does not wait for all that a daemon has to import.
    if line.has("--inetd"):
        from storescpd.cli.storescp.inetd import serve_one

        return serve_one(line)
    from storescpd.cli.storescp.serving import serve

    return serve(line)
