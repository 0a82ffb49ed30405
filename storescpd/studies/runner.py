"""Hooks as processes that may outlive the keeper.

A hook runs under a small shell of its own, which waits for a word before it begins and leaves the exit status in a
file when the hook has ended. So the ledger knows the process before the hook does anything, and a keeper that comes
after one that was killed finds the hook still running, or finds how it ended, and never runs it twice.
"""

import contextlib
import errno
import logging
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from storescpd.studies.commands import SHELL
from storescpd.telemetry.events import log_event

_SCRIPT = (
    "trap : TERM INT HUP QUIT; IFS= read -r go || exit 125; "
    '"$@" </dev/null; s=$?; printf %s "$s" >"$0.new" && mv -f "$0.new" "$0"; exit "$s"'
)
"""The traps do nothing but keep the shell alive; in the hook itself these signals do what they always do."""
_GO = b"go\n"
_START_TIME = 19
"""Index of starttime in /proc/PID/stat after the name (proc_pid_stat(5), field 22)."""
SHOWN_OUTPUT = 16384
"""Bytes of a hook's output that go into the log."""

logger = logging.getLogger(__name__)


def start_time(pid: int) -> int | None:
    """When a process was started, in ticks since boot; with the number it names one process only."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
    except OSError:
        return None
    return None if fields[0] in {b"Z", b"X"} else int(fields[_START_TIME])


class Run:
    """One process of a hook."""

    def __init__(
        self, hook: int, status_file: str, pid: int, start: int, child: subprocess.Popen[bytes] | None
    ) -> None:
        self.hook = hook
        self.pid = pid
        self.start = start
        self.deadline: float | None = None
        """Monotonic time at which it is told to end, and then made to."""
        self.told_to_end = False
        self.fd = os.pidfd_open(pid)
        """Becomes readable when the process has ended."""
        self._status_file = status_file
        self._child = child
        self.begun = child is None
        """The hook itself was told to begin."""

    def go(self) -> None:
        """Let the hook begin: the ledger knows it now."""
        self.begun = True
        self._write(_GO)

    def stay(self) -> None:
        """Let it end without having begun."""
        self._write(b"")

    def _write(self, word: bytes) -> None:
        gate = self._child.stdin if self._child is not None else None
        if gate is not None:
            with contextlib.suppress(BrokenPipeError), gate:
                gate.write(word)
                gate.flush()

    def end(self) -> None:
        """Tell the hook and its children to end; the second time make them."""
        number = signal.SIGKILL if self.told_to_end else signal.SIGTERM
        self.told_to_end = True
        # What has become another user's, with sudo perhaps, cannot be told: it ends when it likes.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, number)

    def result(self) -> int | None:
        """Its exit status, 128 and more for a signal; ``None``: it was interrupted, and nobody knows how far it got."""
        cause = self._child.wait() if self._child is not None else None
        status = left_status(self._status_file)
        if status is None and cause is not None and self.begun:
            return cause if cause >= 0 else 128 - cause
        return status

    @property
    def orphaned(self) -> bool:
        """Whether its own process has died without a word while what it had started still runs."""
        if self._child is not None and self._child.wait() >= 0:
            return False
        return left_status(self._status_file) is None and _left_behind(self.pid)

    def close(self) -> None:
        """Let go of it."""
        os.close(self.fd)


def left_status(path: str) -> int | None:
    """The exit status that a hook has left."""
    try:
        return int(Path(path).read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None


def spawn(
    hook: int, status_file: str, words: Sequence[str], environment: Mapping[str, str], *, own_output: bool = True
) -> Run:
    """Start the process of a hook; the hook itself begins with ``go``. Without ``own_output`` it writes where we do.

    Raises:
        OSError: the system has no room for it.
    """
    with contextlib.suppress(FileNotFoundError):
        os.unlink(status_file)
    # A file, not a pipe: a hook that writes must not die of a keeper that is gone.
    with open(_output(status_file) if logger.isEnabledFor(logging.DEBUG) else os.devnull, "wb") as output:
        child = subprocess.Popen(
            [SHELL, "-c", _SCRIPT, status_file, *words],
            stdin=subprocess.PIPE,
            stdout=output if own_output else None,
            stderr=subprocess.STDOUT if own_output else None,
            env=dict(environment),
            start_new_session=True,
        )
    return Run(hook, status_file, child.pid, start_time(child.pid) or 0, child)


def adopt(hook: int, status_file: str, pid: int, start: int) -> Run | None:
    """The process of a hook that an earlier keeper has started; ``None`` when it has ended."""
    if start_time(pid) != start:
        return None
    try:
        run = Run(hook, status_file, pid, start, None)
    except OSError as error:
        if error.errno == errno.ESRCH:
            return None
        raise
    if start_time(pid) != start:
        os.close(run.fd)
        return None
    return run


def _left_behind(pid: int) -> bool:
    """Whether a process group still has members."""
    try:
        os.killpg(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _output(status_file: str) -> str:
    return f"{status_file}.out"


def log_output(hook: int, status_file: str) -> None:
    """Take the begin of what a hook has written into the log, and what it has written away."""
    path = Path(_output(status_file))
    with contextlib.suppress(OSError):
        with path.open("rb") as output:
            data = output.read(SHOWN_OUTPUT)
        path.unlink()
        for line in data.decode("utf-8", "backslashreplace").splitlines():
            log_event(logger, logging.DEBUG, "hook says", hook=hook, line=line)
