"""The directory of journals: which segments there are, who takes one, and when it can be used again.

    000, 001, ...: free -> used (a worker writes, and holds the lock) -> used (nobody writes) -> free (the keeper)

A segment has one name for good, so that names say how many there are, for all workers together. A lock says that
somebody writes: the kernel frees it when he dies, whatever killed him.
"""

import os
import re
import secrets
import time
from pathlib import Path
from typing import Final, NamedTuple

from storescpd.studies.journal import headers
from storescpd.studies.journal.blocks import FIRST, LAST
from storescpd.studies.journal.errors import DamagedError, JournalError, NewerError
from storescpd.studies.journal.files import SegmentFile, create_segment, open_segment
from storescpd.studies.journal.headers import Header, State

MOST_SEGMENTS: Final = 256
"""All workers together: 256 MiB, 65,000 objects that come one by one while the ledger is away, and many more that come
together."""
_NAME: Final = re.compile(r"\d{3}")
_BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")


class Owner(NamedTuple):
    """The process that writes a journal."""

    worker: int
    boot: bytes
    ledger: bytes
    durable: bool
    """Its records must survive a power failure; else a death of the process alone."""
    most: int = MOST_SEGMENTS
    """Segments that there may be, of all workers together."""


def new_owner(ledger: bytes, *, durable: bool) -> Owner:
    """Of the process that calls; ``ledger``: the 16 bytes that name the ledger its records are for."""
    boot = bytes.fromhex(_BOOT_ID.read_text(encoding="ascii").strip().replace("-", ""))
    return Owner(secrets.randbits(63), boot, ledger, durable)


def names(folder: int) -> list[str]:
    """The segments of a directory."""
    return sorted(name for name in os.listdir(folder) if _NAME.fullmatch(name))


class Segment:
    """One that this process writes."""

    def __init__(self, name: str, file: SegmentFile, header: Header) -> None:
        self.name = name
        self.file = file
        self.header = header
        self.position = FIRST
        """Number of the block that is written next."""

    @property
    def room(self) -> int:
        """Blocks that can be written."""
        return LAST - self.position

    def close(self) -> None:
        """Nothing more is written: the keeper may take it."""
        self.file.close()


def claim(folder: int, owner: Owner, number: int) -> Segment:
    """A segment for this process: a free one, or a new one.

    Raises:
        JournalError: there are as many as there may be, and none is free.
        OSError: the file system refuses.
    """
    known = names(folder)
    for name in known:
        segment = _claim(folder, name, owner, number)
        if segment is not None:
            return segment
    for index in range(owner.most):
        name = f"{index:03}"
        if name not in known:
            segment = _make(folder, name, owner, number)
            if segment is not None:
                return segment
    raise JournalError(f"the journals are full ({owner.most} MiB): the keeper takes nothing out of them")


def _claim(folder: int, name: str, owner: Owner, number: int) -> Segment | None:
    try:
        file = open_segment(folder, name, durable=owner.durable)
    except FileNotFoundError:
        return None
    segment: Segment | None = None
    try:
        # A look before the lock: the keeper takes a lock for a sign of life.
        if _is_free(file) and file.lock() and _is_free(file):
            segment = _begin(folder, name, file, owner, number)
    finally:
        if segment is None:
            file.close()
    return segment


def _is_free(file: SegmentFile) -> bool:
    """Whether it can be used: free, or not even prepared."""
    if not file.is_prepared():
        return True
    first, copy = file.read(0, 1), file.read(LAST, 1)
    try:
        header = headers.in_force(first, copy)
    except NewerError:
        return False
    return not any(first) if header is None else header.state is State.FREE


def _is_used(copy: bytes) -> bool:
    """Whether a use had begun when the power failed, by the copy of its header."""
    try:
        header = headers.decode(copy, LAST)
    except NewerError:
        return True
    return header is not None and header.state is State.USED


def _make(folder: int, name: str, owner: Owner, number: int) -> Segment | None:
    try:
        file = create_segment(folder, name, durable=owner.durable)
    except FileExistsError:
        return None
    try:
        # Another worker may have found it meanwhile.
        segment = _begin(folder, name, file, owner, number) if file.lock() and _is_free(file) else None
    except BaseException:
        file.close()
        raise
    if segment is None:
        file.close()
    return segment


def _begin(folder: int, name: str, file: SegmentFile, owner: Owner, number: int) -> Segment:
    """A use of a segment begins, once its header is durable."""
    before = headers.decode(file.read(0, 1), 0)
    if before is None or before == headers.LEFT_EMPTY:
        file.prepare(folder)
    header = Header(State.USED, secrets.randbits(63), owner.worker, number, time.time_ns(), owner.boot, owner.ledger)
    file.put(LAST, headers.encode(header, LAST))
    file.put(0, headers.encode(header, 0))
    return Segment(name, file, header)


