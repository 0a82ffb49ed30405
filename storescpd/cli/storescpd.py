"""The storescpd command."""

import functools
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from storescpd import __version__
from storescpd.cli.status import Exit
from storescpd.cli.streams import printed

if TYPE_CHECKING:
    import argparse

DEFAULT_CONFIG = "/etc/storescpd/storescpd.toml"


def parser() -> "argparse.ArgumentParser":
    """The command line."""
    import argparse

    made = argparse.ArgumentParser(
        prog="storescpd",
        description="DICOM Storage SCP: receives objects and stores them, nothing lost.",
        epilog="Exit status: 0 success, 1 the start failed, 2 wrong usage, 78 bad configuration.",
    )
    made.add_argument(
        "-c", "--config", metavar="FILE", default=DEFAULT_CONFIG, help="configuration file (default: %(default)s)"
    )
    what = made.add_mutually_exclusive_group()
    what.add_argument("--check-config", action="store_true", help="check the configuration and what it names; no start")
    what.add_argument("--dump-config", action="store_true", help="print the effective configuration as TOML")
    what.add_argument(
        "--import-profiles", metavar="FILE", help="print an association profile file of storescp (-xf) as TOML tables"
    )
    what.add_argument("--daemon", action="store_true", help="start in the background, where there is no systemd")
    what.add_argument(
        "--convert", action="store_true", help="print the configuration for a command line of storescp, given behind --"
    )
    what.add_argument("--status", action="store_true", help="show how the daemon that runs is doing")
    what.add_argument("--reload", action="store_true", help="have the daemon read its file again, and wait for it")
    what.add_argument("--studies", action="store_true", help="list open and recent studies from the ledger")
    what.add_argument("--failed-hooks", action="store_true", help="list the hooks that were given up")
    what.add_argument("--retry-hooks", action="store_true", help="run the hooks that were given up once more")
    what.add_argument("--echo", nargs=2, metavar=("HOST", "PORT"), help="send a C-ECHO to a DICOM peer")
    what.add_argument("--version", action="store_true", help="show the version, and whether the compiled build runs")
    made.add_argument("--pid-file", metavar="FILE", help="keep the process id there; or: where the daemon keeps it")
    made.add_argument(
        "--inetd", action="store_true", help="serve the connection on descriptor 0, for inetd, xinetd and Accept=yes"
    )
    made.add_argument("--json", action="store_true", help="with --status, --studies and --failed-hooks: print JSON")
    made.add_argument("arguments", nargs="*", metavar="ARGUMENT", help="with --convert: storescp's, behind --")
    return made


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status."""
    words = sys.argv[1:] if arguments is None else list(arguments)
    # What stands behind -- is storescp's.
    own = words[: words.index("--")] if "--" in words else words
    if "--inetd" in own and "--check-config" not in own:
        from storescpd.cli.hasten import hasten

        hasten()
        # Before anything can be printed: it would go to the peer.
        from storescpd.cli.inetd import inetd

        return inetd(words)
    read: list[argparse.Namespace] = []
    status = printed(lambda: _read(words, read))
    for options in read:
        serves = _serves(options)
        status = _serving(options)(Path(options.config)) if serves else printed(functools.partial(_answer, options))
    return status


def _read(words: Sequence[str], read: "list[argparse.Namespace]") -> int:
    """Add what the words mean."""
    read.append(parser().parse_args(words))
    return Exit.OK


def _serves(options: "argparse.Namespace") -> bool:
    """Whether it becomes the daemon, whose streams are its log's and its hooks'."""
    others = (
        "version",
        "echo",
        "convert",
        "import_profiles",
        "check_config",
        "dump_config",
        "status",
        "reload",
        "studies",
    )
    asked = any(getattr(options, name) for name in (*others, "failed_hooks", "retry_hooks"))
    return not asked and not options.arguments


def _answer(options: "argparse.Namespace") -> int:
    if options.version:
        from storescpd.store import names

        build = "plain Python" if names.__file__.endswith(".py") else "compiled"
        print(f"storescpd {__version__} ({build})")
        return Exit.OK
    if options.echo:
        return _echo(*options.echo)
    if options.convert:
        from storescpd.cli.convert import convert_line

        return convert_line(options.arguments)
    if options.arguments:
        parser().error(f"unrecognized arguments: {' '.join(options.arguments)}")
    if options.import_profiles:
        from storescpd.cli.import_profiles import import_profiles

        return import_profiles(Path(options.import_profiles))
    return _chosen(options)(Path(options.config))


def _chosen(options: "argparse.Namespace") -> Callable[[Path], int]:
    # Each way imports what it needs: a check answers in half a second, and a start loads everything before it forks.
    if options.check_config:
        from storescpd.cli.check import check_config
        from storescpd.config import detected

        return functools.partial(check_config, environment=detected(os.environ, inetd=options.inetd))
    if options.dump_config:
        from storescpd.cli.dump import dump_config

        return dump_config
    if options.status or options.reload:
        return _about_running(options)
    return _about_studies(options)


def _pid_file(options: "argparse.Namespace") -> Path | None:
    return Path(options.pid_file) if options.pid_file else None


def _serving(options: "argparse.Namespace") -> Callable[[Path], int]:
    if options.daemon:
        from storescpd.cli.daemon import serve_in_background

        return functools.partial(serve_in_background, pid_file=_pid_file(options))
    from storescpd.cli.serve import serve

    return functools.partial(serve, pid_file=_pid_file(options))


def _about_running(options: "argparse.Namespace") -> Callable[[Path], int]:
    if options.reload:
        from storescpd.cli.reload import reload

        return functools.partial(reload, pid_file=_pid_file(options))
    from storescpd.cli.running import show_status

    return functools.partial(show_status, pid_file=_pid_file(options), as_json=options.json)


def _about_studies(options: "argparse.Namespace") -> Callable[[Path], int]:
    from storescpd.cli.studies import retry_hooks, show_failed_hooks, show_studies

    if options.retry_hooks:
        return retry_hooks
    show = show_studies if options.studies else show_failed_hooks
    return functools.partial(show, as_json=options.json)


def _echo(host: str, port: str) -> int:
    from storescpd.cli.echo import echo

    if not port.isdecimal() or not 1 <= int(port) <= 65535:
        parser().error(f"PORT must be a number from 1 to 65535, not {port!r}")
    return echo(host, int(port))
