"""[storage]: where objects go, and how safely."""

from typing import Literal

from storescpd.config.addresses import ObjectStore
from storescpd.config.quantities import DirectoryMode, FileMode, Size
from storescpd.config.section import Section, setting
from storescpd.config.texts import InsidePath, RequiredPath, Text


class Storage(Section):
    """Where objects go. A success status is sent only when an object is there as ``durability`` says."""

    directory: RequiredPath = setting(".", "existing directory, writable", option="-od")
    bit_preserving: bool = setting(
        default=False, text="store the bytes as received; [encoding] has no say", option="+B, -B"
    )
    format: Literal["file", "dataset"] = setting(
        "file", "file: DICOM files with meta header; dataset: the bare data set", option="+F, -F"
    )
    durability: Literal["none", "file", "full"] = setting(
        "full", "synced before the success status: nothing, the file, or the file and its directory"
    )
    on_duplicate: Literal["overwrite", "keep", "reject", "rename"] = setting(
        "overwrite",
        "the file exists: overwrite; keep: the old, a different new one as NAME+1; reject: C100; rename: NAME+1, +2",
    )
    min_free: Size = setting(
        2**30,
        "with less free space, or 1 % of the inodes, objects are refused (A700), large ones on the way",
        unit="bytes",
        shown='"1 GiB"',
    )
    required_file: InsidePath = setting(
        "", "must exist inside directory, else A700: tells a mounted spool from an empty mount point"
    )
    max_object_size: Size = setting(
        0, "objects larger than this, as received or as written, are refused (A700); 0: no limit", unit="bytes"
    )
    max_inflation: int = setting(
        0,
        "deflated objects that become more than so many times as large are refused (A700); 0: no limit; a segmentation"
        " may become a thousand times as large",
        ge=0,
    )
    on_unreadable: Literal["refuse", "abort"] = setting(
        "refuse", "a data set cannot be read: refuse it (C000) and go on; or abort the association"
    )
    file_mode: FileMode = setting(0o640, "of stored files, set exactly", unit="octal", shown='"0640"')
    directory_mode: DirectoryMode = setting(
        0o750, "of directories made for studies; may carry setgid", unit="octal", shown='"0750"'
    )
    group: Text = setting("", "of files and directories; empty: the process's own")
    url: ObjectStore = setting("", 'object store instead of a directory, such as "s3://bucket/prefix"')
