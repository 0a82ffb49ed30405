"""Storage directories: there, writable, with room, and the ones that are meant."""

import errno
import os
import re
import shlex
import stat
from collections.abc import Iterator

from storescpd.config.environment import Environment
from storescpd.config.problems import Finding, KeyPath
from storescpd.config.root import Config
from storescpd.config.storage import Storage
from storescpd.config.world.accounts import me, served_as

INODES_KEPT = 100
"""One in so many inodes must be free."""
_OWN_DIRECTORIES = (".storescpd", ".storescpd/incoming")
"""Made by the daemon; perhaps by another user, who tried it out."""


def findings(config: Config, environment: Environment) -> Iterator[Finding]:
    """About the directory of [storage], and those of peers with a storage of their own."""
    yield from _storage_findings(("storage",), config, environment)
    for index, peer in enumerate(config.peers):
        if peer.accept and peer.storage.model_fields_set & {"directory", "min_free", "required_file", "url"}:
            table: KeyPath = ("peers", index, "storage")
            yield from _storage_findings(table, config.for_peer(index), environment)


def _storage_findings(table: KeyPath, config: Config, environment: Environment) -> Iterator[Finding]:
    storage = config.storage
    if storage.url:
        return
    key, user = (*table, "directory"), served_as(config)
    found = usable(key, storage.directory, environment, user)
    if found is not None:
        yield found
        return
    for own in _OWN_DIRECTORIES:
        path = os.path.join(storage.directory, own)
        wrong = usable(key, path, environment, user) if os.path.lexists(path) else None
        if wrong is not None:
            yield wrong
    if storage.required_file and not os.path.exists(os.path.join(storage.directory, storage.required_file)):
        message = f'there is no "{storage.required_file}" in {storage.directory}: objects would be refused'
        yield Finding((*table, "required_file"), message, "mount the spool, or create the file in it", (key,))
    yield from _room((*table, "min_free"), storage)


def usable(key: KeyPath, path: str, environment: Environment, user: str) -> Finding | None:
    """What keeps this user from working in a directory; ``user`` is whom the daemon runs as."""
    try:
        if not stat.S_ISDIR(os.stat(path).st_mode):
            return Finding(key, f"{path} is not a directory", "name a directory")
        _try_to_write(path)
    except OSError as error:
        return Finding(key, *_told(error, path, environment, user))
    return None


def _try_to_write(path: str) -> None:
    """Make a file without a name, which leaves no trace; raises OSError."""
    try:
        os.close(os.open(path, os.O_TMPFILE | os.O_RDWR | os.O_CLOEXEC, 0o600))
    except OSError as error:
        if error.errno not in {errno.EOPNOTSUPP, errno.EISDIR, errno.EINVAL}:
            raise
        _ask_to_write(path)
    if not os.access(path, os.R_OK, effective_ids=True):
        raise OSError(errno.EACCES, os.strerror(errno.EACCES), path)


def _ask_to_write(path: str) -> None:
    """For file systems without O_TMPFILE."""
    if os.statvfs(path).f_flag & os.ST_RDONLY:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS), path)
    if not os.access(path, os.W_OK | os.X_OK, effective_ids=True):
        raise OSError(errno.EACCES, os.strerror(errno.EACCES), path)


def _told(error: OSError, path: str, environment: Environment, user: str) -> tuple[str, str]:
    """What is wrong and what to do."""
    if error.errno == errno.ENOENT and (odd := _odd(path)) is not None:
        return odd
    quoted = shlex.quote(path)
    unit = f"ReadWritePaths={os.path.abspath(path)} in the unit (systemctl edit storescpd)"
    where = "put" if environment.service else "mount it writable; if only the service sees it so, put"
    known = {
        errno.ENOENT: (f"there is no directory {path}", f"create it: install -d -o {user} {quoted}"),
        errno.EROFS: (f"{path} is on a read-only file system", f"{where} {unit}"),
        errno.EACCES: (
            f"{me()} cannot read and write in {path}",
            f"give it to the daemon's user: chown {user} {quoted}",
        ),
        errno.ENOSPC: (f"the file system of {path} is full", "make room, or name another directory"),
        errno.EDQUOT: (f"the disk quota for {path} is used up", "make room, or raise the quota"),
    }
    default = (f"{path} cannot be used: {error.strerror}", "name a directory that can be written")
    return known.get(error.errno or 0, default)


def _odd(path: str) -> tuple[str, str] | None:
    """What is odd about a path that nothing is at, and what to do."""
    whole = 'write a path of this machine, such as "/srv/dicom"'
    if re.match(r"[A-Za-z]:[\\/]|\\\\", path):
        return f"{path} is a path of Windows", whole
    if "://" in path:
        return f"{path} is a URL, not a directory", whole
    if "$" in path or "%" in path:
        return f"there is no directory {path}", "variables are not replaced here: write the whole path"
    if path != path.strip() or not path.isprintable():
        return f"there is no directory {path!r}", "remove the blanks around it"
    return None


def _room(key: KeyPath, storage: Storage) -> Iterator[Finding]:
    """Too little room is no reason not to start: it refuses for a while, and goes on when there is room."""
    system = os.statvfs(storage.directory)
    free = system.f_bavail * system.f_frsize
    concerns = ((*key[:-1], "directory"),)
    whole = system.f_blocks * system.f_frsize
    # Some file systems say 0 of themselves.
    if 0 < whole < storage.min_free:
        message = f"is more than the whole file system of {storage.directory} has, {whole // 2**20} MiB"
        yield Finding(key, f"{message}: every object would be refused", "set a lower min_free", concerns)
    elif free < storage.min_free:
        message = f"only {free // 2**20} MiB are free in {storage.directory}: objects would be refused"
        yield Finding(key, message, "make room, or set a lower min_free", concerns, note=True)
    if system.f_files and system.f_favail < system.f_files // INODES_KEPT:
        message = f"less than 1 % of the inodes are free in {storage.directory}: objects would be refused"
        yield Finding(key, message, "remove files", concerns, note=True)
