"""One record of a journal: fields with a tag and a length. No I/O.

A reader skips tags that it does not know, and takes the default for a field that is not there: a version may add
fields. What changes the meaning of a known one is a new version of the segment (``headers.VERSION``).
"""

import struct
from typing import Final, NamedTuple

from storescpd.studies.journal.blocks import MOST
from storescpd.studies.journal.errors import JournalError
from storescpd.studies.messages import Record, Sender

_FIELD: Final = struct.Struct("<HH")
_NUMBER: Final = struct.Struct("<q")
_LONGEST: Final = 0xFFFF
"""Bytes of a field."""


class FileIdentity(NamedTuple):
    """Which file it was: whatever has its name later need not be the same."""

    device: int = 0
    """st_dev; it may be another one after a boot."""
    inode: int = 0
    born: int = 0
    """When it was made, in nanoseconds since 1970; 0: the file system does not say."""


class Entry(NamedTuple):
    """What is recorded of an object that has been stored."""

    record: Record
    file: FileIdentity = FileIdentity()
    size: int = -1
    """Bytes of the file; -1: not known, here and below."""
    checksum: int = -1
    """CRC-32 of the file."""
    scheme: str = ""
    """How study directories are named, see ``StudyKey``."""
    shown: str = ""
    """The directory as logs may show it."""
    series: str = ""
    """Series Instance UID."""
    outcome: str = ""
    """What has become of the name: stored, replaced, unchanged or aside."""
    association: str = ""
    """Names the association, in logs and events."""
    received: int = -1
    """Wall clock, in nanoseconds since 1970."""
    monotonic: int = -1
    """The monotonic clock of the boot that the segment names, in nanoseconds."""


_TOKEN, _SLOT, _EPISODE, _ROOT, _FOLDER, _NAME, _CODE, _SOP_CLASS, _SOP_INSTANCE, _STUDY = range(1, 11)
_SYNTAX, _STATUS, _CALLING, _CALLED, _PEER, _LISTENER, _HOST = range(11, 18)
_DEVICE, _INODE, _BORN, _SIZE, _CHECKSUM = range(18, 23)
_SCHEME, _SHOWN, _SERIES, _OUTCOME, _ASSOCIATION, _RECEIVED, _MONOTONIC = range(23, 30)
_TEXTS: Final = frozenset({
    _TOKEN, _SLOT, _ROOT, _FOLDER, _NAME, _CODE, _SOP_CLASS, _SOP_INSTANCE, _STUDY, _SYNTAX, _CALLING, _CALLED, _PEER,
    _LISTENER, _HOST, _SCHEME, _SHOWN, _SERIES, _OUTCOME, _ASSOCIATION,
})  # fmt: skip
_NUMBERS: Final = frozenset({
    _EPISODE, _STATUS, _DEVICE, _INODE, _BORN, _SIZE, _CHECKSUM, _RECEIVED, _MONOTONIC,
})  # fmt: skip
_NEEDED: Final = (_TOKEN, _ROOT, _NAME)


