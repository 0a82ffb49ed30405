"""Unfinished objects that nobody sees, for a directory in which nothing but objects may ever be.

The way of an object, and what a crash leaves after each step:

1. A file without a name is made (O_TMPFILE), written, and synced as configured. A crash leaves nothing.
2. Where its name is free, link(2) gives it that name. A crash before leaves nothing, after it the complete object.
3. Where another file has the name, the new one gets a hidden name and rename(2) puts it in place of the other. A crash
   between the two leaves a hidden file without a lock, which the next start removes; the other file is whole.
4. The file is opened by its name for writing and closed, so that whoever waits for IN_CLOSE_WRITE hears of it.
   A crash before leaves an object that was not answered with success; its sender repeats it.

inotify(7) tells those who watch a directory of every nameless file that was made there, as ``#`` and a number. So it is
made in another directory where there is one on the same mount that gives its files the same owners, rights and labels.
A file system without O_TMPFILE has one hidden file in the directory instead, for as long as the object comes.
"""

import contextlib
import errno
import fcntl
import os
import re
import stat
from collections.abc import Sequence
from enum import IntEnum
from typing import Final

from storescpd.store.incoming import OWN_FOLDER, TemporaryNames, create, remove_if_abandoned
from storescpd.store.noreplace import rename_exclusively
from storescpd.store.placing import NO_EXCLUSIVE_RENAME, Move

HIDDEN: Final = re.compile(re.escape(OWN_FOLDER) + r"\.[0-9a-f]{8}\.[0-9]+\.[0-9]+")
"""Names of ours among objects; nothing that a peer sends makes such a name."""
_NAMELESS: Final = os.O_TMPFILE | os.O_RDWR | os.O_CLOEXEC
_NOT_THERE: Final = {
    errno.EOPNOTSUPP, errno.EISDIR, errno.EINVAL, errno.ENOENT, errno.ENOTDIR, errno.EACCES, errno.EPERM, errno.EROFS,
}  # fmt: skip
"""No file without a name can be made in a directory, and none ever will."""
_NO_LINK: Final = {errno.EXDEV, errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK}
"""A file that was made there gets no name here: another quota, or no hard links."""
_REOPENED: Final = os.O_WRONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_DEFAULT_ACL: Final = "system.posix_acl_default"
_LABEL: Final = "security.selinux"
_FILES: Final = "/proc/self/fd"


class Stage(IntEnum):
    """Where unfinished objects are."""

    ASIDE = 0
    """Without a name, in another directory."""
    HERE = 1
    """Without a name, in the storage directory."""
    HIDDEN = 2
    """In the storage directory, with a hidden name."""


class Unseen:
    """Makes the unfinished objects of one storage directory, and moves them to their names."""

    def __init__(self, names: TemporaryNames, aside: Sequence[str]) -> None:
        """``aside``: directories to make files in, the best first."""
        self._names = names
        self._candidates = aside
        self._known = (0, 0)
        """Device and inode of the storage directory that the rest is about."""
        self._stage = Stage.HERE
        self._aside = ""

    def create(self, directory: int, mode: int) -> tuple[int, str]:
        """A new file of that mode: its descriptor, and its name below the directory descriptor if it has one.

        Raises:
            OSError: the directory does not take it.
        """
        self._look(directory)
        fd = self._nameless(directory, mode)
        return create(self._names.hidden, directory, mode) if fd is None else (fd, "")

    def _nameless(self, directory: int, mode: int) -> int | None:
        fd: int | None = None
        if self._stage is Stage.ASIDE:
            fd = _made(self._aside, None, mode)
            if fd is None:
                self._stage = Stage.HERE
        if self._stage is Stage.HERE:
            fd = _made(".", directory, mode)
            if fd is None:
                self._stage = Stage.HIDDEN
        return fd

    def move(self, directory: int, fd: int, name: str, target: int) -> Move:
        """The way of such a file to a directory."""
        if name:
            return _HiddenMove(directory, name, target)
        hidden = self._names.hidden()
        return _NamelessMove(directory, fd, target, os.path.join(self._aside, hidden) if self._aside else hidden)

    def retreat(self, error: OSError) -> bool:
        """Whether the next file is made in another way, since one of this kind gets no name here."""
        if error.errno not in _NO_LINK or self._stage is Stage.HIDDEN:
            return False
        self._stage, self._aside = Stage(self._stage + 1), ""
        return True

    def sweep(self, directory: int) -> list[str]:
        """Remove what crashes have left; returns the names."""
        self._look(directory)
        swept = _swept(self._aside, None) if self._aside else []
        # A directory may hold millions: it is not listed where nothing of ours can be in it.
        return swept if self._stage is Stage.ASIDE else swept + _swept(".", directory)

    def _look(self, directory: int) -> None:
        """Another directory has been mounted, or put in place of the last one: everything is looked at anew."""
        found = os.fstat(directory)
        if self._known == (found.st_dev, found.st_ino):
            return
        self._known = (found.st_dev, found.st_ino)
        self._aside = ""
        if not os.path.isdir(_FILES):
            self._stage = Stage.HIDDEN
            return
        for path in self._candidates:
            if _is_alike(directory, found, path):
                self._aside = path
                break
        self._stage = Stage.ASIDE if self._aside else Stage.HERE


