"""How storescp would say an event: what scripts and people look for in its log (storescp facts 10.3, 10.4).

An event becomes any number of lines, each at the level that storescp gives it. An event without a phrase here is said
in our own words.
"""

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Protocol

from storescpd.telemetry.blocks import ruled
from storescpd.telemetry.events import ASSOCIATIONS, ENDS, LOGGERS, OBJECTS, REPLACED, ROOT, TRIAL
from storescpd.telemetry.formats import fields, message

FATAL, ERROR, WARNING, INFO, DEBUG = (
    logging.CRITICAL, logging.ERROR, logging.WARNING, logging.INFO, logging.DEBUG,
)  # fmt: skip

Line = tuple[int, str]
"""A level and a text without its letter."""
Fields = Mapping[str, object]


class Detailed(Protocol):
    """A field that has more to say than fits into a line."""

    def lines(self) -> Iterable[str]:
        """All of it."""
        ...


@dataclass(frozen=True, slots=True)
class Manner:
    """How much is said."""

    level: int
    """The least level that is heard; with debug some lines are shorter, because a block follows."""
    contexts_at: int = DEBUG
    """At which the parameters of an association are said: info with +v."""


@dataclass(frozen=True, slots=True)
class Phrase:
    """One event."""

    logger: str
    """Whose event it is; those that are never said louder than they are made stay with the root."""
    made_at: int
    """The level of the event itself; our own formats show it there."""
    loudest: int
    """The highest level of its lines."""
    say: Callable[[Fields, Manner], Iterable[Line]]


def _connection(of: Fields, _: Manner) -> Iterator[Line]:
    yield DEBUG, f"Association Received: {of.get('host') or _address(of)}"


def _address(of: Fields) -> str:
    return str(of.get("peer", "")).rpartition(":")[0].strip("[]")


def _requested(of: Fields, manner: Manner) -> Iterator[Line]:
    yield INFO, "Association Received"
    yield manner.contexts_at, "Parameters:"
    yield from _block(of["parameters"], manner)


def _accepted(of: Fields, manner: Manner) -> Iterator[Line]:
    yield INFO, f"Association Acknowledged (Max Send PDV: {of['max_send_pdv']})"
    if not of["contexts"]:
        yield INFO, "    (but no valid presentation contexts)"
    yield from _block(of["parameters"], manner)


def _block(parameters: object, manner: Manner) -> Iterator[Line]:
    if manner.level <= manner.contexts_at:
        detailed: Detailed = parameters  # type: ignore[assignment]
        yield from ((manner.contexts_at, line) for line in detailed.lines())


def _begun(of: Fields, manner: Manner) -> Iterator[Line]:
    if manner.level > DEBUG:
        yield INFO, f"Received Store Request (MsgID {of['message_id']}, {of['code']})"
        return
    yield INFO, "Received Store Request"
    told = {
        "Message Type": "C-STORE RQ",
        "Presentation Context ID": of["context"],
        "Message ID": of["message_id"],
        "Affected SOP Class UID": of["sop_class"],
        "Affected SOP Instance UID": of["instance"],
        "Data Set": "present",
        "Priority": of["priority"],
    }
    yield from _dimse(told)


def _echoed(of: Fields, manner: Manner) -> Iterator[Line]:
    if manner.level > DEBUG:
        yield INFO, f"Received Echo Request (MsgID {of['message_id']})"
        return
    yield INFO, "Received Echo Request"
    told = {
        "Message Type": "C-ECHO RQ",
        "Presentation Context ID": of["context"],
        "Message ID": of["message_id"],
        "Data Set": "none",
    }
    yield from _dimse(told)


def _dimse(told: Fields) -> Iterator[Line]:
    yield DEBUG, ruled("INCOMING DIMSE MESSAGE")
    yield from ((DEBUG, f"{name:<30}: {value}") for name, value in told.items())
    yield DEBUG, ruled("END DIMSE MESSAGE")


def _stored(of: Fields, _: Manner) -> Iterator[Line]:
    yield INFO, f"storing DICOM file: {of['path']}"
    if of.get("cause"):
        yield WARNING, f"{of['path']}: {of['cause']}"


def _replaced(of: Fields, _: Manner) -> Iterator[Line]:
    yield WARNING, f"DICOM file already exists, overwriting: {of['path']}"


def _not_stored(of: Fields, _: Manner) -> Iterator[Line]:
    if of["status"] == "0000":
        return
    yield ERROR, f"cannot write DICOM file: {of.get('cause', '')} (status {of['status']}, instance {of['instance']})"


def _unreadable(of: Fields, _: Manner) -> Iterator[Line]:
    yield ERROR, f"Store SCP Failed: {of['cause']}"


_ABORTED = ("aborted by the peer", "the peer closed", "timeout", "connection lost", "aborted: dimse_timeout")
_ON_PURPOSE = "aborted: testing."
_REFUSED = "testing.refuse is on"


