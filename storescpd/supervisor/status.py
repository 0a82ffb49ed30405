"""What the daemon says of itself when it is asked (``storescpd --status``)."""

import datetime as dt
import os
from collections.abc import Mapping
from dataclasses import dataclass

from storescpd import __version__
from storescpd.supervisor.children import Children, Generation
from storescpd.supervisor.listeners import describe
from storescpd.supervisor.renewal import Outcome
from storescpd.telemetry.last_error import Mishap
from storescpd.worker.scoreboard import Scoreboard


@dataclass(frozen=True, slots=True)
class Situation:
    """What the supervisor knows."""

    config: str
    """Path of the configuration file."""
    started: float
    """Seconds since 1970."""
    uptime: float
    """Seconds since then, whatever has become of the clock."""
    serving: bool
    generation: Generation
    reload: Outcome | None
    """How the last one ended."""
    mishap: Mishap | None
    """The last error in the log."""


def status(seen: Situation, children: Children, scoreboard: Scoreboard) -> dict[str, object]:
    """The status as JSON knows it; times are local and in ISO 8601."""
    return {
        "version": __version__,
        "pid": os.getpid(),
        "user": os.geteuid(),
        "config": seen.config,
        "started": _time(seen.started),
        "uptime_seconds": int(seen.uptime),
        "state": "serving" if seen.serving else "starting",
        "generation": seen.generation.number,
        "listeners": [
            {"name": one.name, "address": describe(one), "tls": one.name in seen.generation.settings.tls}
            for one in seen.generation.listeners.values()
        ],
        "workers": len(children.of(seen.generation)),
        "connections": scoreboard.connections(),
        "associations": scoreboard.associations(),
        "objects": scoreboard.tally.total(),
        "objects_last_minute": scoreboard.tally.a_minute(),
        "draining": _draining(seen.generation, children, scoreboard),
        "last_reload": _reload(seen.reload),
        "last_error": None if seen.mishap is None else {"time": _time(seen.mishap.time), "text": seen.mishap.text},
    }


def _draining(present: Generation, children: Children, scoreboard: Scoreboard) -> list[Mapping[str, object]]:
    """Earlier generations, the oldest first."""
    numbers = sorted(earlier(present, children))
    return [_earlier(number, children, scoreboard) for number in numbers]


def _earlier(number: int, children: Children, scoreboard: Scoreboard) -> Mapping[str, object]:
    workers = [worker for worker in children.workers.values() if worker.generation.number == number]
    associations = scoreboard.associations_in(worker.slot for worker in workers)
    return {"generation": number, "workers": len(workers), "associations": associations}


def earlier(present: Generation, children: Children) -> set[int]:
    """The numbers of the generations before the present one that still live."""
    return {worker.generation.number for worker in children.workers.values()} - {present.number}


def _reload(outcome: Outcome | None) -> Mapping[str, object] | None:
    if outcome is None:
        return None
    return {"time": _time(outcome.time), "successful": not outcome.problems, "problems": list(outcome.problems)}


def _time(seconds: float) -> str:
    return dt.datetime.fromtimestamp(seconds).astimezone().isoformat(timespec="seconds")
