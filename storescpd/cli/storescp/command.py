"""The ``storescp`` command (storescp facts 9.4, 10).

What is loaded here stands between the exec and the listening port: scripts send as soon as they have started us.
"""

import contextlib
import signal
import sys
from collections.abc import Sequence

from storescpd.cli.status import Exit
from storescpd.cli.storescp.errors import CommandLineError
from storescpd.cli.storescp.header import HEADER, PROGRAM
from storescpd.cli.storescp.line import Line, read
from storescpd.cli.storescp.refusals import check, check_log, check_parameters, level
from storescpd.cli.storescp.table import EXCLUSIVE
from storescpd.cli.streams import have_standard_streams, printed


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status: 1 for every command line and every start that fails."""
    given = sys.argv[1:] if arguments is None else list(arguments)
    if not given:
        return _show("--help")
    silent = False
    try:
        line = read(_expanded(given))
        for shown in EXCLUSIVE:
            if line.has(shown):
                return _show(shown)
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


def _expanded(given: list[str]) -> list[str]:
    if not any(word.startswith("@") for word in given):
        return given
    from storescpd.cli.storescp.command_files import expanded

    return expanded(given)


def _show(what: str) -> int:
    from storescpd.cli.storescp.usage import SHOWN

    return printed(lambda: _write(SHOWN[what]()))


def _write(text: str) -> int:
    sys.stdout.write(text)
    return Exit.OK


def _be_called(name: str) -> None:
    """Scripts look for the process in lists and end it by its name, which would be that of the interpreter."""
    with contextlib.suppress(OSError), open("/proc/self/comm", "w", encoding="ascii") as file:
        file.write(name)


def _serve(line: Line) -> int:
    _be_called(PROGRAM)
    # A line that is refused does not wait for all that a daemon has to import.
    if line.has("--inetd"):
        from storescpd.cli.storescp.inetd import serve_one

        return serve_one(line)
    have_standard_streams()
    # Their default is death; they wait until the supervisor can obey them.
    signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGHUP, signal.SIGTERM, signal.SIGINT))
    from storescpd.cli.storescp.early import early_port

    listening = early_port(line)
    if listening is None:
        # Somebody may be asked for a password, and must be able to give up.
        signal.pthread_sigmask(signal.SIG_UNBLOCK, (signal.SIGINT,))
    from storescpd.cli.hasten import hasten

    hasten()
    from storescpd.cli.storescp.serving import serve

    return serve(line, listening)
