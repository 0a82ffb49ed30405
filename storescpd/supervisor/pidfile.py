"""The pid file: locked as long as the daemon lives, so that what a dead one left behind is known for what it is."""

import contextlib
import fcntl
import os
import stat

_MODE = 0o644
_LONGEST = 64
"""Bytes; a process id has ten digits at most."""


class PidFileError(Exception):
    """It cannot be had; the text says why."""


class PidFile:
    """One pid file. The lock belongs to the open file: it goes over to a child that keeps it open (flock(2))."""

    def __init__(self, path: str) -> None:
        self.path = os.path.abspath(path)
        self._fd: int | None = None

    @property
    def descriptor(self) -> int:
        """Of a file that is locked."""
        if self._fd is None:
            raise PidFileError(f"{self.path}: not locked")
        return self._fd

    def lock(self) -> None:
        """Take it, also from a daemon that has died.

        Raises:
            PidFileError: another daemon has it, it is something else, or it cannot be written.
        """
        while self._fd is None:
            try:
                fd = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK, _MODE)
            except OSError as error:
                raise PidFileError(f"pid file {self.path}: {error.strerror or error}") from error
            try:
                self._check(fd)
                if self._is_current(fd):
                    self._fd = fd
            finally:
                # One that its owner has removed meanwhile is nobody's; there may be another.
                if self._fd is None:
                    os.close(fd)

    def _check(self, fd: int) -> None:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            owner = os.pread(fd, _LONGEST, 0).decode("ascii", "replace").strip()
            raise PidFileError(f"pid file {self.path}: another daemon runs already, process {owner}") from None
        content = os.pread(fd, _LONGEST, 0).strip()
        if not stat.S_ISREG(os.fstat(fd).st_mode) or (content and not content.isdigit()):
            raise PidFileError(f"{self.path} is no pid file, and is left as it is: name another")

    def _is_current(self, fd: int) -> bool:
        with contextlib.suppress(FileNotFoundError):
            return os.path.samestat(os.stat(self.path), os.fstat(fd))
        return False

    def write(self) -> None:
        """Write this process's id; raises OSError."""
        os.ftruncate(self.descriptor, 0)
        os.pwrite(self.descriptor, f"{os.getpid()}\n".encode("ascii"), 0)
        os.fchmod(self.descriptor, _MODE)

    def leave(self) -> None:
        """In a child: when the daemon dies, it shall not be locked any more."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None

    def remove(self) -> None:
        """The daemon ends. Where its folder is not ours (any more) it is emptied instead."""
        if self._fd is None:
            return
        try:
            if self._is_current(self._fd):
                os.unlink(self.path)
        except OSError:
            with contextlib.suppress(OSError):
                os.ftruncate(self._fd, 0)
        self.leave()
