"""From the temporary file to its name, and what happens when the name is taken.

Every decision is one system call that the file system makes atomically: rename(2) replaces, link(2) refuses.
"""

import errno
import itertools
import os
from dataclasses import dataclass
from enum import Enum, auto

from storescpd.store.errors import DuplicateError
from storescpd.store.meta import data_set_offset
from storescpd.store.settings import OnDuplicate

_COMPARE = 1 << 20
"""Bytes compared at a time."""
_HEAD = 4096
"""Bytes that hold any file meta information we write, and its length in one that we did not."""
_NO_HARD_LINKS = {errno.EPERM, errno.EOPNOTSUPP, errno.EMLINK, errno.ENOSYS}


class Outcome(Enum):
    """What stands under which name now."""

    STORED = auto()
    UNCHANGED = auto()  # the same object was there: nothing was written
    SET_ASIDE = auto()  # the name was taken: this one got a number


@dataclass(frozen=True, slots=True)
class Place:
    """Where an object belongs."""

    name: str
    exclusive: bool = False
    """Never over an existing file: what is stored although it was not answered with success."""


@dataclass(frozen=True, slots=True)
class Stored:
    """Where an object is."""

    name: str
    outcome: Outcome


def place(directory: int, temporary: str, wanted: Place, rule: OnDuplicate, extension: str) -> Stored:
    """Give a temporary file its name; both lie below the directory descriptor.

    Raises:
        DuplicateError: the name is taken and the rule is to reject.
        OSError: the file system refuses; the temporary file is still there.
    """
    if rule is OnDuplicate.OVERWRITE and not wanted.exclusive:
        os.rename(temporary, wanted.name, src_dir_fd=directory, dst_dir_fd=directory)
        return Stored(wanted.name, Outcome.STORED)
    if _move_exclusively(directory, temporary, wanted.name):
        return Stored(wanted.name, Outcome.STORED)
    if rule is OnDuplicate.REJECT and not wanted.exclusive:
        raise DuplicateError(wanted.name)
    if rule is OnDuplicate.KEEP and _same_content(directory, temporary, wanted.name):
        os.unlink(temporary, dir_fd=directory)
        return Stored(wanted.name, Outcome.UNCHANGED)
    return _set_aside(directory, temporary, wanted.name, extension)


def _set_aside(directory: int, temporary: str, name: str, extension: str) -> Stored:
    stem = name.removesuffix(extension)
    for number in itertools.count(1):
        candidate = f"{stem}.{number}{extension}"
        if _move_exclusively(directory, temporary, candidate):
            return Stored(candidate, Outcome.SET_ASIDE)
    raise AssertionError("unreachable: numbers do not end")


def _move_exclusively(directory: int, temporary: str, name: str) -> bool:
    """Move, unless the name is taken."""
    try:
        os.link(temporary, name, src_dir_fd=directory, dst_dir_fd=directory, follow_symlinks=False)
    except FileExistsError:
        return False
    except OSError as error:
        if error.errno not in _NO_HARD_LINKS:
            raise
        return _move_over_placeholder(directory, temporary, name)
    os.unlink(temporary, dir_fd=directory)
    return True


def _move_over_placeholder(directory: int, temporary: str, name: str) -> bool:
    """For file systems without hard links: an empty file takes the name, then the object replaces it."""
    try:
        os.close(os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600, dir_fd=directory))
    except FileExistsError:
        return False
    os.rename(temporary, name, src_dir_fd=directory, dst_dir_fd=directory)
    return True


def _same_content(directory: int, first: str, second: str) -> bool:
    """Whether two files hold the same data set, whoever sent it."""
    flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW
    try:
        fds = [os.open(name, flags, dir_fd=directory) for name in (first, second)]
    except OSError:
        return False
    try:
        return _same_data_set(*fds)
    finally:
        for fd in fds:
            os.close(fd)


def _same_data_set(first: int, second: int) -> bool:
    starts = [data_set_offset(os.pread(fd, _HEAD, 0)) for fd in (first, second)]
    sizes = [os.fstat(fd).st_size - start for fd, start in zip((first, second), starts, strict=True)]
    if sizes[0] != sizes[1]:
        return False
    return all(
        os.pread(first, _COMPARE, starts[0] + offset) == os.pread(second, _COMPARE, starts[1] + offset)
        for offset in range(0, sizes[0], _COMPARE)
    )
