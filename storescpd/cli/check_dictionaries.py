"""What ``--check-config`` says of data dictionaries: each is read as the daemon will read it."""

import os
import stat
from collections.abc import Iterator

from storescpd.config import Config
from storescpd.config.problems import Finding, KeyPath
from storescpd.config.world.files import unreadable

_UIDS = {"SOPClassUID": 0x0008_0016, "SOPInstanceUID": 0x0008_0018, "StudyInstanceUID": 0x0020_000D}
"""Elements that every object has."""


def dictionary_findings(config: Config) -> Iterator[Finding]:
    """About the dictionaries of the file and of its peers."""
    yield from _of(("encoding", "dictionaries"), config.encoding.dictionaries)
    for index, peer in enumerate(config.peers):
        yield from _of(("peers", index, "encoding", "dictionaries"), peer.encoding.dictionaries)


def _of(key: KeyPath, paths: tuple[str, ...]) -> Iterator[Finding]:
    for index, path in enumerate(paths):
        wrong = _wrong(path)
        if wrong is not None:
            yield Finding((*key, index), *wrong)


def _wrong(path: str) -> tuple[str, str] | None:
    """What keeps a dictionary from being used, and what to do."""
    reason = unreadable(path)
    if reason is not None:
        return reason, "correct the path or the file's rights"
    # What waits for a writer, or never ends, is not read here.
    if not stat.S_ISREG(os.stat(path).st_mode):
        return f"{path} is not a file", "name a file in the format of dicom.dic"
    # It brings everything that reads data sets, and few have dictionaries.
    from storescpd.worker.dictionaries import DictionaryError, dictionary

    try:
        made = dictionary([path], {})
    except DictionaryError as error:
        return str(error), "correct that line, or name another file: the daemon would not start"
    for name, tag in _UIDS.items():
        if made.vr(tag) == "SQ":
            message = f"{path} makes a sequence of {name}: every object in implicit VR would be refused"
            return message, "remove that entry: it is a UID (PS3.6)"
    return None
