"""The random seed file of storescp (storescp facts 8.1): fed to OpenSSL at the start, written after each association.

The kernel seeds OpenSSL well without it; it is here for those whose procedures want it.
"""

import os
import ssl
import threading

SEED_SIZE = 1024
"""Bytes that are written, as storescp does."""


def read_seed(path: str) -> None:
    """Feed a file to OpenSSL; one that cannot be read is left out, as storescp does."""
    try:
        with open(path, "rb") as file:
            content = file.read(SEED_SIZE)
    except OSError:
        return
    # No entropy is credited: the file may be anything.
    ssl.RAND_add(content, 0.0)


def write_seed(path: str) -> None:
    """Replace the file, whole or not at all, whoever else does so now; raises OSError."""
    temporary = f"{path}.{os.getpid()}.{threading.get_native_id()}"
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        try:
            os.write(descriptor, ssl.RAND_bytes(SEED_SIZE))
        finally:
            os.close(descriptor)
        os.replace(temporary, path)
    except OSError:
        os.unlink(temporary)
        raise