class _NamelessMove(Move):
    """A file without a name gets one."""

    __slots__ = ("_fd", "_hidden")

    def __init__(self, source: int, fd: int, target: int, hidden: str) -> None:
        super().__init__(source, f"{_FILES}/{fd}", target)
        self._fd = fd
        self._hidden = hidden

    def exclusively(self, name: str) -> bool:
        try:
            os.link(self.file, name, dst_dir_fd=self.target, follow_symlinks=True)
        except FileExistsError:
            return False
        return True

    def over(self, name: str) -> None:
        if self.exclusively(name):
            return
        # While it is locked no sweep takes the hidden name away.
        fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.link(self.file, self._hidden, dst_dir_fd=self.source, follow_symlinks=True)
        try:
            os.rename(self._hidden, name, src_dir_fd=self.source, dst_dir_fd=self.target)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(self._hidden, dir_fd=self.source)
            raise

    def drop(self) -> None:
        """It has no name that could be taken away."""


class _HiddenMove(Move):
    """A file that was renamed is closed under its new name; one that was linked would be under the hidden one."""

    __slots__ = ()

    def exclusively(self, name: str) -> bool:
        try:
            rename_exclusively(self.source, self.file, self.target, name)
        except FileExistsError:
            return False
        except OSError as error:
            if error.errno not in NO_EXCLUSIVE_RENAME:
                raise
            return super().exclusively(name)
        return True


def tell_complete(directory: int, name: str) -> None:
    """Close a file that has been written under its name; somebody may have taken it away already."""
    with contextlib.suppress(OSError):
        os.close(os.open(name, _REOPENED, dir_fd=directory))


def _made(path: str, directory: int | None, mode: int) -> int | None:
    """A file without a name; ``None`` where there can be none."""
    try:
        fd = os.open(path, _NAMELESS, mode, dir_fd=directory)
    except OSError as error:
        if error.errno not in _NOT_THERE:
            raise
        return None
    try:
        if stat.S_IMODE(os.fstat(fd).st_mode) != mode:
            os.fchmod(fd, mode)
    except BaseException:
        os.close(fd)
        raise
    return fd


def _is_alike(directory: int, found: os.stat_result, path: str) -> bool:
    """Whether files that are made there are as if they were made in the directory."""
    try:
        other = os.open(path, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        return (
            os.fstat(other).st_dev == found.st_dev
            and not found.st_mode & stat.S_ISGID
            and not os.fstat(other).st_mode & stat.S_ISGID
            and _mount(other) == _mount(directory)
            and _attribute(directory, _DEFAULT_ACL) is None
            and _attribute(other, _DEFAULT_ACL) is None
            and _attribute(other, _LABEL) == _attribute(directory, _LABEL)
            and os.access(path, os.W_OK | os.X_OK, effective_ids=True)
        )
    except OSError:
        return False
    finally:
        os.close(other)


def _mount(fd: int) -> str:
    """The number of the mount that a descriptor is on (proc(5)): nothing is linked from one to another."""
    with open(f"/proc/self/fdinfo/{fd}", encoding="ascii") as file:
        return next((line for line in file if line.startswith("mnt_id:")), "")


def _attribute(fd: int, name: str) -> bytes | None:
    try:
        return os.getxattr(f"{_FILES}/{fd}", name)
    except OSError as error:
        if error.errno in {errno.ENODATA, errno.EOPNOTSUPP}:
            return None
        raise


def _swept(path: str, directory: int | None) -> list[str]:
    try:
        folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=directory)
    except OSError:
        return []
    try:
        with os.scandir(folder) as entries:
            names = [entry.name for entry in entries if HIDDEN.fullmatch(entry.name)]
        return [name for name in names if remove_if_abandoned(name, folder)]
    finally:
        os.close(folder)
