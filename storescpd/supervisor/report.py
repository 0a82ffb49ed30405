"""What the service manager is told, and when (sd_notify(3))."""

import math
import time

from storescpd.telemetry.notify import Notifier, monotonic, status

RETRY = 0.1
"""Seconds until a service manager that reads nothing is tried again."""
EXTENSION = 30.0
"""Seconds that are asked for at a time while associations end: one that hangs then is not waited for longer."""
EXTENSION_PAUSE = EXTENSION / 3
"""Seconds after which they are asked for again."""


class Report:
    """Ready, reloading, stopping, failed, and a line about how it goes."""

    def __init__(self, notifier: Notifier) -> None:
        self._notifier = notifier
        self._state = ""
        self._remark = ""
        self._extend_at = self._stopped_at = math.inf
        self._watch_at = math.inf if notifier.watchdog is None else 0.0

    def serving(self, state: str) -> None:
        """The daemon serves, after a start or a reload."""
        self._state = state
        self._notifier.say("READY=1", status(self._text()))

    def reloading(self) -> None:
        """A reload has begun; ``serving`` or ``reload_failed`` ends it."""
        self._remark = ""
        self._notifier.say("RELOADING=1", monotonic(), status("reloading"))

    def reload_failed(self, cause: str, *, serving: bool) -> None:
        """All is as it was; whoever is not serving yet will say so when it is."""
        self._remark = f"reload failed: {cause}"
        if serving:
            self.serving(self._state)

    def stopping(self, state: str, seconds: float) -> None:
        """The daemon ends within so many seconds."""
        self._state, self._remark = state, ""
        self._notifier.say("STOPPING=1", status(self._text()))
        self._extend_at, self._stopped_at = 0.0, time.monotonic() + seconds

    def failed(self, cause: str, number: int | None) -> None:
        """The daemon ends by an error; ``number`` is its errno, if it has one."""
        self._notifier.say(status(cause), *(() if number is None else (f"ERRNO={number}",)))

    def _text(self) -> str:
        return "; ".join(part for part in (self._remark, self._state) if part)

    def due(self) -> float:
        """Monotonic time of the next thing to say unasked."""
        retry = time.monotonic() + RETRY if self._notifier.waiting else math.inf
        return min(self._extend_at, self._watch_at, retry) if self._notifier.heard else math.inf

    def keep_time(self, now: float, *, healthy: bool) -> None:
        """Say what is due: that we live, where all of us do, and how long a stop takes."""
        self._notifier.flush()
        if self._notifier.watchdog is not None and now >= self._watch_at:
            self._watch_at = now + self._notifier.watchdog / 2
            if healthy:
                self._notifier.say("WATCHDOG=1")
        if now >= self._extend_at:
            self._extend_at = now + EXTENSION_PAUSE if now < self._stopped_at else math.inf
            self._notifier.say(f"EXTEND_TIMEOUT_USEC={int(EXTENSION * 1e6)}")

    def leave(self) -> None:
        """In a child: the supervisor alone speaks."""
        self._notifier.close()


def error_number(error: BaseException | None) -> int | None:
    """The errno of an error, or of what caused it."""
    while error is not None:
        if isinstance(error, OSError) and error.errno:
            return error.errno
        error = error.__cause__
    return None
