"""What a receiver left on disk, taken apart so that two receivers can be compared."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from tests.support.objects import elements

INSTANCE = 0x0002_0003
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
    return dict(sorted(found.items()))


def without_made_uids(files: Mapping[str, Stored]) -> dict[str, Stored]:
    """The files without the instance UIDs that a receiver has made itself, for data sets that have none."""
    return {name: _without_made_uid(file) for name, file in files.items()}


def _without_made_uid(file: Stored) -> Stored:
    made = dict(file.header).get(INSTANCE, b"").rstrip(b"\0") not in file.data
    return replace(file, header=tuple(pair for pair in file.header if not (made and pair[0] == INSTANCE)))


def clear(directory: Path) -> None:
    """Remove every stored file."""
    for name in stored(directory):
        (directory / name).unlink()
