"""A worker's journal: records that are durable when ``append`` returns.

Threads that wait share a write: the first one writes for all that come while the write before is under way. Nobody
waits for another process. A write that fails is final for its records, whatever is on the disk: nothing is tried again
in the same segment, the next record goes into another one.
"""

import threading
from typing import Final

from storescpd.studies.journal.blocks import MOST, WRITE_BLOCKS, fill
from storescpd.studies.journal.errors import JournalError
from storescpd.studies.journal.segments import Owner, Segment, claim

_NOTHING: Final = (0, 0)


class _Batch:
    """Records that become durable together."""

    __slots__ = ("done", "failure", "records")

    def __init__(self) -> None:
        self.records: list[bytes] = []
        self.failure: Exception | None = None
        self.done = threading.Lock()
        """Held by the thread that writes, until it has written."""
        self.done.acquire()


class Journal:
    """The one journal of a process; any thread may append."""

    def __init__(self, folder: int, owner: Owner) -> None:
        """``folder``: descriptor of the directory of journals, which is not closed here."""
        self._folder = folder
        self._owner = owner
        self._uses = 0
        self._segment: Segment | None = None
        self._among_threads = threading.Lock()
        self._writing = threading.Lock()
        self._gathering = _Batch()

    def append(self, record: bytes) -> None:
        """Add a record; returns once it is durable, as far as it has to be.

        Raises:
            JournalError: nobody knows whether it is, and nobody will try again.
        """
        if len(record) > MOST:
            raise JournalError(f"a record of {len(record)} bytes, {MOST} are the most")
        with self._among_threads:
            batch = self._gathering
            leads = not batch.records
            batch.records.append(record)
        if leads:
            self._lead(batch)
        else:
            with batch.done:
                pass
        failure = batch.failure
        if failure is not None:
            raise JournalError(_told(failure)) from failure

    def _lead(self, batch: _Batch) -> None:
        """Write for all who have come until the write before was over."""
        with self._writing:
            with self._among_threads:
                self._gathering = _Batch()
            try:
                self._write(batch.records)
            except (OSError, JournalError) as error:
                batch.failure = error
                self._leave()
            except BaseException as error:
                batch.failure = JournalError(f"the write was interrupted: {error}")
                self._leave()
                raise
            finally:
                batch.done.release()

    def _write(self, records: list[bytes]) -> None:
        done = 0
        while done < len(records):
            segment = self._segment
            if segment is None:
                segment = self._claim()
            count, blocks = self._fill(segment, records, done)
            if count:
                segment.file.write(segment.position, blocks)
                segment.position += blocks
                done += count
            else:
                self._leave()

    def _fill(self, segment: Segment, records: list[bytes], done: int) -> tuple[int, int]:
        if segment.room < 1:
            return _NOTHING
        room = min(segment.room, WRITE_BLOCKS)
        return fill(segment.file.buffer, segment.header.use, segment.position, room, records, done)

    def _claim(self) -> Segment:
        self._uses += 1
        segment = claim(self._folder, self._owner, self._uses)
        self._segment = segment
        return segment

    def _leave(self) -> None:
        """No more into this segment."""
        segment, self._segment = self._segment, None
        if segment is not None:
            segment.close()

    def close(self) -> None:
        """The process ends; the keeper takes what is left."""
        with self._writing:
            self._leave()


def _told(error: Exception) -> str:
    if isinstance(error, OSError):
        return f"the journal cannot be written: {error.strerror or error}"
    return str(error)
