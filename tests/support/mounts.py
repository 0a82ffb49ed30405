"""File systems of a test's own."""

import fcntl
import os
import struct
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


SHUTDOWN = 0x8004587D
"""_IOR('X', 125, __u32): EXT4_IOC_SHUTDOWN and XFS_IOC_GOINGDOWN."""
NO_LOG_FLUSH = 2


class PowerCut:
    """A file system that can lose its power: what the kernel has not sent to the device by then is gone."""

    def __init__(self, image: Path, directory: Path, kind: str) -> None:
        self._image = image
        self._kind = kind
        self._devices: list[str] = []
        self.directory = directory

    def mount(self) -> None:
        """With a device of its own each time: the last one lives on as long as a namespace somewhere has it mounted."""
        command = ["losetup", "--find", "--show", str(self._image)]
        device = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
        self._devices.append(device)
        mount("-o", "nouuid" if self._kind == "xfs" else "rw", device, str(self.directory))

    def cut(self) -> None:
        """Let nothing more reach the device. Whoever has files open there may go on, and gets errors."""
        fd = os.open(self.directory, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.ioctl(fd, SHUTDOWN, struct.pack("I", NO_LOG_FLUSH))
        finally:
            os.close(fd)

    def restore(self) -> None:
        """Mount it again, as after a boot; nobody may have files open there."""
        subprocess.run(["umount", str(self.directory)], check=True)
        self.mount()

    def close(self) -> None:
        """Give everything back."""
        subprocess.run(["umount", "--lazy", str(self.directory)], check=False)
        for device in self._devices:
            subprocess.run(["losetup", "--detach", device], check=False)


@contextmanager
def cuttable(directory: Path, kind: str) -> Iterator[PowerCut]:
    """An ext4 or XFS in a file, mounted on a directory that is made."""
    need(f"mkfs.{kind}", "losetup", "mount", "umount")
    image = directory.with_name(f"{directory.name}.img")
    with image.open("wb") as file:
        # XFS takes no less.
        file.truncate(320 << 20)
    directory.mkdir()
    subprocess.run([f"mkfs.{kind}", "-q", str(image)], check=True)
    power = PowerCut(image, directory, kind)
    try:
        try:
            power.mount()
        except subprocess.CalledProcessError:
            pytest.skip("no mounting here")
        yield power
    finally:
        power.close()
