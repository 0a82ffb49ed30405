"""What inotify(7) tells of a directory."""

import ctypes
import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

MASKS = {0x2: "MODIFY", 0x8: "CLOSE_WRITE", 0x40: "MOVED_FROM", 0x80: "MOVED_TO", 0x100: "CREATE", 0x200: "DELETE"}
OF_SCRIPTS = ("CLOSE_WRITE", "MOVED_TO", "CREATE")
"""What scripts wait for."""
_HEAD = struct.Struct("iIII")
_LIBC = ctypes.CDLL(None, use_errno=True)


class Watch:
    """Events of one directory, in their order."""

    def __init__(self, fd: int) -> None:
        self._fd = fd

    def told(self, *kinds: str) -> list[tuple[str, str]]:
        """What has happened since the last call: kind and name; all kinds, or these."""
        data = b""
        try:
            while piece := os.read(self._fd, 1 << 16):
                data += piece
        except BlockingIOError:
            pass
        found, offset = [], 0
        while offset < len(data):
            _, mask, _, length = _HEAD.unpack_from(data, offset)
            name = data[offset + _HEAD.size : offset + _HEAD.size + length].rstrip(b"\0").decode()
            offset += _HEAD.size + length
            found += [(kind, name) for bit, kind in MASKS.items() if mask & bit and (not kinds or kind in kinds)]
        return found


@contextmanager
def watching(directory: Path) -> Iterator[Watch]:
    """Watch a directory."""
    fd = _LIBC.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        if _LIBC.inotify_add_watch(fd, os.fsencode(directory), sum(MASKS)) < 0:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), str(directory))
        yield Watch(fd)
    finally:
        os.close(fd)
