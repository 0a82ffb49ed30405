"""The workers' end, against a keeper that the test plays."""

import os
import socket
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from storescpd.studies import link as link_module
from storescpd.studies.errors import KeeperError
from storescpd.studies.ledger import socket_path
from storescpd.studies.link import Link
from storescpd.studies.messages import (
    MOST,
    Await,
    Begun,
    Dropped,
    Inbox,
    Message,
    MessageError,
    Place,
    Placed,
    Record,
    Recorded,
    Refused,
    Resumed,
    Sender,
    Settled,
    StudyKey,
    encode,
)

SENDER = Sender("CT1", "ARCHIVE", "10.0.0.1", "dicom")
ANSWERS = {Place: Placed(7, "folder", "folder"), Record: Recorded(), Await: Settled()}


class Played:
    """A keeper that answers by a table, or as it is told to for once; ``None`` is to die instead."""

    def __init__(self, path: Path) -> None:
        self.heard: list[Message] = []
        self.next: deque[Message | None] = deque()
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(path))
        self.listener.listen()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            with connection:
                self.converse(connection)

    def converse(self, connection: socket.socket) -> None:
        inbox = Inbox()
        while data := connection.recv(4096):
            for message in inbox.feed(data):
                self.heard.append(message)
                if type(message) in ANSWERS:
                    answer = self.next.popleft() if self.next else ANSWERS[type(message)]
                    if answer is None:
                        return
                    connection.sendall(encode(answer))

    def kinds(self) -> list[str]:
        return [type(message).__name__ for message in self.heard]


@contextmanager
def played(ledger: Path) -> Iterator[Played]:
    keeper = Played(Path(socket_path(str(ledger))))
    try:
        yield keeper
    finally:
        keeper.listener.shutdown(socket.SHUT_RDWR)
        keeper.listener.close()
        keeper.thread.join()


def place(study: str = "A") -> Place:
    return Place("t", "", StudyKey("/srv", "study:", study), "P", stamped=True, private=False, sender=SENDER)


def record(episode: int = 7, study: str = "A") -> Record:
    return Record("t", "", episode, "/srv", "folder", "CT.1", "CT", "1", "2", study, "3", 0, SENDER)


