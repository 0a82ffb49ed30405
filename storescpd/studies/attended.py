"""A hook that somebody waits for, where there is no keeper: it is run here and now (storescp facts 3.5, -xs).

The hook has descriptors 1 and 2 of this process, and no other.
"""

import contextlib
import logging
import os
import select
import signal
import subprocess
import time
from collections.abc import Callable

from storescpd.studies.commands import Facts, environment, words
from storescpd.studies.policy import END_GRACE, FIRST_PAUSE, LONGEST_PAUSE, Policy
from storescpd.telemetry.events import log_event

_LOOK = 0.5
"""Seconds between two looks whether waiting has become pointless."""

logger = logging.getLogger(__name__)

GivenUp = Callable[[], bool]


def attend(policy: Policy, facts: Facts, given_up: GivenUp) -> None:
    """Run the hook for a reception until it succeeds, has failed for good, or nobody has the time to wait any more."""
    pause = FIRST_PAUSE
    for attempt in range(1, policy.retries + 2):
        cause = _attempt(policy, facts, given_up)
        if cause is None:
            return
        last = attempt > policy.retries or given_up()
        message = "hook failed" if last else "hook failed and will be tried again"
        level = logging.ERROR if last else logging.WARNING
        told = {"kind": "reception", "study": facts.study, "file": facts.file}
        log_event(logger, level, message, **told, cause=cause, attempt=attempt)
        if last:
            return
        _rest(pause, given_up)
        pause = min(2 * pause, LONGEST_PAUSE)


def _rest(seconds: float, given_up: GivenUp) -> None:
    deadline = time.monotonic() + seconds
    while not given_up() and (left := deadline - time.monotonic()) > 0:
        time.sleep(min(left, _LOOK))


def _attempt(policy: Policy, facts: Facts, given_up: GivenUp) -> str | None:
    """Run it once; why it has failed, ``None`` when it has not."""
    try:
        child = subprocess.Popen(
            words(policy.on_reception, facts),
            stdin=subprocess.DEVNULL,
            env=environment(facts, os.environ, inherit=policy.inherit_environment),
            start_new_session=True,
        )
    except OSError as error:
        return error.strerror or str(error)
    if not _waited(child, policy.hook_timeout, given_up):
        log_event(logger, logging.WARNING, "hook is left alone: this process has to end", process=child.pid)
        return None
    status = child.wait()
    if not status:
        return None
    return f"exit status {status}" if status > 0 else f"signal {-status}"


def _waited(child: subprocess.Popen[bytes], timeout: float, given_up: GivenUp) -> bool:
    """Wait for the end of a hook, which is brought about where it takes too long."""
    deadline = time.monotonic() + timeout if timeout else None
    order = signal.SIGTERM
    fd = os.pidfd_open(child.pid)
    try:
        ended = select.poll()
        ended.register(fd, select.POLLIN)
        while not ended.poll(_LOOK * 1000):
            if given_up():
                return False
            if deadline is not None and time.monotonic() >= deadline:
                log_event(logger, logging.ERROR, "hook takes too long and is ended", process=child.pid)
                # What has become another user's, with sudo perhaps, cannot be told: it ends when it likes.
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.killpg(child.pid, order)
                order, deadline = signal.SIGKILL, time.monotonic() + END_GRACE
    finally:
        os.close(fd)
    return True
