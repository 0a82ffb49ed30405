"""Journals: what was confirmed is read, whatever happened to the bytes behind it; nothing else is ever taken for it."""

import errno
import fcntl
import os
import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storescpd.studies.journal import headers
from storescpd.studies.journal.blocks import BLOCK, FIRST, LAST, MOST, ROOM, fill, follow, records_of, replay
from storescpd.studies.journal.entries import Entry, FileIdentity, decode, encode
from storescpd.studies.journal.errors import JournalError, NewerError
from storescpd.studies.journal.files import SIZE, open_folder, open_segment
from storescpd.studies.journal.identity import identify
from storescpd.studies.journal.reading import Source
from storescpd.studies.journal.segments import Owner, names, new_owner, prepare, remove_free, set_aside, used
from storescpd.studies.journal.writing import Journal
from storescpd.studies.messages import Record, Sender

USE, EARLIER = 7, 6
LEDGER = b"one ledger of 16"


def write(image: bytearray, use: int, number: int, records: list[bytes]) -> int:
    """One write into the image of a segment; returns the number of the next block."""
    buffer = memoryview(bytearray(16 * BLOCK))
    count, blocks = fill(buffer, use, number, 16, records, 0)
    assert count == len(records)
    image[number * BLOCK : (number + blocks) * BLOCK] = buffer[: blocks * BLOCK]
    return number + blocks


