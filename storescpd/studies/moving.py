"""Giving a file of a study another name, in one step and over no other file.

renameat2(2) with RENAME_NOREPLACE does it. Where a file system cannot, hard links do, and what is removed then is
looked at first: another object may have got the old name in between.
"""

import contextlib
import errno
import os
from typing import Final

from storescpd.store.noreplace import rename_exclusively
from storescpd.store.placing import Move

_CANNOT: Final = {errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP}


def move(folder: int, old: str, new: str) -> None:
    """Rename a file below a directory descriptor.

    Raises:
        FileExistsError: the new name is another file's.
        FileNotFoundError: there is no such file.
        OSError: the file system refuses.
    """
    try:
        rename_exclusively(folder, old, folder, new)
    except OSError as error:
        if error.errno not in _CANNOT:
            raise
        _move_by_link(folder, old, new)


def _move_by_link(folder: int, old: str, new: str) -> None:
    try:
        os.link(old, new, src_dir_fd=folder, dst_dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        _finish(folder, old, new)
        raise
    except FileExistsError:
        # Else interrupted while it has both names.
        if not _same(folder, old, new):
            raise
    except OSError:
        # No hard links either: an empty file takes the name first.
        if not Move(folder, old, folder).exclusively(new):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), new) from None
        return
    os.rename(old, _aside(folder, new), src_dir_fd=folder, dst_dir_fd=folder)
    _finish(folder, old, new)


def _aside(folder: int, new: str) -> str:
    """Where the old name goes until it has been looked at; an interrupted move finds it again by the file."""
    return f".storescpd-{os.stat(new, dir_fd=folder, follow_symlinks=False).st_ino}"


def _finish(folder: int, old: str, new: str) -> None:
    """Take the second name away, unless it is another file's."""
    with contextlib.suppress(FileNotFoundError):
        aside = _aside(folder, new)
        if not _same(folder, aside, new):
            # When the name is taken once more, an object that came again has replaced this one.
            with contextlib.suppress(FileExistsError):
                os.link(aside, old, src_dir_fd=folder, dst_dir_fd=folder, follow_symlinks=False)
        os.unlink(aside, dir_fd=folder)


def _same(folder: int, first: str, second: str) -> bool:
    one, other = (os.stat(name, dir_fd=folder, follow_symlinks=False) for name in (first, second))
    return (one.st_dev, one.st_ino) == (other.st_dev, other.st_ino)
