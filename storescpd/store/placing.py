"""From the temporary file to its name, and what happens when the name is taken.

Every decision is one system call that the file system makes atomically: rename(2) replaces, link(2) refuses, and so
does renameat2(2) where there are no hard links.
"""

import errno
import itertools
import os
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto

from storescpd.store.comparing import same_content
from storescpd.store.errors import DuplicateError
from storescpd.store.noreplace import rename_exclusively
from storescpd.store.settings import OnDuplicate

_NO_HARD_LINKS = {errno.EPERM, errno.EOPNOTSUPP, errno.EMLINK, errno.ENOSYS}
_NO_EXCLUSIVE_RENAME = {errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP}


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
    for name in _candidates(wanted.name, extension):
        if _move_exclusively(directory, temporary, name):
            return Stored(name, Outcome.STORED if name == wanted.name else Outcome.SET_ASIDE)
        if rule is OnDuplicate.REJECT and not wanted.exclusive:
            raise DuplicateError(name)
        # A sender that repeats itself gets no copy after another, also where its first one was set aside.
        if rule is not OnDuplicate.RENAME and same_content(directory, temporary, name):
            os.unlink(temporary, dir_fd=directory)
            return Stored(name, Outcome.UNCHANGED)
    raise AssertionError("unreachable: numbers do not end")


def _candidates(name: str, extension: str) -> Iterator[str]:
    """The name, then the same with a number before its extension."""
    yield name
    stem = name.removesuffix(extension)
    for number in itertools.count(1):
        yield f"{stem}.{number}{extension}"


def _move_exclusively(directory: int, temporary: str, name: str) -> bool:
    """Move, unless the name is taken."""
    try:
        os.link(temporary, name, src_dir_fd=directory, dst_dir_fd=directory, follow_symlinks=False)
    except FileExistsError:
        return False
    except OSError as error:
        if error.errno not in _NO_HARD_LINKS:
            raise
        return _rename_exclusively(directory, temporary, name)
    os.unlink(temporary, dir_fd=directory)
    return True


def _rename_exclusively(directory: int, temporary: str, name: str) -> bool:
    """For file systems without hard links, such as exFAT and many shares."""
    try:
        rename_exclusively(directory, temporary, name)
    except FileExistsError:
        return False
    except OSError as error:
        if error.errno not in _NO_EXCLUSIVE_RENAME:
            raise
        return _move_over_placeholder(directory, temporary, name)
    return True


def _move_over_placeholder(directory: int, temporary: str, name: str) -> bool:
    """For file systems that can neither: an empty file takes the name, then the object replaces it."""
    try:
        os.close(os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600, dir_fd=directory))
    except FileExistsError:
        return False
    try:
        os.rename(temporary, name, src_dir_fd=directory, dst_dir_fd=directory)
    except OSError:
        # The empty file would take the name from the object when it is sent again.
        os.unlink(name, dir_fd=directory)
        raise
    return True
