"""What the service manager is told, and when (sd_notify(3))."""

import math
import time

from storescpd.telemetry.last_error import LastError
from storescpd.telemetry.notify import Notifier, monotonic, status
from storescpd.worker.scoreboard import Scoreboard

SHOW_PAUSE = 5.0
"""Seconds between two looks whether the status has changed."""
RETRY = 0.1
"""Seconds until a service manager that reads nothing is tried again."""
EXTENSION = 30.0
"""Seconds that are asked for at a time while associations end: one that hangs then is not waited for longer."""
EXTENSION_PAUSE = EXTENSION / 3
"""Seconds after which they are asked for again."""


class Report:
    """Ready, reloading, stopping, failed, and a line about how it goes."""

    def __init__(self, notifier: Notifier, errors: LastError) -> None:
        self._notifier = notifier
        self._errors = errors
        self._scoreboard: Scoreboard | None = None
        self._shown = ""
        self._show_at = math.inf
        self._state = ""
        self._remark = ""
        self._extend_at = self._stopped_at = math.inf
        self._watch_at = math.inf if notifier.watchdog is None else 0.0

    def count_by(self, scoreboard: Scoreboard) -> None:
        """Where associations and objects are counted."""
        self._scoreboard = scoreboard

    def serving(self, state: str) -> None:
        """The daemon serves, after a start or a reload."""
        self._state = state
        self._tell("READY=1")

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
        self._tell("STOPPING=1")
        self._extend_at, self._stopped_at = 0.0, time.monotonic() + seconds

    def failed(self, cause: str, number: int | None) -> None:
        """The daemon ends by an error; ``number`` is its errno, if it has one."""
        self._notifier.say(status(cause), *(() if number is None else (f"ERRNO={number}",)))

    def _tell(self, *assignments: str) -> None:
        """Something, and the status."""
        now = time.monotonic()
        self._shown, self._show_at = self._text(), now + SHOW_PAUSE
        self._notifier.say(*assignments, status(self._shown))

    def _text(self) -> str:
        parts = [self._remark, self._state]
        if self._scoreboard is not None:
            open_ones, objects = self._scoreboard.associations(), self._scoreboard.tally.a_minute()
            parts.append(f"{_counted(open_ones, 'association')}, {_counted(objects, 'object')} in the last minute")
        mishap = self._errors.last()
        # A reload that failed is an error itself, and one that does not pass.
        if mishap is not None and not self._remark:
            parts.append(f"last error {time.strftime('%H:%M:%S', time.localtime(mishap.time))} {mishap.text}")
        return "; ".join(filter(None, parts))

    def due(self) -> float:
        """Monotonic time of the next thing to say unasked."""
        if not self._notifier.heard:
            return math.inf
        if self._notifier.waiting:
            return time.monotonic() + RETRY
        return min(self._extend_at, self._watch_at, self._show_at)

    def keep_time(self, now: float, *, healthy: bool) -> None:
        """Say what is due: that we live, where all of us do; how it goes; how long a stop takes."""
        self._notifier.flush()
        if self._notifier.waiting:
            # Nothing of this is worth more than what waits already.
            return
        if self._notifier.watchdog is not None and now >= self._watch_at:
            self._watch_at = now + self._notifier.watchdog / 2
            if healthy:
                self._notifier.say("WATCHDOG=1")
        if now >= self._extend_at:
            self._extend_at = now + EXTENSION_PAUSE if now < self._stopped_at else math.inf
            self._notifier.say(f"EXTEND_TIMEOUT_USEC={int(EXTENSION * 1e6)}")
        if now >= self._show_at:
            self._show_at = now + SHOW_PAUSE
            if self._text() != self._shown:
                self._tell()

    def leave(self) -> None:
        """In a child: the supervisor alone speaks."""
        self._notifier.close()


def error_number(error: BaseException | None) -> int | None:
    """The errno of an error, or of what caused it."""
    while error is not None:
        if isinstance(error, OSError) and error.errno:
            return error.errno
        # A compiled module leaves out what stands after `from`.
        error = error.__cause__ or error.__context__
    return None


def _counted(number: int, name: str) -> str:
    return f"{number} {name}{'' if number == 1 else 's'}"
