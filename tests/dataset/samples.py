"""Real data sets: pydicom's own test files, and the corpus beside the repository where it is there."""

import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pydicom.data

from storescpd.data.transfer_syntaxes import TRANSFER_SYNTAXES

REPOSITORY = Path(__file__).resolve().parents[2]
LARGEST = 3_000_000
_LONG = (b"OB", b"UN")


@dataclass(frozen=True, slots=True)
class Sample:
    """A data set and the transfer syntax that its file names."""

    name: str
    syntax: str
    data: bytes


def bundled() -> list[Sample]:
    """pydicom's test files."""
    root = Path(pydicom.data.__file__).parent
    return list(_read(path for folder in ("test_files", "charset_files") for path in (root / folder).rglob("*")))


def corpus() -> list[Sample]:
    """The files of the corpus; none where it is not there."""
    return list(_read(path for path in _corpus_folder().rglob("*") if path.name != "index.tsv"))


def _corpus_folder() -> Path:
    """Named by the environment, or ``../shared/corpus`` beside the main checkout or one of its work trees."""
    named = os.environ.get("STORESCPD_CORPUS")
    beside = [named] if named else [REPOSITORY / "../shared/corpus", REPOSITORY / "../../shared/corpus"]
    return next((Path(place) for place in beside if Path(place).is_dir()), Path(beside[0]))


def _read(paths: Iterator[Path]) -> Iterator[Sample]:
    for path in sorted(paths):
        if path.is_file() and path.stat().st_size <= LARGEST:
            content = path.read_bytes()
            if content[128:132] == b"DICM":
                syntax, start = _meta(content)
                if syntax in TRANSFER_SYNTAXES:
                    yield Sample(path.name, syntax, content[start:])


def _meta(content: bytes) -> tuple[str, int]:
    """Transfer syntax of a file, and where its data set starts."""
    syntax, at = "", 132
    while content[at : at + 2] == b"\2\0" and len(content) >= at + 12:
        if content[at + 4 : at + 6] in _LONG:
            head, length = 12, struct.unpack_from("<I", content, at + 8)[0]
        else:
            head, length = 8, struct.unpack_from("<H", content, at + 6)[0]
        if content[at + 2 : at + 4] == b"\x10\0":
            syntax = content[at + head : at + head + length].rstrip(b"\0 ").decode("latin-1")
        at += head + length
    return syntax, at
