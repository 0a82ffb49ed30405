"""``--status``: what the daemon that runs says of itself."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from storescpd.cli.asking import NoAnswerError, ask
from storescpd.cli.status import Exit
from storescpd.cli.texts import count, readable

TIMEOUT = 10.0
"""Seconds: the supervisor never waits for anything."""


def show_status(config: Path, pid_file: Path | None, *, as_json: bool) -> int:
    """Print the status; returns the exit status."""
    try:
        answer = ask(config, pid_file, "status", TIMEOUT)
    except NoAnswerError as error:
        print(f"storescpd: {error}", file=sys.stderr)
        return Exit.FAILURE
    if as_json:
        print(json.dumps(answer, indent=2))
        return Exit.OK
    for line in _lines(answer):
        print(readable(line))
    return Exit.OK


def _lines(said: dict[str, Any]) -> Iterator[str]:
    yield f"storescpd {said['version']}, process {said['pid']}, {said['state']}, started {said['started']}"
    yield f"configuration  {said['config']}"
    yield f"generation     {said['generation']} with {count(said['workers'], 'worker')}"
    for listener in said["listeners"]:
        yield f"listener       {listener['name']} at {listener['address']}{' with TLS' if listener['tls'] else ''}"
    yield f"associations   {said['associations']}, in {count(said['connections'], 'connection')}"
    yield f"objects        {said['objects_last_minute']} in the last minute, {said['objects']} since the start"
    for earlier in said["draining"]:
        workers, associations = count(earlier["workers"], "worker"), count(earlier["associations"], "association")
        yield f"draining       generation {earlier['generation']}: {workers}, {associations}"
    if said["last_reload"]:
        outcome = said["last_reload"]
        yield f"last reload    {outcome['time']} {'; '.join(outcome['problems']) or 'good'}"
    if said["last_error"]:
        yield f"last error     {said['last_error']['time']} {said['last_error']['text']}"