def _ended(of: Fields, _: Manner) -> Iterator[Line]:
    result = str(of["result"])
    if result.startswith("released"):
        yield INFO, "Association Release"
    elif result.startswith(_ABORTED):
        yield INFO, "Association Aborted"
        yield DEBUG, result
    elif result.startswith(_ON_PURPOSE):
        yield INFO, "ABORT initiated (due to command line options)"
    elif of.get("cause") == _REFUSED:
        yield INFO, "Refusing Association (forced via command line)"
    elif result.startswith("rejected"):
        yield INFO, f"Association Rejected: {result}{': ' if of.get('cause') else ''}{of.get('cause', '')}"
    else:
        yield ERROR, f"DIMSE failure (aborting association): {result}"


def _never_asked(of: Fields, _: Manner) -> Iterator[Line]:
    result = str(of["result"])
    if result.startswith("the peer closed"):
        # storescp says so when nothing has come yet; load balancers probe like this.
        yield INFO, "Association Received"
    elif result != "denied":
        yield ERROR, f"Receiving Association failed: {result}"


def _denied(of: Fields, _: Manner) -> Iterator[Line]:
    who = f"{of.get('host', 'unknown')} ({_address(of)})"
    yield ERROR, f"Receiving Association failed: denied connection from {who}: {of['cause']}"


def _study(of: Fields, _: Manner) -> Iterator[Line]:
    yield INFO, f"created new subdirectory for study: {of['root']}/{of['directory']}"


def _at_debug(text: str) -> Callable[[Fields, Manner], Iterator[Line]]:
    def say(of: Fields, _: Manner) -> Iterator[Line]:
        yield DEBUG, " ".join([text, *(f"{name}={value}" for name, value in of.items())])

    return say


def _nothing(_: Fields, __: Manner) -> Iterable[Line]:
    return ()


_OWN = ("serving", "stopping", "stopping at once", "stopped", "study ends", "study ended", "files renamed")
RECEIVED = "data set received"
"""The event that becomes the dots of progress on standard output."""

PHRASES: Mapping[str, Phrase] = MappingProxyType(
    {
        "connection received": Phrase(ASSOCIATIONS, DEBUG, DEBUG, _connection),
        "association requested": Phrase(ASSOCIATIONS, DEBUG, INFO, _requested),
        "association accepted": Phrase(ASSOCIATIONS, DEBUG, INFO, _accepted),
        "object begun": Phrase(OBJECTS, DEBUG, INFO, _begun),
        RECEIVED: Phrase(OBJECTS, DEBUG, INFO, _nothing),
        # Where it has a cause it is made as a warning.
        "object stored": Phrase(OBJECTS, INFO, INFO, _stored),
        "file replaced": Phrase(REPLACED, INFO, WARNING, _replaced),
        "object refused": Phrase(OBJECTS, WARNING, ERROR, _not_stored),
        "data set cannot be read": Phrase(OBJECTS, ERROR, ERROR, _unreadable),
        "echo answered": Phrase(OBJECTS, INFO, INFO, _echoed),
        "association ended": Phrase(ENDS, INFO, ERROR, _ended),
        "connection ended without an association": Phrase(ENDS, DEBUG, ERROR, _never_asked),
        "connection denied": Phrase(ENDS, WARNING, ERROR, _denied),
        "study begun": Phrase(ROOT, INFO, INFO, _study),
        # Said above in other words, or what storescp keeps to itself.
        "no presentation context accepted": Phrase(ASSOCIATIONS, WARNING, INFO, _nothing),
        "context accepted": Phrase(ASSOCIATIONS, INFO, INFO, _nothing),
        "context refused": Phrase(ASSOCIATIONS, INFO, INFO, _nothing),
        "SOP classes refused": Phrase(ASSOCIATIONS, WARNING, DEBUG, _at_debug("SOP classes refused")),
        "TLS agreed": Phrase(ASSOCIATIONS, INFO, DEBUG, _at_debug("TLS agreed")),
        TRIAL: Phrase(ASSOCIATIONS, WARNING, DEBUG, _at_debug(TRIAL)),
        **{word: Phrase(ROOT, INFO, DEBUG, _at_debug(word)) for word in _OWN},
    }
)

_LISTENING = "listening on "


def said(record: logging.LogRecord, manner: Manner) -> Iterator[Line]:
    """The lines of a record that are loud enough."""
    return ((level, _printable(line)) for level, line in _lines(record, manner) if level >= manner.level)


def _lines(record: logging.LogRecord, manner: Manner) -> Iterable[Line]:
    text = record.getMessage()
    phrase = PHRASES.get(text)
    if phrase is not None:
        return phrase.say(fields(record), manner)
    level = DEBUG if text.startswith(_LISTENING) else record.levelno
    return [(level, message(record))]


def _printable(line: str) -> str:
    """Titles and names come from peers: they do not begin lines of their own."""
    if line.isprintable():
        return line
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in line)


def levels(level: int) -> dict[str, int]:
    """The level of each logger that makes everything of a level and above, and little else."""
    least = dict.fromkeys(LOGGERS, level)
    for phrase in PHRASES.values():
        if phrase.loudest >= level:
            least[phrase.logger] = min(least[phrase.logger], phrase.made_at)
    return least
