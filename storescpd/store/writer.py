"""One object on its way to disk: bytes into a temporary file, then its place."""

import contextlib
import os
import zlib
from collections.abc import Iterator, Sequence
from typing import Final

from storescpd.dataset import Chunk, Extent, Patch, Plan
from storescpd.store.errors import StorageError
from storescpd.store.folders import Folders
from storescpd.store.incoming import TemporaryNames, create
from storescpd.store.placing import Move, Outcome, Place, Stored, place
from storescpd.store.settings import Durability, StorageSettings
from storescpd.store.space import guard_space
from storescpd.store.unseen import Unseen, tell_complete

_MOST_BUFFERS: Final = 1024
"""IOV_MAX of Linux: writev(2) takes no more at once."""
_COPY: Final = 1 << 20
"""Bytes copied at a time."""
_LOOK: Final = 4 << 20
"""Bytes after which the free space is looked at again: little beside any ``min_free``, and rare on a network share."""
_FOLDER_ATTEMPTS: Final = 3
"""A study directory is taken away between opening it and moving a file into it; so often in a row it is no accident."""


def _write_part(fd: int, part: Sequence[Chunk]) -> int:
    length = 0
    for piece in part:
        length += len(piece)
    written = os.writev(fd, part)
    if written != length:
        _write_rest(fd, part, written)
    return length


def _write_rest(fd: int, pieces: Sequence[Chunk], skip: int) -> None:
    for piece in pieces:
        view = memoryview(piece)[skip:]
        skip = max(skip - len(piece), 0)
        while view:
            written = os.write(fd, view)
            view = view[written:]


class Writer:
    """A temporary file that becomes an object with ``commit`` and ``close``, or nothing with ``abandon``."""

    def __init__(
        self,
        directory: int,
        names: TemporaryNames,
        folders: Folders,
        settings: StorageSettings,
        header: bytes,
        unseen: Unseen | None = None,
    ) -> None:
        self._directory = directory
        self._names = names
        self._folders = folders
        self._settings = settings
        self._header = header
        self._unseen = unseen
        self._pending: list[Chunk] = [header] if header else []
        self.length = 0
        """Bytes of the file so far."""
        self._looks_at = _LOOK
        self._fd, self._name = self._create()

    def _create(self) -> tuple[int, str]:
        settings = self._settings
        if self._unseen is None:
            fd, name = create(self._names.inside, self._directory, settings.file_mode)
        else:
            fd, name = self._unseen.create(self._directory, settings.file_mode)
        if settings.group is None:
            return fd, name
        try:
            os.fchown(fd, -1, settings.group)
            # A change of group takes bits of the mode away.
            os.fchmod(fd, settings.file_mode)
        except BaseException:
            _discard(fd, name, self._directory)
            raise
        return fd, name

    def write(self, pieces: Sequence[Chunk]) -> None:
        """Append chunks of the data set.

        Raises:
            OSError: the file system refuses.
            SpaceError: too little would be left of it.
        """
        if self._pending:
            pieces = [*self._pending, *pieces]
            self._pending = []
        if len(pieces) <= _MOST_BUFFERS:
            self._append(pieces)
            return
        for start in range(0, len(pieces), _MOST_BUFFERS):
            self._append(pieces[start : start + _MOST_BUFFERS])

    def _append(self, part: Sequence[Chunk]) -> None:
        if part:
            self.length += _write_part(self._fd, part)
            if self.length >= self._looks_at:
                self._looks_at = self.length + _LOOK
                guard_space(self._fd, self._settings)

    def emit(self, pieces: Sequence[Chunk | Patch]) -> None:
        """Append chunks and apply patches, in order.

        Raises:
            OSError: the file system refuses.
            SpaceError: too little would be left of it.
        """
        chunks: list[Chunk] = []
        for piece in pieces:
            if isinstance(piece, Patch):
                self.write(chunks)
                chunks = []
                self._overwrite(len(self._header) + piece.offset, piece.data)
            else:
                chunks.append(piece)
        if chunks:
            self.write(chunks)

    def _overwrite(self, offset: int, data: bytes) -> None:
        view = memoryview(data)
        while view:
            count = os.pwrite(self._fd, view, offset)
            view, offset = view[count:], offset + count

    def finish(self, header: bytes, plan: Plan | None) -> None:
        """Make the file what it is to be: another header, another order, deflated.

        Raises:
            OSError: the file system refuses.
            SpaceError: too little would be left of it.
        """
        if self._pending:
            self.write(())
        if plan is not None or len(header) != len(self._header):
            self._rewrite(header, plan or Plan(None, None))
        elif header != self._header:
            self._overwrite(0, header)

    def _rewrite(self, header: bytes, plan: Plan) -> None:
        """Copy into a second temporary file, which takes the place of the first."""
        old_fd, old_name, start = self._fd, self._name, len(self._header)
        extents = plan.extents if plan.extents is not None else (Extent(0, self.length - start),)
        self._fd, self._name = self._create()
        try:
            self.length, self._looks_at = 0, _LOOK
            self._append([header])
            for piece in _planned(old_fd, start, extents, plan.compression_level):
                self._append([piece])
            self._header = header
        finally:
            _discard(old_fd, old_name, self._directory)

    def commit(self, wanted: Place) -> Stored:
        """Sync, move to the name, make the move durable; returns where the object is. ``close`` has to follow.

        Raises:
            StorageError: it is not stored, and nothing of it is left, its descriptors included.
            DuplicateError: the name is taken; nothing of it is left.
            PlaceError: its directory cannot be used; nothing of it is left.
        """
        try:
            if self._pending:
                self.write(())
            return self._place(wanted)
        except OSError as error:
            self.abandon()
            where = os.path.join(self._settings.directory, wanted.shown)
            raise StorageError(f"cannot store {wanted.name} in {where}: {error.strerror or error}") from error
        except BaseException:
            self.abandon()
            raise

    def _place(self, wanted: Place) -> Stored:
        try:
            return self._placed(wanted)
        except OSError as error:
            if self._unseen is None or self._name or not self._unseen.retreat(error):
                raise
        # Made where it gets no name here; a copy is made in another way.
        self._rewrite(self._header, Plan(None, None))
        return self._place(wanted)

    def _placed(self, wanted: Place) -> Stored:
        settings = self._settings
        if settings.durability is Durability.NONE:
            # Network file systems report a full disk at close; the copy keeps the lock.
            os.close(os.dup(self._fd))
        else:
            os.fdatasync(self._fd)
        if not wanted.folder:
            return self._move(self._directory, wanted)
        for _ in range(_FOLDER_ATTEMPTS):
            with (
                self._folders.opened(self._directory, wanted.folder, wanted.shown) as folder,
                # The directory was taken away after it had been opened; the next attempt makes it again.
                contextlib.suppress(FileNotFoundError),
            ):
                stored = self._move(folder, wanted)
                if stored.outcome is Outcome.UNCHANGED:
                    return stored
                return stored._replace(inode=os.fstat(self._fd).st_ino)
        raise FileNotFoundError(f"the directory {wanted.shown} disappears as soon as it is made")

    def _move(self, target: int, wanted: Place) -> Stored:
        settings = self._settings
        unseen = self._unseen
        if unseen is None:
            move = Move(self._directory, self._name, target)
        else:
            move = unseen.move(self._directory, self._fd, self._name, target)
        bare = settings.bare_data_set
        stored = place(move, self._fd, wanted, settings.on_duplicate, settings.extension, bare=bare)
        if stored.outcome is Outcome.UNCHANGED and settings.durability is not Durability.NONE:
            _sync_earlier(target, stored.name)
        if settings.durability is Durability.FULL:
            os.fsync(target)
        if unseen is not None and not self._name and stored.outcome is not Outcome.UNCHANGED:
            tell_complete(target, stored.name)
        return stored

    def abandon(self) -> None:
        """Leave nothing behind."""
        _discard(self._fd, self._name, self._directory)
        _close(self._directory)

    def close(self) -> None:
        """Give the descriptors of what was committed back."""
        _close(self._fd)
        _close(self._directory)


