"""``--studies``, ``--failed-hooks`` and ``--retry-hooks``: what the ledger says, and hooks once more."""

import dataclasses
import datetime as dt
import json
import os
import sqlite3
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from storescpd.cli.status import Exit
from storescpd.cli.texts import count, readable
from storescpd.config import Config, ConfigError, load
from storescpd.studies import jobs
from storescpd.studies.errors import LedgerError
from storescpd.studies.ledger import Ledger, lock
from storescpd.studies.link import ask_once
from storescpd.studies.listing import FailedHook, StudyRow, failed_hooks, studies
from storescpd.studies.messages import MessageError, Retried, Retry
from storescpd.worker.filing import LEDGER, ledger_path

STATE_DIRECTORY = "/var/lib/storescpd"
"""Of the service unit that we ship."""
TIMEOUT = 10.0
"""Seconds in which a keeper answers."""


def show_studies(config: Path, *, as_json: bool) -> int:
    """Print open and recent studies; returns the exit status."""
    return _with_ledger(config, lambda ledger: _print(list(studies(ledger)), _study_line, as_json=as_json))


def show_failed_hooks(config: Path, *, as_json: bool) -> int:
    """Print the hooks that were given up; returns the exit status."""
    return _with_ledger(config, lambda ledger: _print(list(failed_hooks(ledger)), _hook_line, as_json=as_json))


def retry_hooks(config: Path) -> int:
    """Run the hooks that were given up once more; returns the exit status."""
    return _with_ledger(config, _retry)


def _with_ledger(config: Path, act: Callable[[str], None]) -> int:
    try:
        ledger = _found(load(config))
    except ConfigError as error:
        print(error, file=sys.stderr)
        return Exit.CONFIG
    if not os.path.exists(ledger):
        print(f"storescpd: there is no ledger {ledger}: nothing has been recorded", file=sys.stderr)
        return Exit.FAILURE
    try:
        act(ledger)
    except (LedgerError, MessageError, OSError, sqlite3.Error) as error:
        print(f"storescpd: cannot use the ledger {ledger}: {error}", file=sys.stderr)
        return Exit.FAILURE
    return Exit.OK


def _found(config: Config) -> str:
    """The ledger; a shell does not know where systemd has told the service to keep its state."""
    here = ledger_path(config, os.environ)
    if os.path.exists(here) or config.studies.ledger:
        return here
    service = os.path.join(STATE_DIRECTORY, LEDGER)
    return service if os.path.exists(service) else here


def _print(rows: Sequence[StudyRow] | Sequence[FailedHook], line: Callable[..., str], *, as_json: bool) -> None:
    if as_json:
        print(json.dumps([dataclasses.asdict(row) for row in rows], indent=2))
        return
    for row in rows:
        print(line(row))
    if not rows:
        print("none")


def _study_line(row: StudyRow) -> str:
    hooks = [f"{row.pending_hooks} hooks pending"] if row.pending_hooks else []
    hooks += [f"{row.failed_hooks} hooks failed"] if row.failed_hooks else []
    cause = f" ({row.cause})" if row.cause else ""
    parts = [
        f"{_time(row.opened)}  {row.state}{cause}",
        f"{row.objects} objects, last {_time(row.last)}",
        f"from {row.calling!r} at {row.peer}",
        f"{row.study!r}",
        row.directory,
    ]
    return readable("  ".join((*parts, *hooks)))


def _hook_line(row: FailedHook) -> str:
    attempts = count(row.attempts, "attempt")
    return readable(f"{_time(row.finished)}  {row.kind}  {row.result}, {attempts}  {row.path}")


def _time(seconds: float) -> str:
    return dt.datetime.fromtimestamp(seconds).astimezone().isoformat(sep=" ", timespec="seconds")


def _retry(ledger: str) -> None:
    try:
        answer = ask_once(ledger, Retry(), TIMEOUT)
    except (FileNotFoundError, ConnectionRefusedError):
        print(f"{_retry_later(ledger)} hooks will run again when the daemon is started")
        return
    if not isinstance(answer, Retried):
        raise MessageError(f"an answer that does not fit: {type(answer).__name__}")
    print(f"{answer.hooks} hooks run again")


def _retry_later(path: str) -> int:
    ledger = Ledger(path, lock(path), synchronous=True)
    try:
        retried = jobs.retry_failed(ledger.begin())
        ledger.commit()
    finally:
        ledger.close()
    return retried