def prepare(folder: int, least: int, *, durable: bool) -> None:
    """Have so many segments ready before a worker needs them: to write one in full takes some milliseconds.

    Raises:
        OSError: the file system refuses.
    """
    known = names(folder)
    ready = sum([_is_ready(folder, name, durable=durable) for name in known])
    missing = max(least - ready, 0)
    spare = [name for name in map("{:03}".format, range(MOST_SEGMENTS)) if name not in known]
    for name in spare[:missing]:
        try:
            file = create_segment(folder, name, durable=durable)
        except FileExistsError:
            return
        try:
            if file.lock() and _is_free(file):
                file.prepare(folder)
                free(file, Header(State.FREE, 0, 0, 0, 0, b"", b""))
        finally:
            file.close()


def _is_ready(folder: int, name: str, *, durable: bool) -> bool:
    file = open_segment(folder, name, durable=durable)
    try:
        return file.is_prepared() and _is_free(file)
    finally:
        file.close()


class Found(NamedTuple):
    """A segment that holds records, or may."""

    name: str
    file: SegmentFile
    header: Header


class Survey(NamedTuple):
    """What a look at all segments has found."""

    found: list[Found]
    """Those in use, each process's in their order."""
    damaged: list[str]
    """Names of those whose records cannot be told from older ones: to be set aside, the others are not harmed."""


def used(folder: int, *, durable: bool) -> Survey:
    """What there is to take. The caller closes the files.

    Raises:
        NewerError: a newer version has written one.
        OSError: one cannot be read.
    """
    found: list[Found] = []
    damaged: list[str] = []
    try:
        for name in names(folder):
            try:
                one = _look_at(folder, name, durable=durable)
                if one is not None:
                    found.append(one)
            except DamagedError:
                damaged.append(name)
    except BaseException:
        for one in found:
            one.file.close()
        raise
    found.sort(key=lambda one: (one.header.opened, one.header.worker, one.header.number))
    return Survey(found, damaged)


def _look_at(folder: int, name: str, *, durable: bool) -> Found | None:
    """A segment, if it is in use."""
    file = open_segment(folder, name, durable=durable)
    found: Found | None = None
    try:
        header = header_of(name, file)
        if header is None or header.state is State.FREE:
            _finish(file)
        else:
            found = Found(name, file, header)
    finally:
        if found is None:
            file.close()
    return found


def set_aside(folder: int, name: str) -> str:
    """Give a damaged segment another name, under which nobody reads or uses it; returns that name.

    Raises:
        OSError: the file system refuses.
    """
    aside = f"{name}.damaged.{secrets.token_hex(4)}"
    os.rename(name, aside, src_dir_fd=folder, dst_dir_fd=folder)
    return aside


def header_of(name: str, file: SegmentFile) -> Header | None:
    """What its header says; ``None``: no use of it has begun.

    Raises:
        NewerError: a newer version has written it.
        DamagedError: it is damaged, and so is its copy.
        OSError: it cannot be read.
    """
    if not file.is_prepared():
        return None
    first, copy = file.read(0, 1), file.read(LAST, 1)
    try:
        header = headers.in_force(first, copy)
    except NewerError as error:
        raise NewerError(
            f"segment {name} of the journals cannot be read: {error}; start that version once and stop it,"
            f" or move the segment away: its objects stay where they are, but their hooks will not run"
        ) from error
    # The copy is written first: where the header is all zeros no use has begun, whatever became of the copy.
    if header is None and any(first):
        raise DamagedError(f"both copies of the header of segment {name} are damaged")
    return header


def _finish(file: SegmentFile) -> None:
    """Free what somebody died over while he freed it."""
    # A worker that begins a use writes the copy too: it has the lock.
    if _is_half_free(file) and file.lock() and _is_half_free(file):
        header = headers.decode(file.read(0, 1), 0)
        if header is not None:
            file.put(LAST, headers.encode(header, LAST))


def _is_half_free(file: SegmentFile) -> bool:
    if not file.is_prepared():
        return False
    header = headers.decode(file.read(0, 1), 0)
    return header is not None and header.use >= 0 and header.state is State.FREE and _is_used(file.read(LAST, 1))


def remove_free(folder: int, *, durable: bool) -> None:
    """Remove the segments that hold nothing: a clean stop leaves nothing that an older version would not know.

    Raises:
        OSError: the file system refuses.
    """
    for name in names(folder):
        file = open_segment(folder, name, durable=durable)
        try:
            if _is_free(file) and file.lock() and _is_free(file):
                os.unlink(name, dir_fd=folder)
        finally:
            file.close()


def free(file: SegmentFile, header: Header) -> None:
    """All records of a segment are in the ledger, durably: it can be used again. The caller has its lock.

    Until this has returned the ledger has to remember how far the use was taken.

    Raises:
        OSError: the file system refuses; it is in use still.
    """
    over = header._replace(state=State.FREE)
    file.put(0, headers.encode(over, 0))
    # A damaged header of a free segment must not bring its records back.
    file.put(LAST, headers.encode(over, LAST))
