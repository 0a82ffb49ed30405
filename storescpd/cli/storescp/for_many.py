"""When studies end in a daemon that serves many senders at once, where storescp serves one after another.

There an object of another study ends a study, whoever sends it (storescp facts 3.2). With two senders at a time each
would end the study of the other with every object.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from storescpd.cli.storescp.option import KeyPath
from storescpd.cli.storescp.settings import Setting

_SCOPE: Final = ("studies", "scope")
_TIMEOUT: Final = ("studies", "end_of_study_timeout")
_IDLE: Final = ("association", "idle_timeout")
LONG_PAUSE: Final = 3600
"""Seconds: storescp waits for the next study without end, and pauses within one, between two series, last minutes."""
_CONCURRENT: Final = "storescp serves one sender at a time, and any object of another study ends a study"
_TIMER: Final = (
    f"{_CONCURRENT}; the daemon serves many at once, and a study ends when it was quiet for this time"
    ' (studies.scope = "none")'
)
_PEER: Final = (
    f"{_CONCURRENT}; the daemon serves many at once, and a study ends when its sender sends another one,"
    f' or was quiet for {LONG_PAUSE // 60} minutes (studies.scope = "peer")'
)


def for_many(written: Sequence[Setting]) -> tuple[list[Setting], list[str]]:
    """The settings that keep the meaning for people, and what to know about them."""
    values = {one.key: one for one in written}
    scope, timeout = values.get(_SCOPE), values.get(_TIMEOUT)
    if scope is None or timeout is None or scope.value != "daemon":
        return list(written), []
    changed: dict[KeyPath, Setting | None] = {}
    if timeout.value:
        # An association that waits keeps no study open here, and need not be let go of by the same option.
        changed |= {_SCOPE: replace(scope, value="none"), _IDLE: None}
        warning = f"{timeout.option}: {_TIMER}"
    else:
        changed |= {_SCOPE: replace(scope, value="peer"), _TIMEOUT: replace(timeout, value=LONG_PAUSE)}
        warning = f"{scope.option}: {_PEER}"
    kept = (changed.get(one.key, one) for one in written)
    return [one for one in kept if one is not None], [warning]
