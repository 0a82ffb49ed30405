"""Whether two files hold the same object, whoever sent it: the same data set in the same transfer syntax."""

import os
import stat
from typing import Final

from storescpd.store.meta import data_set_offset, transfer_syntax

_COMPARE: Final = 1 << 20
"""Bytes compared at a time."""
_HEAD: Final = 1 << 18
"""Bytes that hold any file meta information we write, where two UIDs may have 64 KiB, and a fair amount of others'."""
# A name may be taken by anything: opening a FIFO must not wait for its writer.
_FLAGS: Final = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK


def same_content(first: int, directory: int, second: str, *, bare: bool) -> bool:
    """Compare an open file with one below a directory descriptor; what cannot be read differs.

    ``bare``: files are data sets and nothing else, and compared as a whole. What a peer sent may look like file meta
    information, and would say of itself where it begins.
    """
    try:
        return _compare(first, directory, second, bare=bare)
    except OSError:
        return False


def _compare(first: int, directory: int, second: str, *, bare: bool) -> bool:
    second_fd = os.open(second, _FLAGS, dir_fd=directory)
    try:
        return stat.S_ISREG(os.fstat(second_fd).st_mode) and _same_object(first, second_fd, bare=bare)
    finally:
        os.close(second_fd)


def _same_object(first: int, second: int, *, bare: bool) -> bool:
    heads = [b"", b""] if bare else [_read(fd, _HEAD, 0) for fd in (first, second)]
    starts = [data_set_offset(head) for head in heads]
    sizes = [os.fstat(fd).st_size - start for fd, start in zip((first, second), starts, strict=True)]
    # Meta information that goes beyond its file is none, and then nobody knows what the file is.
    if sizes[0] != sizes[1] or sizes[0] < 0 or transfer_syntax(heads[0]) != transfer_syntax(heads[1]):
        return False
    return all(
        _read(first, _COMPARE, starts[0] + offset) == _read(second, _COMPARE, starts[1] + offset)
        for offset in range(0, sizes[0], _COMPARE)
    )


def _read(fd: int, count: int, offset: int) -> bytes:
    """Read until there are so many bytes or the file ends: some file systems give fewer at a time."""
    data = os.pread(fd, count, offset)
    while len(data) < count and (more := os.pread(fd, count - len(data), offset + len(data))):
        data += more
    return data
