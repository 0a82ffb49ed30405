"""What a receiver left on disk, taken apart so that two receivers can be compared."""

import os
from dataclasses import dataclass
from pathlib import Path

from tests.support.objects import elements

OURS = {0x0002_0000, 0x0002_0012, 0x0002_0013}
"""The implementation's class and name, and the group length, which follows from them."""


@dataclass(frozen=True, slots=True)
class Stored:
    """One stored file."""

    preamble: bytes
    header: tuple[tuple[int, bytes], ...]
    """The meta header in the order of the file, without what names the implementation."""
    length: bool
    """Whether the group length is right."""
    data: bytes


def dissect(path: Path) -> Stored:
    """Take a file apart."""
    content = path.read_bytes()
    if content[128:132] != b"DICM":
        raise AssertionError(f"{path} has no DICM prefix")
    header, end, length = [], 132, b""
    for tag, value, after in elements(content, 132):
        if tag >> 16 != 2:
            break
        if tag == 0x0002_0000:
            length = value
        if tag not in OURS:
            header.append((tag, value))
        end = after
    right = int.from_bytes(length, "little") == end - 144
    return Stored(content[:132], tuple(header), right, content[end:])


def stored(directory: Path) -> dict[str, Stored]:
    """Every file below a directory by its name there, without the daemon's own folder."""
    found = {}
    for folder, subfolders, names in os.walk(directory):
        if Path(folder) == directory and ".storescpd" in subfolders:
            subfolders.remove(".storescpd")
        for name in names:
            path = Path(folder) / name
            found[str(path.relative_to(directory))] = dissect(path)
    return found


def clear(directory: Path) -> None:
    """Remove every stored file."""
    for name in stored(directory):
        (directory / name).unlink()
