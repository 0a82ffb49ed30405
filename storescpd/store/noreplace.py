"""renameat2(2) with RENAME_NOREPLACE, which Python does not have: one step, over no other file."""

import ctypes
import errno
import os

_NOREPLACE = 1
_LIBC = ctypes.CDLL(None, use_errno=True)


def rename_exclusively(source: int, old: str, target: int, new: str) -> None:
    """Rename from below one directory descriptor to below another, unless the new name is taken.

    Raises:
        FileExistsError: it is taken.
        OSError: it failed; EINVAL or ENOSYS where the file system or the C library cannot do it.
    """
    try:
        renameat2 = _LIBC.renameat2
    except AttributeError:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS)) from None
    if renameat2(source, os.fsencode(old), target, os.fsencode(new), _NOREPLACE):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), new)