def encode(entry: Entry) -> bytes:
    """The bytes of a record; fields that say nothing are left out.

    Raises:
        JournalError: they are too many.
    """
    record, file = entry.record, entry.file
    sender = record.sender
    texts = (
        (_TOKEN, record.token), (_SLOT, record.slot), (_ROOT, record.root), (_FOLDER, record.folder),
        (_NAME, record.name), (_CODE, record.code), (_SOP_CLASS, record.sop_class),
        (_SOP_INSTANCE, record.sop_instance), (_STUDY, record.study), (_SYNTAX, record.transfer_syntax),
        (_CALLING, sender.calling), (_CALLED, sender.called), (_PEER, sender.peer), (_LISTENER, sender.listener),
        (_HOST, sender.host), (_SCHEME, entry.scheme), (_SHOWN, entry.shown), (_SERIES, entry.series),
        (_OUTCOME, entry.outcome), (_ASSOCIATION, entry.association),
    )  # fmt: skip
    numbers = (
        (_EPISODE, -1 if record.episode is None else record.episode), (_STATUS, record.status),
        (_DEVICE, file.device), (_INODE, file.inode), (_BORN, file.born), (_SIZE, entry.size),
        (_CHECKSUM, entry.checksum), (_RECEIVED, entry.received), (_MONOTONIC, entry.monotonic),
    )  # fmt: skip
    pieces: list[bytes] = []
    for tag, text in texts:
        if text:
            # Names of files need not be text.
            data = text.encode("utf-8", "surrogateescape")
            if len(data) > _LONGEST:
                raise JournalError(f"a field of {len(data)} bytes, {_LONGEST} are the most")
            pieces.append(_FIELD.pack(tag, len(data)))
            pieces.append(data)
    for tag, number in numbers:
        if number >= 0:
            pieces.append(_FIELD.pack(tag, _NUMBER.size))
            pieces.append(_NUMBER.pack(number))
    body = b"".join(pieces)
    if len(body) > MOST:
        raise JournalError(f"a record of {len(body)} bytes, {MOST} are the most")
    return body


def decode(body: bytes) -> Entry:
    """A record from its bytes.

    Raises:
        JournalError: it is none.
    """
    texts: dict[int, str] = {}
    numbers: dict[int, int] = {}
    for tag, data in _fields(body):
        if tag in _TEXTS:
            texts[tag] = _text(data)
        elif tag in _NUMBERS:
            numbers[tag] = _number(data)
    missing = [tag for tag in _NEEDED if tag not in texts]
    if missing:
        raise JournalError(f"a record without field {missing[0]}")
    return _entry(texts, numbers)


def _fields(body: bytes) -> list[tuple[int, bytes]]:
    found: list[tuple[int, bytes]] = []
    at = 0
    while at < len(body):
        if len(body) - at < _FIELD.size:
            raise JournalError("a record that ends within a field")
        tag, length = _FIELD.unpack_from(body, at)
        at += _FIELD.size
        if len(body) - at < length:
            raise JournalError("a record that ends within a field")
        found.append((tag, body[at : at + length]))
        at += length
    return found


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


def _number(data: bytes) -> int:
    if len(data) != _NUMBER.size:
        raise JournalError(f"a number of {len(data)} bytes")
    return int(_NUMBER.unpack(data)[0])


def _entry(texts: dict[int, str], numbers: dict[int, int]) -> Entry:
    record = Record(
        token=texts[_TOKEN],
        slot=texts.get(_SLOT, ""),
        episode=numbers.get(_EPISODE),
        root=texts[_ROOT],
        folder=texts.get(_FOLDER, ""),
        name=texts[_NAME],
        code=texts.get(_CODE, ""),
        sop_class=texts.get(_SOP_CLASS, ""),
        sop_instance=texts.get(_SOP_INSTANCE, ""),
        study=texts.get(_STUDY, ""),
        transfer_syntax=texts.get(_SYNTAX, ""),
        status=numbers.get(_STATUS, 0),
        sender=Sender(
            texts.get(_CALLING, ""),
            texts.get(_CALLED, ""),
            texts.get(_PEER, ""),
            texts.get(_LISTENER, ""),
            texts.get(_HOST, ""),
        ),
    )
    return Entry(
        record=record,
        file=FileIdentity(numbers.get(_DEVICE, 0), numbers.get(_INODE, 0), numbers.get(_BORN, 0)),
        size=numbers.get(_SIZE, -1),
        checksum=numbers.get(_CHECKSUM, -1),
        scheme=texts.get(_SCHEME, ""),
        shown=texts.get(_SHOWN, ""),
        series=texts.get(_SERIES, ""),
        outcome=texts.get(_OUTCOME, ""),
        association=texts.get(_ASSOCIATION, ""),
        received=numbers.get(_RECEIVED, -1),
        monotonic=numbers.get(_MONOTONIC, -1),
    )
