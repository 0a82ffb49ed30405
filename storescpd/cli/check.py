"""``--check-config``: everything that is wrong with a configuration, on paper and on this machine."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

from storescpd.cli.check_access import access_findings
from storescpd.cli.check_dictionaries import dictionary_findings
from storescpd.cli.check_ledger import ledger_findings
from storescpd.cli.check_tls import tls_findings
from storescpd.cli.status import Exit
from storescpd.config import Config, ConfigError, Environment, Problem, detected
from storescpd.config.advice import advice, cut_short
from storescpd.config.document import read
from storescpd.config.problems import Finding, stands
from storescpd.config.reading import assessed, located
from storescpd.config.unavailable import NOT_YET
from storescpd.config.world import world_findings
from storescpd.telemetry.handlers import JOURNAL_SOCKET, SYSLOG_SOCKET, under_journal

_AS_ROOT = " (seen by root, who may do everything; check as the daemon's user too, if that is another)"


def problems_of(path: Path, environment: Environment, not_yet: tuple[str, ...] = NOT_YET) -> list[Problem]:
    """All problems and notes, in the file's order; raises ConfigError for a file that cannot be read at all."""
    source = read(path)
    found = assessed(source, environment, not_yet)
    seen = (
        *advice(found.config),
        *cut_short(source.positions, source.text),
        *world_findings(found.config, environment, path),
        *tls_findings(found.config, environment),
        *access_findings(found.config),
        *ledger_findings(found.config, environment),
        *dictionary_findings(found.config),
        *_log_findings(found.config),
    )
    world = (finding for finding in seen if stands(finding, found.broken))
    return located(source, (*found.findings, *world))


def check_config(path: Path, environment: Environment | None = None) -> int:
    """Print what is wrong on stderr and a verdict on stdout; return the exit status (sysexits.h)."""
    started = environment or detected(os.environ)
    try:
        problems = problems_of(path, started)
    except ConfigError as error:
        problems = list(error.problems)
    for problem in problems:
        print(f"{_priority(problem)}{problem}", file=sys.stderr)
    errors = sum(not problem.note for problem in problems)
    if errors:
        print(f"{path}: {errors} error{'s' if errors > 1 else ''}, not usable")
        return Exit.CONFIG
    print(f"{path}: good{_AS_ROOT if os.geteuid() == 0 and not started.service else ''}")
    return Exit.OK


def _log_findings(config: Config) -> Iterator[Finding]:
    """Whether somebody takes the log now; it may be somebody who starts later."""
    path = {"syslog": SYSLOG_SOCKET, "journald": JOURNAL_SOCKET}.get(config.logging.destination)
    if path is not None and not os.path.exists(path):
        message = f"there is no {path}: until there is, the log goes to stderr, which a background daemon has not"
        yield Finding(("logging", "destination"), message, "name a file, if there will be none", note=True)


def _priority(problem: Problem) -> str:
    """What the journal takes the priority of a line from, and does not show (sd-daemon(3))."""
    if not under_journal():
        return ""
    return "<4>" if problem.note else "<3>"