@pytest.fixture
def clock(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(link_module.time, "monotonic", lambda: now[0])
    return now


def store(one: Link, study: str = "A") -> None:
    one.begun()
    one.place(place(study))
    one.record(record(study=study))


@pytest.mark.parametrize(
    ("trust", "pauses", "asked"),
    [(30.0, [0, 0, 29], 1), (30.0, [0, 31], 2), (0.0, [0, 0], 3)],
)
def test_a_directory_is_asked_for_again_when_its_study_may_have_ended(trust, pauses, asked, clock, tmp_path):
    with played(tmp_path / "l") as keeper:
        one = Link(str(tmp_path / "l"), SENDER, trust)
        store(one)
        for pause in pauses:
            clock[0] += pause
            store(one)
        one.close()
    assert keeper.kinds().count("Place") == asked
    assert keeper.kinds().count("Record") == len(pauses) + 1


def test_another_study_and_one_that_failed_are_asked_for(tmp_path):
    with played(tmp_path / "l") as keeper:
        one = Link(str(tmp_path / "l"), SENDER, 30.0)
        for study in "AAB":
            store(one, study)
        one.begun()
        one.place(place("B"))
        one.dropped()
        store(one, "B")
        one.close()
    assert [message.key.study for message in keeper.heard if isinstance(message, Place)] == ["A", "B", "B"]
    assert isinstance(keeper.heard[-3], Begun)
    assert any(isinstance(message, Dropped) for message in keeper.heard)


def test_a_record_is_repeated_to_the_next_keeper_which_is_told_what_went_before(tmp_path):
    with played(tmp_path / "l") as keeper:
        keeper.next.extend([ANSWERS[Place], None, None, Recorded()])
        one = Link(str(tmp_path / "l"), SENDER, 30.0)
        store(one)
        one.close()
    assert keeper.kinds() == ["Place", "Record", "Resumed", "Record", "Resumed", "Record"]
    assert keeper.heard[2] == Resumed(StudyKey("/srv", "study:", "A"), 7, busy=True, sender=SENDER)
    assert keeper.heard[1] == keeper.heard[3] == keeper.heard[5]


def test_another_keeper_is_asked_for_the_directory_anew(tmp_path, clock):
    """It may have been given shorter times."""
    one = Link(str(tmp_path / "l"), SENDER, 30.0)
    heard = []
    for number in range(2):
        with played(tmp_path / "l") as keeper:
            if number:
                clock[0] += 1
            one.begun()
            one.keep_up()
            one.place(place())
            keeper.next.append(Recorded())
            one.record(record())
            heard.append(keeper)
            connection = one._socket
            connection.shutdown(socket.SHUT_RDWR)
        (tmp_path / "l.keeper").unlink()
    assert [keeper.kinds().count("Place") for keeper in heard] == [1, 1]


def test_patience_ends(tmp_path):
    one = Link(str(tmp_path / "nobody"), SENDER, patience=0.1)
    with pytest.raises(KeeperError, match="does not answer"):
        one.place(place())


def test_a_refusal_is_told(tmp_path):
    with played(tmp_path / "l") as keeper:
        keeper.next.append(Refused("the disk is full"))
        with pytest.raises(KeeperError, match="the disk is full"):
            Link(str(tmp_path / "l"), SENDER).place(place())


def test_waiting_is_repeated_and_can_be_given_up(tmp_path):
    with played(tmp_path / "l") as keeper:
        keeper.next.extend([None, Settled()])
        one = Link(str(tmp_path / "l"), SENDER)
        one.wait("t", lambda: False)
        assert keeper.kinds() == ["Await", "Resumed", "Await"]
        one.wait("t", lambda: True)
        assert len(keeper.heard) == 3
        one.close()


def test_long_paths_have_sockets_too(tmp_path):
    folder = tmp_path / ("x" * 120)
    folder.mkdir()
    path = os.open(folder, os.O_PATH)
    try:
        with played(Path(f"/proc/self/fd/{path}/l")):
            store(Link(str(folder / "l"), SENDER))
    finally:
        os.close(path)


@pytest.mark.parametrize(
    "data", [b"\xff\xff\xff\xff", b"\0\0\0\2{}", b'\0\0\0\4["X"]', b'\0\0\0\7["Place"', (MOST + 1).to_bytes(4, "big")]
)
def test_what_is_no_message_is_refused(data):
    with pytest.raises(MessageError):
        Inbox().feed(data + b"]")


def test_messages_are_bounded():
    with pytest.raises(MessageError, match="65536 are the most"):
        encode(Refused("x" * MOST))


@contextmanager
def listening(ledger: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(socket_path(str(ledger)))
        listener.listen()
        listener.settimeout(20)
        yield listener


def test_the_next_keeper_hears_of_an_object_on_its_way_before_it_is_complete(tmp_path, clock):
    with listening(tmp_path / "l") as listener:
        one = Link(str(tmp_path / "l"), SENDER)
        one.announce(Dropped())
        first, _ = listener.accept()
        one.begun()
        one.keep_up()
        assert [type(message) for message in Inbox().feed(first.recv(4096))] == [Dropped, Begun]
        first.close()
        one.keep_up()
        clock[0] += 1
        one.keep_up()
        second, _ = listener.accept()
        assert Inbox().feed(second.recv(4096)) == [Resumed(None, None, busy=True, sender=SENDER)]
        clock[0] += 1
        one.keep_up()
        second.setblocking(False)
        with pytest.raises(BlockingIOError):
            second.recv(4096)
        second.close()
        one.close()


def test_a_command_that_begins_while_the_keeper_is_replaced_is_told_to_the_next_one(tmp_path, clock):
    one = Link(str(tmp_path / "l"), SENDER)
    with listening(tmp_path / "l") as listener:
        one.announce(Dropped())
        listener.accept()[0].close()
    (tmp_path / "l.keeper").unlink()
    one.begun()
    one.keep_up()
    with listening(tmp_path / "l") as listener:
        clock[0] += 1
        one.keep_up()
        second, _ = listener.accept()
        assert Inbox().feed(second.recv(4096)) == [Resumed(None, None, busy=True, sender=SENDER)]
        second.close()
    one.close()


def test_a_link_that_had_nothing_to_say_does_not_begin_with_looking_after(tmp_path, clock):
    with listening(tmp_path / "l") as listener:
        one = Link(str(tmp_path / "l"), SENDER)
        one.begun()
        clock[0] += 1
        one.keep_up()
        listener.setblocking(False)
        with pytest.raises(BlockingIOError):
            listener.accept()
