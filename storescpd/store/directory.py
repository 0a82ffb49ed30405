"""A storage directory: the sink that objects go to."""

import os

from storescpd.store.errors import SpaceError, StorageError
from storescpd.store.folders import Folders
from storescpd.store.incoming import TemporaryNames, make_folder, sweep
from storescpd.store.settings import Durability, StorageSettings
from storescpd.store.space import guard_space
from storescpd.store.unseen import Unseen
from storescpd.store.writer import Writer


class Directory:
    """Begins objects in one directory.

    The directory is opened anew for each object: one that was mounted, removed or replaced meanwhile is found as it
    is, and everything about one object happens in one and the same directory.
    """

    def __init__(self, settings: StorageSettings, names: TemporaryNames) -> None:
        self.settings = settings
        self._names = names
        self._prefix = os.path.join(settings.directory, "")
        self._folders = Folders(settings)
        self._unseen = None if settings.aside is None else Unseen(names, settings.aside)
        # fsync(2) needs a descriptor that reads; else the right to enter is enough.
        readable = os.O_RDONLY if settings.durability is Durability.FULL else os.O_PATH
        self._flags = readable | os.O_DIRECTORY | os.O_CLOEXEC

    def begin(self, header: bytes) -> Writer:
        """A writer whose file starts with ``header``.

        Raises:
            StorageError: the directory is missing, full, not mounted or not writable.
        """
        fd = self._open()
        try:
            self._guard(fd)
            return Writer(fd, self._names, self._folders, self.settings, header, self._unseen)
        except OSError as error:
            os.close(fd)
            raise StorageError(f"cannot write below {self.settings.directory}: {error.strerror or error}") from error
        except BaseException:
            os.close(fd)
            raise

    def prepare(self) -> list[str]:
        """Make the folder of temporary files, where there is to be one, and remove what others left; returns its names.

        Raises:
            StorageError: the directory is missing or not writable.
        """
        fd = self._open()
        try:
            if self._unseen is not None:
                return self._unseen.sweep(fd)
            make_folder(fd)
            return sweep(fd)
        except OSError as error:
            raise StorageError(f"cannot write below {self.settings.directory}: {error.strerror or error}") from error
        finally:
            os.close(fd)

    def shortage(self) -> str:
        """Why objects would be refused now for want of room; empty: they would not be.

        Raises:
            StorageError: the directory cannot be opened.
        """
        fd = self._open()
        try:
            guard_space(fd, self.settings)
        except SpaceError as error:
            return str(error)
        finally:
            os.close(fd)
        return ""

    def path(self, name: str, folder: str = "") -> str:
        """The path of a stored object, for logs."""
        return f"{self._prefix}{folder}/{name}" if folder else self._prefix + name

    def _open(self) -> int:
        try:
            return os.open(self.settings.directory, self._flags)
        except OSError as error:
            reason = error.strerror or error
            raise StorageError(f"cannot open storage.directory {self.settings.directory}: {reason}") from error

    def _guard(self, fd: int) -> None:
        required = self.settings.required_file
        if required:
            try:
                os.stat(required, dir_fd=fd)
            except OSError as error:
                where = os.path.join(self.settings.directory, required)
                reason = f"storage.required_file {where} is not there: is the spool mounted?"
                raise StorageError(f"{reason} ({error.strerror})") from error
        guard_space(fd, self.settings)
