"""Words to the service manager (sd_notify(3)).

The sdnotify package has the socket. It swallows every error, blocks while the service manager reads nothing, and drops
a whole message for one character beyond Latin-1; here none of that can happen.
"""

import contextlib
import errno
import os
import re
import time
from collections.abc import Mapping

from sdnotify import SystemdNotifier

LONGEST_STATUS = 1000
"""Characters: systemd reads 4,096 bytes of a message, and shows a status in one line."""
MOST_UNSENT = 16
"""Messages that wait for a service manager that reads nothing; beyond that the oldest are of no interest any more."""
SHORTEST_WATCHDOG = 1000
"""Microseconds; what is asked for more often than that is a mistake."""

_VARIABLES = ("NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]+")


def status(text: str) -> str:
    """The assignment that shows a text as the status of the service: one line of ASCII."""
    line = _CONTROL.sub(" ", text).encode("ascii", "backslashreplace").decode("ascii").strip()
    return "STATUS=" + (line if len(line) <= LONGEST_STATUS else line[: LONGEST_STATUS - 3] + "...")


def monotonic() -> str:
    """The assignment that tells a reload from an earlier one."""
    return f"MONOTONIC_USEC={time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000}"


class Notifier:
    """The service manager's socket; where there is none nothing is sent."""

    def __init__(self) -> None:
        """Take the variables of the protocol out of the environment, so that no hook can speak for the daemon."""
        self.watchdog = _watchdog(os.environ)
        """Seconds within which ``WATCHDOG=1`` is expected, ``None`` where it is not."""
        self._unsent: list[str] = []
        self._connection = _connection() if os.environ.get("NOTIFY_SOCKET") else None
        for name in _VARIABLES:
            os.environ.pop(name, None)

    @property
    def heard(self) -> bool:
        """Whether there is a service manager to speak to."""
        return self._connection is not None

    @property
    def waiting(self) -> bool:
        """Whether something could not be sent yet: ``flush`` tries again."""
        return bool(self._unsent)

    def say(self, *assignments: str) -> None:
        """Send assignments as one message, after those that still wait; never waits itself."""
        if self.heard:
            self._unsent.append("\n".join(assignments))
            del self._unsent[:-MOST_UNSENT]
            self.flush()

    def flush(self) -> None:
        """Send what waits, as far as the service manager reads."""
        while self._unsent and self._sent(self._unsent[0]):
            self._unsent.pop(0)

    def _sent(self, message: str) -> bool:
        """Whether nothing is left to do about a message: it has gone, or there is nobody to take it."""
        if self._connection is None:
            return True
        try:
            self._connection.notify(message)
        except OSError as error:
            return error.errno not in {errno.EAGAIN, errno.ENOBUFS}
        return True

    def close(self) -> None:
        """In a child: it does not speak for the daemon."""
        if self._connection is not None:
            self._connection.socket.close()
            self._connection = None
        self._unsent.clear()


def _connection() -> SystemdNotifier | None:
    # With debug=True the package raises what it would swallow.
    with contextlib.suppress(OSError):
        made = SystemdNotifier(debug=True)
        made.socket.settimeout(0)
        return made
    return None


def _watchdog(variables: Mapping[str, str]) -> float | None:
    microseconds, owner = variables.get("WATCHDOG_USEC", ""), variables.get("WATCHDOG_PID")
    if not microseconds.isdecimal() or owner not in {None, str(os.getpid())}:
        return None
    return int(microseconds) / 1e6 if int(microseconds) >= SHORTEST_WATCHDOG else None
