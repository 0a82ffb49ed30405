"""A segment's file: blocks in, blocks out, past the page cache where the file system can.

A file is written in full with zeros before it is used, and its name is durable by then. A write into it changes neither
length nor extents, so that O_DSYNC has nothing to do but to write it: 4 KiB into space that was only allocated takes
three to seven times as long.
"""

import contextlib
import errno
import fcntl
import mmap
import os
from typing import Final

from storescpd.studies.journal.blocks import BLOCK, SEGMENT_BLOCKS, WRITE_BLOCKS

SIZE: Final = SEGMENT_BLOCKS * BLOCK
"""Bytes of a segment."""
_MODE: Final = 0o600
_FOLDER_MODE: Final = 0o700
_FLAGS: Final = os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW


def open_folder(path: str) -> int:
    """A descriptor of the directory of journals, which is made where it is missing, durably.

    Raises:
        OSError: it cannot be.
    """
    with contextlib.suppress(FileExistsError):
        os.mkdir(path, _FOLDER_MODE)
        _sync_folder(os.path.dirname(path) or ".")
    return os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC | os.O_NOFOLLOW)


def _sync_folder(path: str) -> None:
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


class SegmentFile:
    """One open file; whoever writes it, or has nobody to wait for any more, holds its lock."""

    def __init__(self, fd: int, *, durable: bool) -> None:
        """Take over a descriptor."""
        self.fd = fd
        self._durable = durable
        self._direct = _set_direct(fd, direct=True) if durable else False
        # Anonymous memory begins at a page, as direct I/O asks for.
        self.buffer = memoryview(mmap.mmap(-1, WRITE_BLOCKS * BLOCK))

    def lock(self) -> bool:
        """Take the lock of the file, unless another process has it."""
        try:
            fcntl.flock(self.fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def unlock(self) -> None:
        """Give it back."""
        fcntl.flock(self.fd, fcntl.LOCK_UN)

    def write(self, number: int, blocks: int) -> None:
        """Write the first blocks of the buffer to their place; they are durable then, if they are to be.

        Raises:
            OSError: nobody knows what has become of them.
        """
        self._write_all(self.buffer[: blocks * BLOCK], number * BLOCK)

    def _write_all(self, data: memoryview, offset: int) -> None:
        written = self._write(data, offset)
        if written != len(data):
            # The rest would be refused with the reason: there is no room, most likely.
            raise OSError(errno.ENOSPC, f"{written} of {len(data)} bytes were written")

    def _write(self, data: memoryview, offset: int) -> int:
        try:
            return os.pwritev(self.fd, [data], offset)
        except OSError as error:
            if error.errno != errno.EINVAL or not self._direct:
                raise
        # Not refused by the device: direct I/O is asked for larger blocks here, or there is none. Nothing was written.
        self._direct = _set_direct(self.fd, direct=False)
        return os.pwritev(self.fd, [data], offset)

    def put(self, number: int, block: bytes) -> None:
        """Write one block.

        Raises:
            OSError: nobody knows what has become of it.
        """
        self.buffer[:BLOCK] = block
        self.write(number, 1)

    def read(self, number: int, blocks: int) -> bytes:
        """Read some blocks; fewer at the end of the file.

        Raises:
            OSError: they cannot be read.
        """
        data = bytearray()
        while len(data) < blocks * BLOCK:
            wanted = min(blocks * BLOCK - len(data), len(self.buffer))
            count = self._read(self.buffer[:wanted], number * BLOCK + len(data))
            data += self.buffer[:count]
            if count < wanted:
                break
        return bytes(data)

    def _read(self, into: memoryview, offset: int) -> int:
        try:
            return os.preadv(self.fd, [into], offset)
        except OSError as error:
            if error.errno != errno.EINVAL or not self._direct:
                raise
        self._direct = _set_direct(self.fd, direct=False)
        return os.preadv(self.fd, [into], offset)

    def is_prepared(self) -> bool:
        """Whether it has its length; one whose maker died before has not, or has no header."""
        return os.fstat(self.fd).st_size == SIZE

    def prepare(self, folder: int) -> None:
        """Write it in full, and make it and its name durable. The caller has the lock.

        Raises:
            OSError: there is no room; then it takes none.
        """
        zeros = memoryview(mmap.mmap(-1, SIZE))
        try:
            self._write_all(zeros, 0)
            if self._durable:
                os.fsync(self.fd)
                os.fsync(folder)
        except OSError:
            with contextlib.suppress(OSError):
                os.ftruncate(self.fd, 0)
            raise

    def close(self) -> None:
        """Let go of it, and of its lock."""
        os.close(self.fd)


def _set_direct(fd: int, *, direct: bool) -> bool:
    """Ask for direct I/O, or for none; whether there is."""
    flags = fcntl.fcntl(fd, fcntl.F_GETFL)
    try:
        fcntl.fcntl(fd, fcntl.F_SETFL, flags | os.O_DIRECT if direct else flags & ~os.O_DIRECT)
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise
        return False
    return direct


def open_segment(folder: int, name: str, *, durable: bool) -> SegmentFile:
    """Open one that is there.

    Raises:
        FileNotFoundError: it is not.
        OSError: it cannot be opened.
    """
    return _opened(folder, name, _FLAGS, durable=durable)


def create_segment(folder: int, name: str, *, durable: bool) -> SegmentFile:
    """Make one that is not there yet, empty.

    Raises:
        FileExistsError: somebody was faster.
        OSError: it cannot be made.
    """
    return _opened(folder, name, _FLAGS | os.O_CREAT | os.O_EXCL, durable=durable)


def _opened(folder: int, name: str, flags: int, *, durable: bool) -> SegmentFile:
    # A write with O_DSYNC is a write and an fdatasync(2) where there is no direct I/O.
    fd = os.open(name, flags | os.O_DSYNC if durable else flags, _MODE, dir_fd=folder)
    try:
        return SegmentFile(fd, durable=durable)
    except BaseException:
        os.close(fd)
        raise
