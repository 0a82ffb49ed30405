"""On what kind of file system a folder is."""

from pathlib import Path

IN_MEMORY = {"tmpfs", "ramfs"}


def file_system(folder: Path) -> str:
    """The type of the file system that holds a folder, as the kernel calls it."""
    mounts = (line.split() for line in Path("/proc/self/mounts").read_text().splitlines())
    target = folder.resolve()
    found = [(len(words[1]), words[2]) for words in mounts if target.is_relative_to(words[1])]
    return max(found)[1] if found else "unknown"
