"""One bad object costs one object, and whoever sent it hears why: raw objects to the daemon, and to storescp."""

import errno
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from storescpd.dataset import ConversionError, DataSetError, Fault
from storescpd.store import PlaceError, StorageError
from storescpd.studies.errors import KeeperError
from storescpd.worker.comments import COMMENTS, STORED, Trouble, comment_on
from tests.dataset.build import element, item, open_item, open_sequence, plain, sequence
from tests.support.daemon import Daemon, storescpd
from tests.support.objects import CT_IMAGE, DEFLATED, EXPLICIT_LITTLE, encode
from tests.support.processes import eventually
from tests.support.rawclient import (
    ABORT,
    IMPLICIT_LITTLE,
    VERIFICATION,
    Aborted,
    RawAssociation,
    fragments,
    parse_command,
    store_message,
    store_request,
)
from tests.support.reference import Receiver, storescp
from tests.support.tools import need

PLAIN, PACKED, ECHO = 1, 3, 5
CONTEXTS = [
    (PLAIN, CT_IMAGE, [EXPLICIT_LITTLE]),
    (PACKED, CT_IMAGE, [DEFLATED]),
    (ECHO, VERIFICATION, [IMPLICIT_LITTLE]),
]
SUCCESS, OUT_OF_RESOURCES, MISMATCH, CANNOT_UNDERSTAND, DUPLICATE = 0x0000, 0xA700, 0xA900, 0xC000, 0xC100
ERROR_COMMENT = 0x0000_0902
PATIENT = b"Secret^Patient"


def instance(number: int) -> str:
    return f"1.2.826.0.1.3680043.8.498.16.{number}"


def data_set(number: int, *more: bytes, sop_class: str = CT_IMAGE) -> bytes:
    """A small object."""
    head = encode(0x00080016, "UI", sop_class.encode()) + encode(0x00080018, "UI", instance(number).encode())
    study = encode(0x0020000D, "UI", b"1.2.826.0.1.3680043.8.498.17")
    return b"".join((head, encode(0x00100010, "PN", PATIENT), study, *more))


