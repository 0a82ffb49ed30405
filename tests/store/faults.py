"""A thin layer of failing system calls under the store: the n-th of a run fails, whichever it is."""

import errno
import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

CALLS = (
    "open", "writev", "write", "pwrite", "pread", "fdatasync", "fsync", "rename", "link", "unlink", "mkdir",
    "fchmod", "fchown", "fstat", "fstatvfs", "stat", "dup", "close",
)  # fmt: skip
AT_CLOSE = "close"


class Fault:
    """Counts the calls and fails one of them."""

    def __init__(self, when: int, number: int) -> None:
        self.when, self.number = when, number
        self.count = 0
        self.failed = ""

    def wrap(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        """The call with the fault in it; close(2) fails as Linux has it: the descriptor is gone all the same."""

        def faulty(*arguments: Any, **options: Any) -> Any:
            self.count += 1
            if self.count != self.when:
                return call(*arguments, **options)
            self.failed = name
            if name == AT_CLOSE:
                call(*arguments, **options)
            raise OSError(self.number, os.strerror(self.number))

        return faulty


@contextmanager
def failing(when: int, number: int = errno.EIO) -> Iterator[Fault]:
    """The system call ``when``, counted from 1, fails with this errno."""
    fault = Fault(when, number)
    with pytest.MonkeyPatch.context() as patch:
        for name in CALLS:
            patch.setattr(os, name, fault.wrap(name, getattr(os, name)))
        patch.setattr(fcntl, "flock", fault.wrap("flock", fcntl.flock))
        yield fault


@contextmanager
def short(most: int) -> Iterator[None]:
    """Every write takes so many bytes at the most."""
    write, writev, pwrite = os.write, os.writev, os.pwrite

    def short_writev(fd: int, pieces: Any) -> int:
        joined = b"".join(bytes(piece) for piece in pieces)
        return write(fd, joined[:most]) if joined else writev(fd, pieces)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "write", lambda fd, data: write(fd, bytes(data)[:most]))
        patch.setattr(os, "writev", short_writev)
        patch.setattr(os, "pwrite", lambda fd, data, offset: pwrite(fd, bytes(data)[:most], offset))
        yield
