"""Which file system a directory is on."""

import os
import re
from pathlib import Path

_NETWORK = frozenset(
    {
        "9p", "afs", "beegfs", "ceph", "cifs", "coda", "davfs", "gfs2", "glusterfs", "gpfs", "lustre", "ncpfs", "nfs",
        "nfs4", "ocfs2", "orangefs", "smb3", "smbfs",
    }
)  # fmt: skip
_NETWORK_FUSE = ("fuse.glusterfs", "fuse.sshfs", "fuse.davfs", "fuse.s3fs", "fuse.rclone", "fuse.ceph", "fuse.mfs")
_ESCAPED = re.compile(r"\\([0-7]{3})")


def is_network(kind: str) -> bool:
    """Whether other hosts share it."""
    return kind in _NETWORK or kind.startswith(_NETWORK_FUSE)


def file_system(path: str, mountinfo: Path = Path("/proc/self/mountinfo")) -> str | None:
    """The kind of file system that a path is on (proc_pid_mountinfo(5)); ``None`` where that cannot be found out."""
    try:
        lines = mountinfo.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError:
        return None
    real = os.path.realpath(path)
    found: tuple[int, str | None] = (-1, None)
    for line in lines:
        fields = line.split(" ")
        point = _ESCAPED.sub(lambda match: chr(int(match[1], 8)), fields[4])
        kind = fields[fields.index("-", 6) + 1]
        # Of mounts at the same point the last covers the others.
        if len(point) >= found[0] and _holds(point, real):
            found = (len(point), kind)
    return found[1]


def _holds(point: str, path: str) -> bool:
    return point in {"/", path} or path.startswith(f"{point}/")
