"""How and where objects are stored: the settings of ``[storage]`` as plain values."""

from dataclasses import dataclass
from enum import StrEnum


class Durability(StrEnum):
    """What is on the medium before success is answered."""

    NONE = "none"
    FILE = "file"
    FULL = "full"


class OnDuplicate(StrEnum):
    """What happens when the name is taken."""

    OVERWRITE = "overwrite"
    KEEP = "keep"
    REJECT = "reject"
    RENAME = "rename"


@dataclass(frozen=True, slots=True)
class StorageSettings:
    """One storage directory and its rules."""

    directory: str
    durability: Durability = Durability.FULL
    on_duplicate: OnDuplicate = OnDuplicate.OVERWRITE
    min_free: int = 0
    """Bytes; below it nothing is written. 0 switches the guard off, the one for inodes too."""
    required_file: str = ""
    file_mode: int = 0o640
    directory_mode: int = 0o750
    group: int | None = None
    """Group id of files and directories; ``None`` leaves it to the system."""
    extension: str = ""
    """Ends every name; a number that makes a name unique stands before it."""
    bare_data_set: bool = False
    """Files are data sets without file meta information."""
    aside: tuple[str, ...] | None = None
    """Directories to make unfinished objects in, where nothing but objects may be in this one (see ``unseen``).

    ``None``: our own folder in it.
    """