def _sync_earlier(directory: int, name: str) -> None:
    """The object that was there already: who stored it may not have come that far yet."""
    fd = os.open(name, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW, dir_fd=directory)
    try:
        os.fdatasync(fd)
    finally:
        os.close(fd)


def _discard(fd: int, name: str, directory: int) -> None:
    """Remove a temporary file; while it is locked no sweep gets in between."""
    # It may be gone already, with its directory or by its move; what is left is swept at the next start.
    if name:
        with contextlib.suppress(OSError):
            os.unlink(name, dir_fd=directory)
    _close(fd)


def _close(fd: int) -> None:
    """Close what was synced, or is not wanted: an error has nothing more to say, the descriptor is gone either way."""
    try:  # noqa: SIM105 - for each object: a context manager costs more than the call
        os.close(fd)
    except OSError:
        pass


def _planned(fd: int, start: int, extents: Sequence[Extent], level: int | None) -> Iterator[bytes]:
    pieces = _extents(fd, start, extents)
    if level is None:
        yield from pieces
        return
    deflate = zlib.compressobj(level, zlib.DEFLATED, -zlib.MAX_WBITS)
    for piece in pieces:
        yield deflate.compress(piece)
    yield deflate.flush()


def _extents(fd: int, start: int, extents: Sequence[Extent]) -> Iterator[bytes]:
    for extent in extents:
        offset, left = start + extent.offset, extent.length
        while left:
            piece = os.pread(fd, min(_COPY, left), offset)
            if not piece:
                raise OSError(f"temporary file ends at byte {offset}")
            yield piece
            offset, left = offset + len(piece), left - len(piece)