def deflated(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(data) + packer.flush()


def even(data: bytes) -> bytes:
    return data + bytes(len(data) % 2)


LARGE = element(0x7FE00010, "OW", bytes(range(256)) * 512)


def nested(depth: int) -> bytes:
    data = b""
    for _ in range(depth):
        data = open_sequence(0x00400275, open_item(data))
    return data


class Sample(NamedTuple):
    """A data set that cannot be read."""

    context: int
    data: bytes
    aborts: bool = True
    """storescp aborts; else it does not notice, or takes any depth."""


NUMBER = 3
UNREADABLE: Mapping[str, Sample] = {
    "text": Sample(PLAIN, b"This is no data set at all. " * 4),
    "cut in a value": Sample(PLAIN, data_set(NUMBER)[:-2]),
    "cut behind a header": Sample(PLAIN, data_set(NUMBER, plain(0x20646573, b"", 0x61676E61)), aborts=False),
    "cut in a sequence": Sample(PLAIN, data_set(NUMBER, element(0x00400275, "SQ", b"", 0xFFFFFFFF)), aborts=False),
    "cut in a large value": Sample(PLAIN, data_set(NUMBER, element(0x7FE00010, "OW", b"", 1 << 20) + bytes(1 << 17))),
    "longer than its item": Sample(
        PLAIN, data_set(NUMBER, sequence(0x00400275, item(element(0x00080100, "SH", b"", 100))))
    ),
    "nested too deep": Sample(PLAIN, data_set(NUMBER, nested(65)), aborts=False),
    "nothing deflated": Sample(PACKED, even(b"\xff" + deflated(data_set(NUMBER)))),
    "deflated and cut": Sample(PACKED, even(deflated(data_set(NUMBER, LARGE))[:-4]), aborts=False),
    "a cut value that was deflated": Sample(PACKED, even(deflated(data_set(NUMBER)[:-2]))),
}


def packed_for(context: int, data: bytes) -> bytes:
    return even(deflated(data)) if context == PACKED else data


def attempt(association: RawAssociation, context: int, number: int, data: bytes) -> int:
    return association.store(context, CT_IMAGE, instance(number), data, message_id=number, pdv_size=4000)


def comment_of(association: RawAssociation) -> str:
    """The Error Comment of the last response, which is as the standard wants it; empty for none."""
    elements = parse_command(association.response)
    assert list(elements) == sorted(elements)
    value = elements.get(ERROR_COMMENT, b"")
    assert len(value) % 2 == 0
    text = value.decode("ascii")
    assert len(text) <= 64
    assert "\\" not in text
    assert text.isprintable()
    return text.rstrip(" ")


PEERS: Mapping[str, Mapping[str, Any]] = {
    "ABORT": {"storage": {"on_unreadable": "abort"}},
    "FULL": {"storage": {"min_free": "1000 TiB"}},
    "UNMOUNTED": {"storage": {"required_file": "mounted"}},
    "SMALL": {"storage": {"max_object_size": 100}},
    "REJECT": {"storage": {"on_duplicate": "reject"}},
    "STUDIES": {"naming": {"sort": "study-uid"}},
}
"""What is otherwise for whom, by the calling title."""


@pytest.fixture(scope="module")
def daemon(tmp_path_factory) -> Iterator[Daemon]:
    """As it is without a word about it."""
    folder = tmp_path_factory.mktemp("unreadable")
    config = {
        "negotiation": {"prefer": "all"},
        "association": {"max_pdu": 131072},
        "studies": {"end_of_study_timeout": 1},
        "peers": [{"calling_ae_title": title, **other} for title, other in PEERS.items()],
        "hooks": {"on_end_of_study": f"touch {folder}/ended"},
    }
    with storescpd(folder / "out", config) as made:
        yield made


@pytest.mark.parametrize("kind", UNREADABLE)
def test_one_bad_object_costs_one_object(kind: str, daemon: Daemon):
    context, data, _ = UNREADABLE[kind]
    before = len(daemon.log())
    with RawAssociation(daemon.port, CONTEXTS) as association:
        assert attempt(association, context, NUMBER - 1, packed_for(context, data_set(NUMBER - 1))) == SUCCESS
        assert comment_of(association) == ""
        assert attempt(association, context, NUMBER, data) == CANNOT_UNDERSTAND
        assert comment_of(association)
        assert daemon.incoming() == []
        assert association.echo(ECHO) == SUCCESS
        assert attempt(association, context, NUMBER + 1, packed_for(context, data_set(NUMBER + 1))) == SUCCESS
        association.release()
    assert not (daemon.directory / f"CT.{instance(NUMBER)}").exists()
    assert (daemon.directory / f"CT.{instance(NUMBER + 1)}").is_file()
    assert daemon.incoming() == []
    said = daemon.log()[before:]
    assert "status=C000" in said
    assert "aborted" not in said
    assert PATIENT.decode() not in said


@pytest.fixture(scope="module")
def reference(tmp_path_factory) -> Iterator[Receiver]:
    """A process for each association."""
    need("storescp")
    with storescp(tmp_path_factory.mktemp("reference") / "out", "+xa", "--fork") as made:
        yield made


@pytest.mark.parametrize("kind", UNREADABLE)
def test_told_to_it_aborts(kind: str, daemon: Daemon):
    context, data, _ = UNREADABLE[kind]
    with RawAssociation(daemon.port, CONTEXTS, calling="ABORT") as association:
        with pytest.raises(Aborted) as abort:
            attempt(association, context, NUMBER, data)
        assert (abort.value.source, abort.value.reason) == (0, 0)
    eventually(lambda: daemon.incoming() == [])


@pytest.mark.parametrize("kind", [kind for kind, sample in UNREADABLE.items() if sample.aborts])
def test_storescp_aborts_the_same(kind: str, reference: Receiver):
    context, data, _ = UNREADABLE[kind]
    with RawAssociation(reference.port, CONTEXTS) as association:
        with pytest.raises(Aborted) as abort:
            attempt(association, context, NUMBER, data)
        assert (abort.value.source, abort.value.reason) == (0, 0)


def test_the_rest_of_a_bad_object_is_thrown_away(daemon: Daemon):
    """More than any buffer holds comes behind the fault, in fragments of its own."""
    with RawAssociation(daemon.port, CONTEXTS) as association:
        data = UNREADABLE["nested too deep"].data + bytes(40 << 20)
        assert association.store(PLAIN, CT_IMAGE, instance(NUMBER), data) == CANNOT_UNDERSTAND
        assert comment_of(association) == "The data set has sequences nested too deep"
        assert daemon.incoming() == []
        assert attempt(association, PLAIN, 4, data_set(4)) == SUCCESS
        association.release()


@pytest.mark.slow
def test_what_never_ends_is_aborted(daemon: Daemon):
    """A GiB behind the fault is the end of patience."""
    bad = UNREADABLE["nested too deep"].data
    with RawAssociation(daemon.port, CONTEXTS) as association:
        head = b"".join(fragments(PLAIN, 1, store_request(CT_IMAGE, instance(NUMBER)), association.pdv_size))
        body = b"".join(list(fragments(PLAIN, 0, bad + bytes(16 << 20), association.pdv_size))[:-2])
        with pytest.raises(Aborted):
            association.send_raw(head + body * ((1 << 30) // len(body) + 2))
    eventually(lambda: daemon.incoming() == [])


def test_a_fault_of_framing_behind_a_bad_object_aborts(daemon: Daemon):
    with RawAssociation(daemon.port, CONTEXTS) as association:
        bad = list(fragments(PLAIN, 0, UNREADABLE["nested too deep"].data + bytes(8000), 4000))[:-2]
        message = [*fragments(PLAIN, 1, store_request(CT_IMAGE, instance(NUMBER)), 4000), *bad]
        association.send_raw(b"".join([*message, *fragments(ECHO, 0, bytes(100), 4000)]))
        assert association.read_pdu() == (ABORT, bytes(4))


def test_a_release_inside_a_bad_object(daemon: Daemon):
    """Nothing stays of it."""
    with RawAssociation(daemon.port, CONTEXTS) as association:
        bad = list(fragments(PLAIN, 0, UNREADABLE["nested too deep"].data + bytes(8000), 4000))[:-2]
        association.send_raw(b"".join([*fragments(PLAIN, 1, store_request(CT_IMAGE, instance(NUMBER)), 4000), *bad]))
        association.release()
    assert daemon.incoming() == []


def test_studies_hear_of_the_drop(daemon: Daemon):
    """A study is not held open by an object that was never stored."""
    with RawAssociation(daemon.port, CONTEXTS, calling="STUDIES") as association:
        assert attempt(association, PLAIN, 2, data_set(2)) == SUCCESS
        assert attempt(association, PLAIN, NUMBER, UNREADABLE["cut in a value"].data) == CANNOT_UNDERSTAND
        eventually((daemon.directory.parent / "ended").exists)
        assert attempt(association, PLAIN, 4, data_set(4)) == SUCCESS
        association.release()


def test_what_is_ignored_is_read_all_the_same(tmp_path: Path):
    config = {"testing": {"ignore": True}, "association": {"error_comment": False}}
    with storescpd(tmp_path / "out", config) as daemon, RawAssociation(daemon.port, CONTEXTS) as association:
        data = UNREADABLE["nested too deep"].data + bytes(100_000)
        assert attempt(association, PLAIN, NUMBER, data) == CANNOT_UNDERSTAND
        assert comment_of(association) == ""
        assert attempt(association, PLAIN, 4, data_set(4)) == SUCCESS
        association.release()


WITHOUT_STUDY = data_set(1).partition(b"\x20\0\x0d\0UI")[0]
FAILURES: Mapping[str, tuple[str, bytes, int, str]] = {
    "no space": ("FULL", data_set(1), OUT_OF_RESOURCES, "disk space"),
    "not mounted": ("UNMOUNTED", data_set(1), OUT_OF_RESOURCES, "storage"),
    "too large": ("SMALL", data_set(1), OUT_OF_RESOURCES, "larger"),
    "empty": ("ANY", b"", OUT_OF_RESOURCES, "empty"),
    "other UIDs": ("ANY", data_set(2), MISMATCH, "other SOP UIDs"),
    "no UIDs": ("ANY", encode(0x00100010, "PN", PATIENT), CANNOT_UNDERSTAND, "lacks"),
    "no study": ("STUDIES", WITHOUT_STUDY, CANNOT_UNDERSTAND, "Study Instance UID"),
    "nested": ("ANY", UNREADABLE["nested too deep"].data, CANNOT_UNDERSTAND, "nested"),
    "cut": ("ANY", UNREADABLE["cut in a value"].data, CANNOT_UNDERSTAND, "ends too early"),
    "there already": ("REJECT", data_set(1), DUPLICATE, "already"),
}
"""Calling title, data set, status, words of the comment."""


@pytest.mark.parametrize("failure", FAILURES)
def test_a_failure_says_why(failure: str, daemon: Daemon):
    title, data, status, words = FAILURES[failure]
    with RawAssociation(daemon.port, CONTEXTS, calling=title) as association:
        if status == DUPLICATE:
            attempt(association, PLAIN, 1, data)
        assert attempt(association, PLAIN, 1, data) == status
        comment = comment_of(association)
        assert words in comment
        assert "/" not in comment
        assert association.echo(ECHO) == SUCCESS
        association.release()


@pytest.mark.parametrize(("size", "told"), [(0, True), (16384, True), (256, True), (128, False), (14, False)])
def test_a_comment_stays_within_the_peers_pdu(size: int, told: bool, daemon: Daemon):
    """Where it would make two PDUs of one it is left out."""
    with RawAssociation(daemon.port, CONTEXTS, max_pdu=size) as association:
        association.send_raw(store_message(PLAIN, store_request(CT_IMAGE, instance(1)), data_set(2), 4000))
        bodies = [association.read_pdu()[1]]
        while not bodies[-1][5] & 2:
            bodies.append(association.read_pdu()[1])
        assert max(map(len, bodies)) <= (size or 131072)
        association.response = b"".join(body[6:] for body in bodies)
        assert parse_command(association.response)[0x0000_0900] == MISMATCH.to_bytes(2, "little")
        assert bool(comment_of(association)) is told
        association.release()


def test_every_cause_has_a_comment_that_the_standard_allows():
    """PS3.5 6.2: an LO has 64 characters at the most, and a backslash would make two values of it."""
    assert set(COMMENTS) == {*Fault, *Trouble}
    assert set(STORED.values()) <= set(Trouble)
    for comment in COMMENTS.values():
        assert comment.isascii()
        assert comment.isprintable()
        assert len(comment) <= 64
        assert not set(comment) & {"\\", "/"}
    assert len(set(COMMENTS.values())) == len(COMMENTS)


def cannot_store(number: int) -> Exception:
    """What the store makes of what the system says; the compiled build keeps it as the context alone."""
    made = StorageError("cannot store it")
    made.__context__ = OSError(number, "")
    return made


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (OSError(errno.ENOSPC, ""), Trouble.NO_SPACE),
        (OSError(errno.EDQUOT, ""), Trouble.NO_SPACE),
        (OSError(errno.EIO, ""), Trouble.NOT_WRITTEN),
        (cannot_store(errno.ENOSPC), Trouble.NO_SPACE),
        (cannot_store(errno.EROFS), Trouble.NOT_WRITTEN),
        (KeeperError("none"), Trouble.LEDGER),
        (PlaceError("none"), Trouble.NO_PLACE),
        (DataSetError(0, None, "grows", Fault.INFLATES), Fault.INFLATES),
        (ConversionError("no way"), Fault.NOT_CONVERTIBLE),
    ],
)
def test_the_comment_is_of_the_cause(error: Exception, cause: Fault | Trouble):
    assert comment_on(error) == COMMENTS[cause]
