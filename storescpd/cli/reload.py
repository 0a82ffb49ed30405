"""``--reload``: ask the daemon to read its file again, and wait until the new generation serves."""

import sys
from pathlib import Path

from storescpd.cli.asking import NoAnswerError, ask
from storescpd.cli.status import Exit
from storescpd.cli.texts import count, readable

TIMEOUT = 180.0
"""Seconds: two reloads with all the patience that the daemon has with each of their steps."""


def reload(config: Path, pid_file: Path | None) -> int:
    """Reload and say how it went; returns the exit status."""
    try:
        answer = ask(config, pid_file, "reload", TIMEOUT)
    except NoAnswerError as error:
        print(f"storescpd: not reloaded: {error}", file=sys.stderr)
        return Exit.FAILURE
    for problem in answer["problems"]:
        print(readable(problem), file=sys.stderr)
    if answer["problems"]:
        print("storescpd: not reloaded: the daemon goes on as before", file=sys.stderr)
        return Exit.CONFIG if answer["bad_file"] else Exit.FAILURE
    print(f"generation {answer['generation']} serves with {count(answer['workers'], 'worker')}")
    return Exit.OK
