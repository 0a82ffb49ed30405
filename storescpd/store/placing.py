"""From the temporary file to its name, and what happens when the name is taken.

Every decision is one system call that the file system makes atomically: rename(2) replaces, link(2) refuses, and so
does renameat2(2) where there are no hard links.
"""

import errno
import itertools
import os
from collections.abc import Callable, Iterator
from enum import Enum, auto
from typing import Final, NamedTuple

from storescpd.store.comparing import same_content
from storescpd.store.errors import DuplicateError
from storescpd.store.noreplace import rename_exclusively
from storescpd.store.settings import OnDuplicate

_NO_HARD_LINKS: Final = {errno.EPERM, errno.EOPNOTSUPP, errno.EMLINK, errno.ENOSYS}
NO_EXCLUSIVE_RENAME: Final = {errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP}


class Outcome(Enum):
    """What stands under which name now."""

    STORED = auto()
    REPLACED = auto()  # another file had the name
    UNCHANGED = auto()  # the same object was there: nothing was written
    SET_ASIDE = auto()  # the name was taken: this one got a number


class Place(NamedTuple):
    """Where an object belongs."""

    name: str
    exclusive: bool = False
    """Never over an existing file: what is stored although it was not answered with success."""
    folder: str = ""
    """The study directory below the storage directory; empty is the storage directory itself."""
    shown: str = ""
    """The study directory as messages may show it: its name may hold a patient's."""
    successors: Iterator[str] | None = None
    """Names to take when this one is taken, without end; then no existing file is ever replaced."""
    looks: bool = True
    """Whether somebody wants to know if a file was replaced."""


class Stored(NamedTuple):
    """Where an object is."""

    name: str
    outcome: Outcome
    folder: str = ""
    inode: int = 0
    """Of its file, where that may get another name; 0: nobody has looked, or it is not this object's."""


class Move:
    """A file below one directory descriptor that gets a name below another, or the same."""

    __slots__ = ("file", "source", "target")

    def __init__(self, source: int, file: str, target: int) -> None:
        self.source = source
        self.file = file
        self.target = target

    def over(self, name: str) -> None:
        """Move, whatever has the name."""
        os.rename(self.file, name, src_dir_fd=self.source, dst_dir_fd=self.target)

    def exclusively(self, name: str) -> bool:
        """Move, unless the name is taken."""
        try:
            os.link(self.file, name, src_dir_fd=self.source, dst_dir_fd=self.target, follow_symlinks=False)
        except FileExistsError:
            return False
        except OSError as error:
            if error.errno not in _NO_HARD_LINKS:
                raise
            return self._rename_exclusively(name)
        self.drop()
        return True

    def drop(self) -> None:
        """Take its own name away."""
        os.unlink(self.file, dir_fd=self.source)

    def is_taken(self, name: str) -> bool:
        """Whether something has the name now."""
        try:
            os.stat(name, dir_fd=self.target, follow_symlinks=False)
        except FileNotFoundError:
            return False
        return True

    def _rename_exclusively(self, name: str) -> bool:
        """For file systems without hard links, such as exFAT and many shares."""
        try:
            rename_exclusively(self.source, self.file, self.target, name)
        except FileExistsError:
            return False
        except OSError as error:
            if error.errno not in NO_EXCLUSIVE_RENAME:
                raise
            return self._over_placeholder(name)
        return True

    def _over_placeholder(self, name: str) -> bool:
        """For file systems that can neither: an empty file takes the name, then the object replaces it."""
        try:
            os.close(os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600, dir_fd=self.target))
        except FileExistsError:
            return False
        try:
            self.over(name)
        except OSError:
            # The empty file would take the name from the object when it is sent again.
            os.unlink(name, dir_fd=self.target)
            raise
        return True


def place(move: Move, fd: int, wanted: Place, rule: OnDuplicate, extension: str, *, bare: bool) -> Stored:
    """Give a temporary file, which is open as ``fd``, its name; ``bare``: files are data sets without meta information.

    Raises:
        DuplicateError: the name is taken and the rule is to reject.
        OSError: the file system refuses; the temporary file is still there.
    """
    folder = wanted.folder
    if wanted.successors is not None:
        names = itertools.chain((wanted.name,), wanted.successors)
        return Stored(next(filter(move.exclusively, names)), Outcome.STORED, folder)
    if rule is OnDuplicate.OVERWRITE and not wanted.exclusive:
        # Good enough for a log: whoever is faster is replaced without being mentioned.
        taken = wanted.looks and os.access(wanted.name, os.F_OK, dir_fd=move.target, follow_symlinks=False)
        move.over(wanted.name)
        return Stored(wanted.name, Outcome.REPLACED if taken else Outcome.STORED, folder)
    if rule is OnDuplicate.RENAME:
        return _beside_others(move, wanted, extension)
    for name in _candidates(wanted.name, extension):
        if move.exclusively(name):
            return Stored(name, Outcome.STORED if name == wanted.name else Outcome.SET_ASIDE, folder)
        if rule is OnDuplicate.REJECT and not wanted.exclusive:
            raise DuplicateError(name)
        # A sender that repeats itself gets no copy after another, also where its first one was set aside.
        if same_content(fd, move.target, name, bare=bare):
            move.drop()
            return Stored(name, Outcome.UNCHANGED, folder)
    raise AssertionError("unreachable: numbers do not end")


def _beside_others(move: Move, wanted: Place, extension: str) -> Stored:
    """Under its name, or under a number that nothing has, whatever the others are."""
    if move.exclusively(wanted.name):
        return Stored(wanted.name, Outcome.STORED, wanted.folder)
    first = _free_number(lambda number: move.is_taken(_numbered(wanted.name, extension, number)))
    # Others may look for a number at the same time.
    names = _numbers(wanted.name, extension, first)
    return Stored(next(filter(move.exclusively, names)), Outcome.SET_ASIDE, wanted.folder)


def _free_number(is_taken: Callable[[int], bool]) -> int:
    """A free number after a taken one, in about twice as many looks as it has bits.

    Where nobody has taken files away it is the lowest; a gap may be missed.
    """
    free = 1
    while is_taken(free):
        free *= 2
    taken = free // 2
    while free - taken > 1:
        middle = (taken + free) // 2
        if is_taken(middle):
            taken = middle
        else:
            free = middle
    return free


def _candidates(name: str, extension: str) -> Iterator[str]:
    """The name, then the same with a number before its extension."""
    yield name
    yield from _numbers(name, extension, 1)


def _numbers(name: str, extension: str, first: int) -> Iterator[str]:
    for number in itertools.count(first):
        yield _numbered(name, extension, number)


def _numbered(name: str, extension: str, number: int) -> str:
    # "+" stands in no UID and in no name that was made from what a peer sent: nobody else's name is this one.
    return f"{name.removesuffix(extension)}+{number}{extension}"