def random_writes(numbers: random.Random, most_blocks: int) -> list[list[bytes]]:
    """Records for some writes, short and long; each is unlike any other."""
    found, left = [], most_blocks
    while left >= 4:
        records = [
            numbers.randbytes(numbers.choice((8, 300, 300, 300, ROOM - 4, 5000))) for _ in range(numbers.randint(1, 6))
        ]
        size = sum(len(one) + 4 for one in records)
        blocks = -(-size // ROOM)
        if blocks > min(left, 16):
            break
        found.append(records)
        left -= blocks
    return found


def segment(
    numbers: random.Random, *, recycled: bool, most: int = 60
) -> tuple[bytearray, list[tuple[int, int, list[bytes]]]]:
    """The image of a segment, and each write in it: its first block, the one after it, its records."""
    image = bytearray(SIZE)
    if recycled:
        at = FIRST
        for records in random_writes(numbers, LAST - 20):
            at = write(image, EARLIER, at, records)
    at, writes = FIRST, []
    for records in random_writes(numbers, numbers.randint(4, most)):
        end = write(image, USE, at, records)
        writes.append((at, end, records))
        at = end
    return image, writes


def body(image: bytearray) -> bytes:
    return bytes(image[FIRST * BLOCK : LAST * BLOCK])


SEEDS = st.integers(0, 1 << 32)


@given(SEEDS, st.booleans())
@settings(max_examples=40, deadline=None)
def test_what_was_written_is_read(seed, recycled):
    image, writes = segment(random.Random(seed), recycled=recycled)
    expected = [record for _, _, records in writes for record in records]
    end = writes[-1][1] if writes else FIRST
    assert follow(body(image), USE, FIRST) == (expected, end, [])
    assert replay(body(image), USE, FIRST) == (expected, LAST, [])
    # From any position that a keeper may have kept.
    for position, _, _ in writes[:: max(len(writes) // 3, 1)]:
        later = [record for at, _, records in writes if at >= position for record in records]
        assert replay(bytes(image[position * BLOCK : LAST * BLOCK]), USE, position).records == later


@given(SEEDS, st.booleans())
@settings(max_examples=60, deadline=None)
def test_a_torn_write_costs_nothing_but_itself(seed, recycled):
    """Any sectors of the last write may have reached the disk, in any order: the others hold what was there before."""
    numbers = random.Random(seed)
    image, writes = segment(numbers, recycled=recycled)
    if not writes:
        return
    before = bytearray(image)
    position = writes[-1][1]
    last = [numbers.randbytes(numbers.choice((300, 5000))) for _ in range(numbers.randint(1, 5))]
    end = write(image, USE, position, last)
    sectors = range(position * BLOCK, end * BLOCK, 512)
    lost = [at for at in sectors if numbers.random() < 0.5] or [sectors[0]]
    for at in lost:
        image[at : at + 512] = before[at : at + 512]
    confirmed = [record for _, _, records in writes for record in records]
    found = replay(body(image), USE, FIRST)
    assert found.records[: len(confirmed)] == confirmed
    assert all(record in last for record in found.records[len(confirmed) :])
    assert all(damage.torn and damage.number >= position for damage in found.damages)
    # As long as its writer may live, it is waited for.
    followed = follow(body(image), USE, FIRST)
    assert followed.records[: len(confirmed)] == confirmed
    assert not followed.damages


@given(SEEDS, st.booleans())
@settings(max_examples=60, deadline=None)
def test_a_flipped_bit_is_told_and_costs_one_block(seed, recycled):
    numbers = random.Random(seed)
    image, writes = segment(numbers, recycled=recycled)
    if len(writes) < 2:
        return
    first, end, _ = numbers.choice(writes[:-1])
    number = numbers.randrange(first, end)
    used = int.from_bytes(image[number * BLOCK + 4 : number * BLOCK + 6], "little")
    bit = numbers.randrange((32 + used) * 8)
    image[number * BLOCK + bit // 8] ^= 1 << bit % 8
    found = replay(body(image), USE, FIRST)
    assert [(one.number, one.blocks, one.torn) for one in found.damages] == [(number, 1, False)]
    others = [record for at, _, records in writes if at != first for record in records]
    written = [record for _, _, records in writes for record in records]
    assert [record for record in found.records if record in others] == others
    assert all(record in written for record in found.records)


@given(SEEDS)
@settings(max_examples=40, deadline=None)
def test_random_damage_never_makes_a_record(seed):
    """Blocks cut off, zeroed, swapped, copied elsewhere or of an earlier use: records are those that were written."""
    numbers = random.Random(seed)
    image, writes = segment(numbers, recycled=True)
    old = bytes(image)
    for _ in range(numbers.randint(1, 12)):
        a, b = numbers.randrange(FIRST, 80) * BLOCK, numbers.randrange(FIRST, 80) * BLOCK
        match numbers.randrange(4):
            case 0:
                image[a : a + BLOCK] = bytes(BLOCK)
            case 1:
                image[a : a + BLOCK] = old[b : b + BLOCK]
            case 2:
                image[a : a + numbers.randrange(BLOCK)] = b""
                image = image.ljust(SIZE, b"\0")[:SIZE]
            case 3:
                image[a + numbers.randrange(BLOCK)] ^= 0xFF
    written = [record for _, _, records in writes for record in records]
    found = replay(body(image), USE, FIRST).records
    assert [record for record in written if record in set(found)] == found


def test_a_gap_in_a_write_costs_the_records_that_touch_it():
    buffer = memoryview(bytearray(16 * BLOCK))
    records = [bytes([number]) * 3000 for number in range(6)]
    _, blocks = fill(buffer, USE, FIRST, 16, records, 0)
    image = bytearray(SIZE)
    image[BLOCK : BLOCK * (1 + blocks)] = buffer[: blocks * BLOCK]
    image[2 * BLOCK + 50] ^= 1
    found = replay(body(image), USE, FIRST)
    assert found.records == [records[0], *records[3:]]
    assert records_of([]) == []


ENTRY = Entry(
    Record("token", "everyone", 12, "/srv/\udcff", "st_1", "CT.1.2", "CT", "1.2.840", "1.2", "1.2.3", "1.2.840.1", 0,
           Sender("CT1", "ARCHIVE", "10.1.2.3", "dicom", "ct1")),
    FileIdentity(1, 2, 3), 526102, 0x9A0B1C2D, "study-uid:", "st_*", "1.2.4", "stored", "7f", 1, 2,
)  # fmt: skip


@pytest.mark.parametrize(
    "entry",
    [ENTRY, Entry(ENTRY.record._replace(episode=None, folder="")), ENTRY._replace(shown="é" * 2000)],
)
def test_entries_come_back_as_they_were(entry):
    assert decode(encode(entry)) == entry
    # A field that a later version has added is skipped.
    assert decode(encode(entry) + b"\x00\x70\x03\x00abc") == entry


def test_entries_have_a_length():
    with pytest.raises(JournalError):
        encode(ENTRY._replace(shown="x" * 70000))
    with pytest.raises(JournalError):
        encode(ENTRY._replace(shown="x" * 40000, series="x" * 40000))


@given(st.binary(max_size=200), st.integers(0, 400))
def test_no_bytes_break_the_decoder(data, cut):
    for candidate in (data, encode(ENTRY)[:cut] + data):
        with suppress(JournalError):
            decode(candidate)


HEADER = headers.Header(headers.State.USED, USE, 1, 2, 3, b"b" * 16, LEDGER)


def newer(state: headers.State) -> bytes:
    """The header of a version that does not exist yet."""
    data = bytearray(headers.encode(HEADER._replace(state=state), 0))
    data[8] = headers.VERSION + 1
    data[-4:] = headers.zlib.crc32(data[:-4]).to_bytes(4, "little")
    return bytes(data)


def test_headers():
    first, copy = headers.encode(HEADER, 0), headers.encode(HEADER, LAST)
    assert headers.decode(first, 0) == headers.decode(copy, LAST) == HEADER
    assert headers.decode(copy, 0) is None
    for bit in range(0, len(first) * 8, 7):
        damaged = bytearray(first)
        damaged[bit // 8] ^= 1 << bit % 8
        assert headers.decode(bytes(damaged), 0) is None
        assert headers.in_force(bytes(damaged), copy) == HEADER
    with pytest.raises(NewerError, match="newer"):
        headers.decode(newer(headers.State.USED), 0)
    assert headers.decode(newer(headers.State.FREE), 0) == headers.LEFT_EMPTY


# From here on with files.


@pytest.fixture(params=[True, False], ids=["durable", "not durable"])
def owner(request) -> Owner:
    return new_owner(LEDGER, durable=request.param)


@pytest.fixture
def folder(tmp_path) -> Iterator[int]:
    fd = open_folder(str(tmp_path / "journals"))
    yield fd
    os.close(fd)


def record(number: int, length: int = 300) -> bytes:
    return b"%08d" % number + bytes(length)


def numbers_of(records: list[bytes]) -> list[int]:
    return [int(one[:8]) for one in records]


@contextmanager
def sources(folder: int, owner: Owner, positions: dict[int, int] | None = None) -> Iterator[list[Source]]:
    """Everything that is in use."""
    found = [Source(one, (positions or {}).get(one.header.use)) for one in used(folder, durable=owner.durable).found]
    try:
        yield found
    finally:
        for one in found:
            one.close()


def drain(folder: int, owner: Owner) -> list[int]:
    """As a keeper does that never dies."""
    found: list[bytes] = []
    with sources(folder, owner) as ours:
        for source in ours:
            taken = source.take()
            while taken.records and not taken.ended:
                found += taken.records
                taken = source.take()
            found += taken.records
            assert not taken.damages
            if taken.ended:
                source.free()
    return numbers_of(found)


def test_records_come_back_in_their_order_over_several_segments(folder, owner):
    journal = Journal(folder, owner)
    for number in range(50):
        journal.append(record(number, 10 * BLOCK))
    assert drain(folder, owner) == list(range(50))
    # Two segments were free again: the next ones go there.
    for number in range(50):
        journal.append(record(number, 10 * BLOCK))
    assert names(folder) == ["000", "001", "002"]
    journal.close()
    # What was taken of the third before is taken once more by somebody who remembers nothing.
    assert drain(folder, owner)[-50:] == list(range(50))
    assert drain(folder, owner) == []
    remove_free(folder, durable=owner.durable)
    assert names(folder) == []


def test_a_reader_follows_a_writer(folder, owner):
    journal = Journal(folder, owner)
    journal.append(record(0))
    with sources(folder, owner) as [source]:
        assert numbers_of(source.take().records) == [0]
        assert source.take() == ([], source.position, [], False)
        for number in range(1, 20):
            journal.append(record(number))
            taken = source.take()
            assert (numbers_of(taken.records), taken.ended) == ([number], False)
        with pytest.raises(RuntimeError):
            source.free()
        journal.close()
        assert source.take().ended


def test_threads_share_a_write(folder, owner, monkeypatch):
    """While one write is under way all others gather; each returns only when its own record is written."""
    begun, go_on, writes = threading.Event(), threading.Event(), []
    pwritev = os.pwritev

    def slow(fd: int, data: list[memoryview], offset: int) -> int:
        if len(data[0]) < SIZE and offset and offset != LAST * BLOCK:
            writes.append(offset)
            begun.set()
            assert go_on.wait(60)
        return pwritev(fd, data, offset)

    monkeypatch.setattr(os, "pwritev", slow)
    journal, done = Journal(folder, owner), []
    threads = [threading.Thread(target=lambda n=n: (journal.append(record(n)), done.append(n))) for n in range(9)]
    threads[0].start()
    assert begun.wait(60)
    for thread in threads[1:]:
        thread.start()
    gathered = journal._gathering
    while len(gathered.records) < 8:
        os.sched_yield()
    assert done == []
    go_on.set()
    for thread in threads:
        thread.join()
    assert len(writes) == 2
    assert sorted(done) == sorted(drain(folder, owner)) == list(range(9))


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO])
def test_a_failed_write_is_final(folder, owner, monkeypatch, number):
    pwritev, failing = os.pwritev, []

    def faulty(fd: int, data: list[memoryview], offset: int) -> int:
        if failing and len(data[0]) < SIZE and offset and offset != LAST * BLOCK:
            failing.clear()
            # The worst case: what is said to have failed is on the disk all the same.
            pwritev(fd, data, offset)
            raise OSError(number, os.strerror(number))
        return pwritev(fd, data, offset)

    monkeypatch.setattr(os, "pwritev", faulty)
    journal = Journal(folder, owner)
    journal.append(record(0))
    failing.append(True)
    with pytest.raises(JournalError, match=os.strerror(number)):
        journal.append(record(1))
    journal.append(record(2))
    assert names(folder) == ["000", "001"]
    journal.close()
    assert [number for number in drain(folder, owner) if number != 1] == [0, 2]


def test_a_short_write_is_a_failure(folder, owner, monkeypatch):
    journal = Journal(folder, owner)
    journal.append(record(0))
    pwritev = os.pwritev
    with monkeypatch.context() as patch:
        patch.setattr(os, "pwritev", lambda fd, data, offset: pwritev(fd, [data[0][:BLOCK]], offset))
        with pytest.raises(JournalError):
            journal.append(record(1, 3 * BLOCK))
    journal.append(record(2))
    journal.close()
    with sources(folder, owner) as ours:
        taken = [one.take() for one in ours for _ in range(2)]
    assert [numbers_of(one.records) for one in taken] == [[0], [], [2], []]
    assert [damage.torn for one in taken for damage in one.damages] == [True]


def test_the_journals_have_a_limit_for_all_workers_together(folder, owner):
    owner = owner._replace(most=3)
    first, second = Journal(folder, owner), Journal(folder, new_owner(LEDGER, durable=owner.durable)._replace(most=3))
    stored = 0
    failure: JournalError | None = None
    while failure is None:
        try:
            (first, second)[stored % 2].append(record(stored, 50000))
            stored += 1
        except JournalError as error:
            failure = error
    assert "full" in str(failure)
    assert names(folder) == ["000", "001", "002"]
    first.close()
    second.close()
    assert sorted(drain(folder, owner)) == list(range(stored))
    first.append(record(stored))
    first.close()
    assert drain(folder, owner) == [stored]


def test_no_room_for_a_new_segment(folder, owner, monkeypatch):
    def full(fd: int, data: list[memoryview], offset: int) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    journal = Journal(folder, owner)
    with monkeypatch.context() as patch:
        patch.setattr(os, "pwritev", full)
        with pytest.raises(JournalError, match="No space left"):
            journal.append(record(0))
    assert (os.stat("000", dir_fd=folder).st_size, used(folder, durable=owner.durable)) == (0, ([], []))
    journal.append(record(1))
    assert names(folder) == ["000"]
    journal.close()
    assert drain(folder, owner) == [1]


def test_file_systems_without_direct_io(folder, monkeypatch):
    """Refused when it is asked for, or only when something is written."""
    fcntl_fcntl, pwritev = fcntl.fcntl, os.pwritev
    owner = new_owner(LEDGER, durable=True)

    def refusing(fd: int, command: int, flags: int = 0) -> int:
        if command == fcntl.F_SETFL and flags & os.O_DIRECT:
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
        return fcntl_fcntl(fd, command, flags)

    def refusing_write(fd: int, data: list[memoryview], offset: int) -> int:
        if fcntl_fcntl(fd, fcntl.F_GETFL) & os.O_DIRECT:
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
        assert fcntl_fcntl(fd, fcntl.F_GETFL) & os.O_DSYNC
        return pwritev(fd, data, offset)

    for patched in ((fcntl, "fcntl", refusing), (os, "pwritev", refusing_write)):
        with monkeypatch.context() as patch:
            patch.setattr(*patched)
            journal = Journal(folder, owner)
            for number in range(3):
                journal.append(record(number))
            journal.close()
            assert drain(folder, owner) == [0, 1, 2]


def test_a_record_that_is_too_long(folder, owner):
    journal = Journal(folder, owner)
    with pytest.raises(JournalError, match="are the most"):
        journal.append(bytes(MOST + 1))
    journal.append(record(5, MOST - 8))
    journal.close()
    assert drain(folder, owner) == [5]


def put(folder: int, name: str, offset: int, data: bytes) -> None:
    fd = os.open(name, os.O_RDWR, dir_fd=folder)
    try:
        os.pwrite(fd, data, offset)
        os.fsync(fd)
    finally:
        os.close(fd)


@pytest.fixture
def left(folder, owner) -> int:
    """A dead worker's journal, with one record."""
    journal = Journal(folder, owner)
    journal.append(record(1))
    journal.close()
    return folder


def test_either_copy_of_a_header_is_enough(left, owner):
    put(left, "000", 100, b"?")
    assert drain(left, owner) == [1]
    put(left, "000", LAST * BLOCK, b"?")
    assert drain(left, owner) == []


def test_both_copies_damaged(left, owner):
    put(left, "000", 100, b"?")
    put(left, "000", LAST * BLOCK + 100, b"?")
    other = Journal(left, owner)
    other.append(record(2))
    other.close()
    # Nobody writes over it, and it is in nobody's way.
    assert used(left, durable=owner.durable).damaged == ["000"]
    assert drain(left, owner) == [2]
    aside = set_aside(left, "000")
    assert sorted(os.listdir(left)) == sorted([aside, "001"])
    assert used(left, durable=owner.durable) == ([], [])


def test_a_newer_version(left, owner):
    put(left, "000", 0, newer(headers.State.USED))
    with pytest.raises(NewerError, match=r"segment 000 .* newer storescpd"):
        used(left, durable=owner.durable)
    # One that the newer version has left empty is as good as any.
    put(left, "000", 0, newer(headers.State.FREE))
    assert used(left, durable=owner.durable) == ([], [])
    journal = Journal(left, owner)
    journal.append(record(2))
    journal.close()
    assert (names(left), drain(left, owner)) == (["000"], [2])


def test_a_free_segment_does_not_come_back(left, owner):
    """Not even when its header is damaged, or when its keeper died between the two copies."""
    with sources(left, owner) as [source]:
        while not source.take().ended:
            pass
        block = headers.encode(source.header._replace(state=headers.State.FREE), 0)
    put(left, "000", 0, block)
    assert used(left, durable=owner.durable) == ([], [])
    put(left, "000", 100, b"?")
    assert used(left, durable=owner.durable) == ([], [])
    journal = Journal(left, owner)
    journal.append(record(2))
    journal.close()
    assert (names(left), drain(left, owner)) == (["000"], [2])
    put(left, "000", 100, b"?")
    assert used(left, durable=owner.durable) == ([], [])


@pytest.mark.parametrize("size", [0, BLOCK, SIZE])
def test_one_that_its_maker_did_not_finish(folder, owner, size):
    fd = os.open("000", os.O_RDWR | os.O_CREAT, dir_fd=folder)
    os.truncate(fd, size)
    os.close(fd)
    assert used(folder, durable=owner.durable) == ([], [])
    journal = Journal(folder, owner)
    journal.append(record(3))
    journal.close()
    assert names(folder) == ["000"]
    assert drain(folder, owner) == [3]


def test_segments_are_prepared_before_they_are_needed(folder, owner):
    prepare(folder, 2, durable=owner.durable)
    prepare(folder, 2, durable=owner.durable)
    assert names(folder) == ["000", "001"]
    journal = Journal(folder, owner)
    journal.append(record(0))
    prepare(folder, 2, durable=owner.durable)
    assert names(folder) == ["000", "001", "002"]
    journal.close()
    assert drain(folder, owner) == [0]


def test_two_workers_never_take_the_same_segment(folder, owner):
    """Not even when both have seen that it is free."""
    prepare(folder, 1, durable=owner.durable)
    other = open_segment(folder, "000", durable=owner.durable)
    assert other.lock()
    journal = Journal(folder, owner)
    journal.append(record(0))
    assert names(folder) == ["000", "001"]
    assert [found.name for found in used(folder, durable=owner.durable).found] == ["001"]
    other.close()
    journal.close()


def test_identity(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"1")
    fd = os.open(path, os.O_RDONLY)
    status = os.fstat(fd)
    found = identify(fd)
    assert (found.device, found.inode) == (status.st_dev, status.st_ino)
    assert found.born == 0 or abs(found.born - status.st_ctime_ns) < 10**9
    os.close(fd)
    path.rename(tmp_path / "other")
    fd = os.open(tmp_path / "other", os.O_RDONLY)
    assert identify(fd) == found
    os.close(fd)
    with pytest.raises(OSError):
        identify(fd)


def test_lock_says_who_lives(folder: int, owner: Owner, tmp_path: Path) -> None:
    """A killed process has no lock: its journal is taken to the end."""
    reader, writer = os.pipe()
    pid = os.fork()
    if not pid:
        try:
            Journal(folder, owner).append(record(4))
            os.write(writer, b".")
            threading.Event().wait()
        finally:
            os._exit(1)
    os.read(reader, 1)
    with sources(folder, owner) as [source]:
        assert numbers_of(source.take().records) == [4]
        assert not source.take().ended
        os.kill(pid, 9)
        os.waitpid(pid, 0)
        assert source.take().ended
    os.close(reader)
    os.close(writer)
