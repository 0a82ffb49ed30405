"""File systems of a test's own."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.tools import need


def mount(*arguments: str) -> None:
    """mount(8)."""
    subprocess.run(["mount", *arguments], check=True)


@contextmanager
def tmpfs(directory: Path, options: str) -> Iterator[Path]:
    """A file system in memory, mounted on a directory that is made."""
    need("mount", "umount")
    directory.mkdir()
    try:
        mount("-t", "tmpfs", "-o", options, "tmpfs", str(directory))
    except subprocess.CalledProcessError:
        pytest.skip("no mounting here")
    try:
        yield directory
    finally:
        subprocess.run(["umount", "--lazy", str(directory)], check=True)
