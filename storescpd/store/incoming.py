"""Temporary files: where they lie, who owns them, and what becomes of those whose owner is gone.

A file's owner holds a lock on it as long as it lives. Whoever starts removes the files whose lock is free: the kernel
frees it at the very moment of a death, whatever killed the owner.
"""

import contextlib
import fcntl
import itertools
import os
import secrets
import stat
from collections.abc import Callable
from typing import Final

OWN_FOLDER: Final = ".storescpd"
FOLDER: Final = f"{OWN_FOLDER}/incoming"
_FOLDER_MODE: Final = 0o700
_FLAGS: Final = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
_ATTEMPTS: Final = 16
"""A fresh file is lost to a sweep between its creation and its lock; so often in a row it cannot happen."""


class TemporaryNames:
    """Names that no other process, thread or machine uses: ``<instance>.<pid>.<n>``."""

    def __init__(self) -> None:
        self._instance = secrets.token_hex(4)
        self._numbers = itertools.count(1)

    def inside(self) -> str:
        """One in our own folder."""
        return f"{FOLDER}/{self._name()}"

    def hidden(self) -> str:
        """One among objects."""
        return f"{OWN_FOLDER}.{self._name()}"

    def _name(self) -> str:
        return f"{self._instance}.{os.getpid()}.{next(self._numbers)}"


def create(name_of: Callable[[], str], directory: int, mode: int) -> tuple[int, str]:
    """A new, locked, empty file of that mode below the directory descriptor: its descriptor and its relative path.

    Raises:
        OSError: the directory does not take it.
    """
    for _ in range(_ATTEMPTS):
        name = name_of()
        try:
            fd = _open(name, directory, mode)
        except FileExistsError:
            # Of an earlier process with our number, whose files nobody has swept yet.
            continue
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            found = os.fstat(fd)
            if found.st_nlink:
                if stat.S_IMODE(found.st_mode) != mode:  # by the umask, or by an access control list of the directory
                    os.fchmod(fd, mode)
                return fd, name
        except BlockingIOError:
            pass
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(name, dir_fd=directory)
            os.close(fd)
            raise
        os.close(fd)
    raise FileExistsError("temporary files disappear as soon as they are made")


def _open(name: str, directory: int, mode: int) -> int:
    try:
        return os.open(name, _FLAGS, mode, dir_fd=directory)
    except FileNotFoundError:
        make_folder(directory)
        return os.open(name, _FLAGS, mode, dir_fd=directory)


def make_folder(directory: int) -> None:
    """Make the folder of temporary files below a directory descriptor, where it is missing."""
    for path in (OWN_FOLDER, FOLDER):
        try:
            os.mkdir(path, _FOLDER_MODE, dir_fd=directory)
        except FileExistsError:
            continue


def sweep(directory: int) -> list[str]:
    """Remove the temporary files whose owner is gone; returns their names.

    Nothing but our own folder is looked at. A file that cannot be opened is left where it is.
    """
    try:
        folder = os.open(FOLDER, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=directory)
    except FileNotFoundError:
        return []
    try:
        return [name for name in os.listdir(folder) if remove_if_abandoned(name, folder)]
    finally:
        os.close(folder)


def remove_if_abandoned(name: str, folder: int) -> bool:
    """Remove a temporary file below a directory descriptor unless its owner lives; whether it is gone."""
    try:
        fd = os.open(name, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW, dir_fd=folder)
    except OSError:
        return False
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.unlink(name, dir_fd=folder)
    except OSError:
        return False
    else:
        return True
    finally:
        os.close(fd)
