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


@contextmanager
def read_only(directory: Path) -> Iterator[None]:
    """Meanwhile nothing below it can be opened for writing, made or removed; what is open already can be written."""
    try:
        mount("--bind", str(directory), str(directory))
    except subprocess.CalledProcessError:
        pytest.skip("no mounting here")
    try:
        mount("-o", "remount,bind,ro", str(directory))
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(directory)], check=True)


@contextmanager
def freezable(directory: Path) -> Iterator[Path]:
    """A small ext4 in a file, mounted on a directory that is made; see `frozen`."""
    need("mkfs.ext4", "fsfreeze", "mount", "umount")
    image = directory.with_name(f"{directory.name}.img")
    with image.open("wb") as file:
        file.truncate(64 << 20)
    directory.mkdir()
    subprocess.run(["mkfs.ext4", "-q", str(image)], check=True)
    try:
        mount("-o", "loop", str(image), str(directory))
    except subprocess.CalledProcessError:
        pytest.skip("no mounting here")
    try:
        yield directory
    finally:
        subprocess.run(["umount", "--lazy", str(directory)], check=True)


@contextmanager
def frozen(directory: Path) -> Iterator[None]:
    """Meanwhile whoever writes there waits in the kernel, as for a disk that does not answer."""
    subprocess.run(["fsfreeze", "--freeze", str(directory)], check=True)
    try:
        yield
    finally:
        subprocess.run(["fsfreeze", "--unfreeze", str(directory)], check=True)
