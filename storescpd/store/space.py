"""The guard of free space: before an object is written, and while it is."""

import os
from typing import Final

from storescpd.store.amounts import size
from storescpd.store.errors import SpaceError
from storescpd.store.settings import StorageSettings

_INODE_SHARE: Final = 100
"""Below one in so many free inodes nothing is written: a spool of small files fills its inodes first."""


def guard_space(fd: int, settings: StorageSettings) -> None:
    """Find out whether the file system of an open directory or file has as much free as ``min_free`` says.

    Raises:
        SpaceError: it has not.
    """
    if not settings.min_free:
        return
    space = os.fstatvfs(fd)
    free = space.f_bavail * space.f_frsize
    if free < settings.min_free:
        wanted = size(settings.min_free)
        raise SpaceError(f"{size(free)} are free in {settings.directory}, storage.min_free is {wanted}")
    if space.f_files and space.f_favail * _INODE_SHARE < space.f_files:
        left = f"{space.f_favail} of {space.f_files} inodes"
        raise SpaceError(f"{left} are free in {settings.directory}, less than 1 %: remove small files")
