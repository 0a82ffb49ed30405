"""Files that are only in memory: ``ssl`` reads keys and revocation lists from paths, and no key must get on a disk."""

import os
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def in_memory(content: bytes) -> Iterator[str]:
    """A path under which this process, and no other user, can read the content."""
    descriptor = os.memfd_create("storescpd", os.MFD_CLOEXEC)
    try:
        with open(descriptor, "wb", closefd=False) as file:
            file.write(content)
        yield f"/proc/self/fd/{descriptor}"
    finally:
        os.close(descriptor)
