"""Where receivers store: in memory, on the disk at hand, or on a journaled file system of a run's own."""

import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.running import Setting

IN_MEMORY = {"tmpfs", "ramfs"}
IMAGE_SIZE = 24 << 30
"""Bytes of the journaled file system, of which the image takes what is written: nothing is deleted before the end,
because fresh deletions make file creation slower, for all receivers."""


@dataclass(frozen=True, slots=True)
class Places:
    """Folders for what receivers store."""

    memory: Path
    disk: Path
    journaled: Path | None
    """ext4 in an image on the disk, with direct I/O: a sync reaches the image; ``None`` where nobody may mount one."""

    def of(self, setting: Setting) -> Path:
        """The folder for a setting that can be measured here."""
        if setting is Setting.JOURNALED:
            if self.journaled is None:
                raise RuntimeError("there is no journaled file system")
            return self.journaled
        return self.disk if setting.on_disk else self.memory


def file_system(folder: Path) -> str:
    """The type of the file system that holds a folder, as the kernel calls it."""
    mounts = (line.split() for line in Path("/proc/self/mounts").read_text().splitlines())
    target = folder.resolve()
    found = [(len(words[1]), words[2]) for words in mounts if target.is_relative_to(words[1])]
    return max(found)[1] if found else "unknown"


@contextmanager
def folders(disk: Path, *, journaled: bool) -> Iterator[Places]:
    """One in memory and one on a disk, and an ext4 of our own where it is wanted; gone afterwards."""
    shared = "/dev/shm" if Path("/dev/shm").is_dir() else None
    with ExitStack() as stack:
        memory, on_disk = (
            Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="storescpd-bench-", dir=place)))
            for place in (shared, disk)
        )
        mounted = stack.enter_context(_ext4(on_disk)) if journaled else None
        yield Places(memory, on_disk, mounted)


def may_mount() -> bool:
    """Whether a file system of our own can be mounted: the tools are there, and we are root."""
    return os.geteuid() == 0 and all(Path(f"/usr/sbin/{tool}").exists() for tool in ("mkfs.ext4", "losetup"))


@contextmanager
def _ext4(folder: Path) -> Iterator[Path]:
    image, target = folder / "ext4.img", folder / "ext4"
    with image.open("wb") as file:
        file.truncate(IMAGE_SIZE)
    target.mkdir()
    # All of it is made now: inode tables that are filled in later would be written beside the first runs.
    options = ("-E", "lazy_itable_init=0,lazy_journal_init=0")
    subprocess.run(["mkfs.ext4", "-q", *options, str(image)], check=True)
    words = ["losetup", "--find", "--show", "--direct-io=on", str(image)]
    device = subprocess.run(words, check=True, capture_output=True, text=True).stdout.strip()
    try:
        subprocess.run(["mount", device, str(target)], check=True)
        try:
            yield target
        finally:
            subprocess.run(["umount", "--lazy", str(target)], check=True)
    finally:
        subprocess.run(["losetup", "--detach", device], check=True)
