"""What a child is doing just now: it writes the stacks of its threads where the supervisor reads them."""

import contextlib
import faulthandler
import os
import signal

DUMP = signal.SIGUSR2
"""The order to write; faulthandler obeys it without the interpreter, so also in a deadlock."""
LONGEST = 32 * 1024
"""Bytes that are shown; faulthandler writes a hundred threads at most."""


def show_stacks_at_death() -> None:
    """Have this process and its children write their stacks to stderr at a SIGABRT or SIGSEGV.

    The first is what systemd's watchdog ends a supervisor with that hangs.
    """
    # There may be no stderr.
    with contextlib.suppress(RuntimeError, OSError, ValueError):
        faulthandler.enable()


class Stacks:
    """A file in memory that all children share; the supervisor asks one at a time."""

    def __init__(self) -> None:
        self._file = os.memfd_create("storescpd-stacks", os.MFD_CLOEXEC)

    def prepare(self) -> None:
        """In a fresh child: obey the order from now on."""
        faulthandler.register(DUMP, file=self._file, all_threads=True)

    def ask(self, pid: int) -> None:
        """Have a child write, soon; one that is stopped never does."""
        os.ftruncate(self._file, 0)
        os.lseek(self._file, 0, os.SEEK_SET)
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, DUMP)

    def read(self) -> str:
        """What has been written; empty: nothing."""
        return os.pread(self._file, LONGEST, 0).decode("utf-8", "replace").strip()
