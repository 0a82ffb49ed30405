"""Study directories: made, opened and made durable below an open storage directory.

Links are not followed: whoever can write there cannot lead us elsewhere.
"""

import contextlib
import os
import stat
from collections.abc import Iterator
from typing import Final

from storescpd.store.errors import PlaceError
from storescpd.store.settings import Durability, StorageSettings

_FLAGS: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_UNFINISHED_MODE: Final = 0o700
"""Of a directory that was made and has not got its own mode yet."""
_MOST_KNOWN: Final = 1024
"""Directories that are remembered as durable; more studies are hardly open at once."""


class Folders:
    """The study directories of one storage directory, as one process knows them."""

    def __init__(self, settings: StorageSettings) -> None:
        self._settings = settings
        self._known: dict[str, int] = {}

    @contextlib.contextmanager
    def opened(self, root: int, name: str, shown: str) -> Iterator[int]:
        """The descriptor of a study directory, which is made where it is missing; ``shown`` is its name in messages.

        Raises:
            PlaceError: it cannot be made or opened.
        """
        try:
            fd = self._open(root, name)
        except OSError as error:
            raise PlaceError(f"cannot use the directory {shown}: {error.strerror or error}") from error
        try:
            yield fd
        finally:
            os.close(fd)

    def _open(self, root: int, name: str) -> int:
        made = name not in self._known and _make(root, name)
        try:
            fd = os.open(name, _FLAGS, dir_fd=root)
        except FileNotFoundError:
            # It was known, and has been taken away meanwhile.
            made = _make(root, name)
            fd = os.open(name, _FLAGS, dir_fd=root)
        try:
            self._settle(root, name, fd, made=made)
        except OSError:
            os.close(fd)
            raise
        return fd

    def _settle(self, root: int, name: str, fd: int, *, made: bool) -> None:
        """Once for each directory: its mode and group, and its entry on the medium, whoever made it."""
        found = os.fstat(fd)
        # A new directory often gets the inode of the one that was taken away.
        if self._known.get(name) == found.st_ino and not made:
            return
        inherited = found.st_mode & stat.S_ISGID
        if stat.S_IMODE(found.st_mode) == _UNFINISHED_MODE | inherited and found.st_uid == os.geteuid():
            if self._settings.group is not None:
                os.fchown(fd, -1, self._settings.group)
            os.fchmod(fd, self._settings.directory_mode | inherited)
        if self._settings.durability is Durability.FULL:
            os.fsync(root)
        if len(self._known) >= _MOST_KNOWN:
            self._known.clear()
        self._known[name] = found.st_ino


def _make(root: int, name: str) -> bool:
    """Make a directory; whether there was none."""
    try:
        os.mkdir(name, _UNFINISHED_MODE, dir_fd=root)
    except FileExistsError:
        return False
    return True
