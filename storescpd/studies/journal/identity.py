"""Which file a descriptor stands for, also after its inode number has been given to another one (statx(2))."""

import ctypes
import os
import struct
from typing import Final

from storescpd.studies.journal.entries import FileIdentity

_AT_EMPTY_PATH: Final = 0x1000
_STATX_INO: Final = 0x100
_STATX_BTIME: Final = 0x800
_SIZE: Final = 256
"""Bytes of struct statx."""
_MASK: Final = struct.Struct("I")
_INODE: Final = struct.Struct("32xQ")
_BORN: Final = struct.Struct("80xqI")
_DEVICE: Final = struct.Struct("136xII")
_NANOSECONDS: Final = 1_000_000_000
_libc: Final = ctypes.CDLL(None, use_errno=True)


def identify(fd: int) -> FileIdentity:
    """The identity of an open file.

    Raises:
        OSError: the kernel does not say.
    """
    buffer = ctypes.create_string_buffer(_SIZE)
    if _libc.statx(fd, b"", _AT_EMPTY_PATH, _STATX_INO | _STATX_BTIME, buffer):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    data = buffer.raw
    (mask,) = _MASK.unpack_from(data)
    (inode,) = _INODE.unpack_from(data)
    seconds, nanoseconds = _BORN.unpack_from(data)
    major, minor = _DEVICE.unpack_from(data)
    born = seconds * _NANOSECONDS + nanoseconds if mask & _STATX_BTIME else 0
    return FileIdentity(os.makedev(major, minor), inode, born)
