"""The ledger's file: where it may lie, who may use it, and how it is written.

One connection writes, the keeper's. What all workers report between two commits becomes durable with one of them.
"""

import contextlib
import ctypes
import errno
import fcntl
import os
import sqlite3
from collections.abc import Iterator
from urllib.parse import quote

from storescpd.studies.errors import LedgerError, LockedError
from storescpd.studies.schema import migrate
from storescpd.studies.soundness import look_for_damage

_MODE = 0o600
_HOOKS_MODE = 0o700
_BUSY = 5000
"""Milliseconds that a commit waits for a reader that holds the file, such as a backup."""
_NETWORK = {
    0x6969: "NFS", 0x517B: "SMB", 0xFF534D42: "CIFS", 0xFE534D42: "SMB2", 0x5346414F: "AFS", 0x6B414653: "AFS",
    0x00C36400: "Ceph", 0x73757245: "Coda", 0x564C: "NCP", 0x01021997: "9P", 0x0BD00BD0: "Lustre", 0x01161970: "GFS2",
    0x7461636F: "OCFS2", 0x47504653: "GPFS", 0x19830326: "BeeGFS",
}  # fmt: skip
"""f_type of statfs(2). Write-ahead logs need memory that all users of the file share, which hosts do not."""
_STATFS = 256
"""Bytes, more than any struct statfs has."""


def file_system_type(path: str) -> int:
    """f_type of the file system that a path is on (statfs(2)).

    Raises:
        OSError: the path does not exist or cannot be looked at.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    buffer = ctypes.create_string_buffer(_STATFS)
    if libc.statfs(os.fsencode(path), buffer):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), path)
    return ctypes.c_ulong.from_buffer(buffer).value & 0xFFFFFFFF


def on_network(folder: str) -> str:
    """The network file system that a folder is on; empty: none. Raises OSError."""
    return _NETWORK.get(file_system_type(folder), "")


def socket_path(path: str) -> str:
    """Where the keeper of a ledger listens."""
    return f"{path}.keeper"


def hooks_path(path: str) -> str:
    """The directory where hooks leave their exit statuses."""
    return f"{path}.hooks"


def identity(path: str) -> tuple[int, int] | None:
    """Which file has a path now; ``None``: none that can be reached."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino


def inspect(path: str) -> None:
    """Whether a ledger can lie there, and whether this version can read the one that does.

    Raises:
        LedgerError: not.
    """
    folder = os.path.dirname(path) or "."
    try:
        kind = on_network(folder)
    except OSError as error:
        raise LedgerError(f"cannot keep a ledger in {folder}: {error.strerror or error}") from error
    if kind:
        raise LedgerError(f"{folder} is on {kind}: studies.ledger must name a file on a local file system")
    look_for_damage(path)


def open_for_reading(path: str) -> sqlite3.Connection:
    """A connection that changes nothing; the keeper may go on writing meanwhile.

    Raises:
        sqlite3.Error: it cannot be opened.
    """
    return sqlite3.connect(f"file:{quote(path)}?mode=ro", uri=True, timeout=_BUSY / 1000)


@contextlib.contextmanager
def _translated(path: str) -> Iterator[None]:
    """Errors of the database as LedgerError."""
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        raise LedgerError(f"cannot use the ledger {path}: {error}") from error


class Ledger:
    """The one writing connection."""

    def __init__(self, path: str, lock: int, *, synchronous: bool) -> None:
        """Take over a lock, see ``lock``; it is freed when this fails.

        Raises:
            LedgerError: the file cannot be used.
        """
        self.path = path
        self._lock = lock
        self._synchronous = synchronous
        try:
            with _translated(path):
                os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, _MODE))
                os.makedirs(hooks_path(path), _HOOKS_MODE, exist_ok=True)
                self.database = _connected(path, synchronous=synchronous)
        except BaseException:
            os.close(lock)
            raise

    def begin(self) -> sqlite3.Connection:
        """The connection, inside a transaction."""
        if not self.database.in_transaction:
            self.database.execute("BEGIN IMMEDIATE")
        return self.database

    def commit(self) -> None:
        """Make all of the transaction durable; without one nothing happens.

        Raises:
            sqlite3.Error: nothing of it is.
        """
        if self.database.in_transaction:
            self.database.execute("COMMIT")

    def rollback(self) -> None:
        """Forget the transaction."""
        if self.database.in_transaction:
            self.database.execute("ROLLBACK")

    def reopen(self) -> None:
        """Begin anew with what the file says, after a commit that it has not taken.

        Raises:
            sqlite3.Error: it cannot be opened.
            OSError: its directory cannot be synced.
        """
        fresh = _connected(self.path, synchronous=self._synchronous)
        self.database.close()
        self.database = fresh

    def close(self) -> None:
        """Let go of the file and its lock."""
        with contextlib.suppress(sqlite3.Error):
            self.rollback()
        self.database.close()
        os.close(self._lock)


def _connected(path: str, *, synchronous: bool) -> sqlite3.Connection:
    database = sqlite3.connect(path, isolation_level=None, timeout=_BUSY / 1000)
    _prepare(database, path, synchronous=synchronous)
    return database


def _prepare(database: sqlite3.Connection, path: str, *, synchronous: bool) -> None:
    try:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute(f"PRAGMA synchronous = {'FULL' if synchronous else 'OFF'}")
        database.execute("PRAGMA foreign_keys = ON")
        migrate(database, path)
    except BaseException:
        database.close()
        raise
    if synchronous:
        _sync_folder(path)


def lock(path: str) -> int:
    """Take the lock of a ledger; returns the descriptor that holds it.

    The lock is a file of its own: closing any descriptor of the database would free the locks that SQLite holds.

    Raises:
        LockedError: another daemon has it.
        LedgerError: there cannot be one.
    """
    with _translated(path):
        fd = os.open(f"{path}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, _MODE)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(fd)
        if error.errno in {errno.EWOULDBLOCK, errno.EAGAIN}:
            raise LockedError(f"another storescpd uses the ledger {path}; give each its own studies.ledger") from error
        raise LedgerError(f"cannot lock the ledger {path}: {error.strerror or error}") from error
    return fd


def _sync_folder(path: str) -> None:
    fd = os.open(os.path.dirname(path) or ".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
