"""The workers' end, against a keeper that the test plays."""

import os
import select
import signal
import socket
import threading
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from storescpd.studies import link as link_module
from storescpd.studies.errors import KeeperError
from storescpd.studies.ledger import socket_path
from storescpd.studies.link import Link
from storescpd.studies.messages import (
    MOST,
    Await,
    Inbox,
    Joined,
    Message,
    MessageError,
    Place,
    Placed,
    Record,
    Recorded,
    Refused,
    Sender,
    Settled,
    StudyKey,
    encode,
)
from storescpd.studies.pulse import Phase, Pulse, Signs, look, mark, new_memory
from storescpd.worker.links import MOST_IDLE, Links
from tests.support.processes import eventually

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


def opened(ledger: Path, trust: float = 0.0) -> Link:
    one = Link(str(ledger))
    one.open(SENDER, trust)
    return one


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
        one = opened(tmp_path / "l", trust)
        store(one)
        for pause in pauses:
            clock[0] += pause
            store(one)
        one.disconnect()
    assert keeper.kinds().count("Place") == asked
    assert keeper.kinds().count("Record") == len(pauses) + 1


def test_another_study_and_one_that_failed_are_asked_for(tmp_path):
    with played(tmp_path / "l") as keeper:
        one = opened(tmp_path / "l", 30.0)
        for study in "AAB":
            store(one, study)
        for study in "BC":
            one.begun()
            one.place(place(study))
            one.dropped()
        store(one, "C")
        one.disconnect()
    assert [message.key.study for message in keeper.heard if isinstance(message, Place)] == ["A", "B", "C", "C"]
    # Of the second object of B the keeper knows nothing that it would have to forget.
    assert keeper.kinds()[4:] == ["Place", "Record", "Place", "Dropped", "Place", "Record"]


def test_a_record_is_repeated_to_the_next_keeper_which_is_told_what_went_before(tmp_path):
    with played(tmp_path / "l") as keeper:
        keeper.next.extend([ANSWERS[Place], None, None, Recorded()])
        one = opened(tmp_path / "l", 30.0)
        store(one)
        one.disconnect()
    assert keeper.kinds() == ["Joined", "Place", *["Record", "Joined"] * 2, "Record"]
    assert keeper.heard[3] == Joined(StudyKey("/srv", "study:", "A"), 7, SENDER)
    assert keeper.heard[2] == keeper.heard[4] == keeper.heard[6]


def test_another_keeper_is_asked_for_the_directory_anew(tmp_path, clock):
    """It may have been given shorter times."""
    one = opened(tmp_path / "l", 30.0)
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
    one = Link(str(tmp_path / "nobody"), patience=0.1)
    with pytest.raises(KeeperError, match="does not answer"):
        one.place(place())


def test_a_refusal_is_told(tmp_path):
    with played(tmp_path / "l") as keeper:
        keeper.next.append(Refused("the disk is full"))
        with pytest.raises(KeeperError, match="the disk is full"):
            opened(tmp_path / "l").place(place())


def test_waiting_is_repeated_and_can_be_given_up(tmp_path):
    with played(tmp_path / "l") as keeper:
        keeper.next.extend([None, Settled()])
        one = opened(tmp_path / "l")
        one.wait("t", lambda: False)
        assert keeper.kinds() == ["Joined", "Await"] * 2
        one.wait("t", lambda: True)
        assert len(keeper.heard) == 4
        one.disconnect()


def test_long_paths_have_sockets_too(tmp_path):
    folder = tmp_path / ("x" * 120)
    folder.mkdir()
    path = os.open(folder, os.O_PATH)
    try:
        with played(Path(f"/proc/self/fd/{path}/l")):
            store(opened(folder / "l"))
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
        listener.settimeout(60)
        yield listener


@contextmanager
def met(listener: socket.socket) -> Iterator[tuple[socket.socket, list[Message], int]]:
    """A connection: what it begins with, and the descriptor of its pulse."""
    connection, _ = listener.accept()
    data, (pulse,), _, _ = socket.recv_fds(connection, 4096, 1)
    with connection:
        yield connection, Inbox().feed(data), pulse
    os.close(pulse)


def test_the_next_keeper_hears_of_an_object_on_its_way_before_it_is_complete(tmp_path, clock):
    with listening(tmp_path / "l") as listener:
        one = opened(tmp_path / "l")
        one.stir()
        with met(listener) as (_, said, pulse):
            assert said == [Joined(None, None, SENDER)]
            assert look(pulse) == Signs(0, Phase.IDLE, 100.0)
            clock[0] += 1
            one.begun()
            one.keep_up()
            assert look(pulse) == Signs(0, Phase.BUSY, 101.0)
        one.keep_up()
        clock[0] += 1
        one.keep_up()
        with met(listener) as (second, said, pulse):
            assert said == [Joined(None, None, SENDER)]
            assert look(pulse) == Signs(0, Phase.BUSY, 102.0)
            clock[0] += 1
            one.keep_up()
            second.setblocking(False)
            with pytest.raises(BlockingIOError):
                second.recv(4096)
        one.close()


def test_the_study_of_an_object_on_its_way_is_shown_to_this_keeper_and_to_the_next(tmp_path, clock):
    """A first object is what connects; no message says which study it is of."""
    study, other = StudyKey("/out", "study:", "A"), StudyKey("/out", "study:", "B")
    with listening(tmp_path / "l") as listener:
        one = opened(tmp_path / "l")
        one.begun()
        one.sends(study)
        with met(listener) as (_, said, pulse):
            assert said == [Joined(None, None, SENDER)]
            assert look(pulse) == Signs(0, Phase.BUSY, 100.0, mark(study))
        clock[0] += 1
        one.keep_up()
        with met(listener) as (connection, said, pulse):
            assert look(pulse) == Signs(0, Phase.BUSY, 101.0, mark(study))
            one.dropped()
            one.begun()
            one.sends(other)
            assert look(pulse) == Signs(0, Phase.BUSY, 101.0, mark(other))
            connection.setblocking(False)
            with pytest.raises(BlockingIOError):
                connection.recv(4096)
            one.close()
            assert look(pulse) == Signs(1, Phase.OVER, 101.0, mark(other))
            one.open(SENDER)
            one.begun()
            assert look(pulse) == Signs(1, Phase.BUSY, 101.0)


def test_a_keeper_never_sees_half_of_a_study():
    """What one processor writes in three steps another reads at any moment."""
    known = [StudyKey("/out", "study:", study) for study in "AB"]
    with new_memory() as fd:
        writer = os.fork()
        if not writer:
            pulse = Pulse(fd)
            while True:
                for key in known:
                    pulse.show(mark(key))
        try:
            eventually(lambda: look(fd).mark)
            seen = Counter(look(fd).mark for _ in range(20000))
        finally:
            os.kill(writer, signal.SIGKILL)
            os.waitpid(writer, 0)
    # On a busy machine the writer stands still between two steps: then this may be any study.
    assert set(seen) - {None} == set(map(mark, known))


def test_a_command_that_begins_while_the_keeper_is_replaced_is_told_to_the_next_one(tmp_path, clock):
    one = opened(tmp_path / "l")
    with listening(tmp_path / "l") as listener:
        one.stir()
        listener.accept()[0].close()
    (tmp_path / "l.keeper").unlink()
    one.begun()
    one.keep_up()
    with listening(tmp_path / "l") as listener:
        clock[0] += 1
        one.keep_up()
        with met(listener) as (_, said, pulse):
            assert said == [Joined(None, None, SENDER)]
            assert look(pulse).busy
    one.close()


def test_a_connection_serves_one_association_after_another(tmp_path):
    links = Links(str(tmp_path / "l"))
    with played(tmp_path / "l") as keeper:
        for study in "AB":
            one = links.take()
            one.open(SENDER)
            store(one, study)
            links.give_back(one)
        two, three = links.take(), links.take()
        assert two is one
        assert three is not one
        two.disconnect()
    assert keeper.kinds() == ["Joined", "Place", "Record", "Place", "Record"]


def test_connections_that_wait_are_bounded(tmp_path):
    links = Links(str(tmp_path / "l"))
    with listening(tmp_path / "l") as listener, ExitStack() as stack:
        lent, kept = [links.take() for _ in range(MOST_IDLE + 1)], []
        for one in lent:
            one.open(SENDER)
            one.stir()
            kept.append(stack.enter_context(met(listener))[0])
        for one in lent:
            links.give_back(one)
        gone = [connection for connection in kept if select.select([connection], [], [], 0)[0]]
        assert gone == kept[-1:]
        assert gone[0].recv(1) == b""
        for one in lent:
            one.disconnect()


def test_no_token_is_given_twice_though_the_clock_is_set_back(tmp_path, monkeypatch):
    times = [5, 6, 5, 5, 7]
    monkeypatch.setattr(link_module.time, "time_ns", lambda: times.pop(0))
    one, other = opened(tmp_path / "l"), opened(tmp_path / "l")
    tokens = [one.fresh_token() for _ in range(4)]
    assert sorted(set(tokens)) == tokens
    assert other.fresh_token() not in tokens


def test_the_keeper_sees_that_an_association_is_over(tmp_path, clock):
    with listening(tmp_path / "l") as listener:
        one = opened(tmp_path / "l")
        one.stir()
        with met(listener) as (_, _, pulse):
            one.begun()
            clock[0] += 1
            one.close()
            assert look(pulse) == Signs(1, Phase.OVER, 101.0)
            one.open(SENDER)
            one.begun()
            assert look(pulse)[:2] == (1, True)
        one.close()


def test_an_association_that_ends_with_an_object_between_its_places_takes_its_connection_along(tmp_path):
    """The keeper finds out whether the object has got its directory when the connection ends."""
    with listening(tmp_path / "l") as listener:
        one = opened(tmp_path / "l")

        def answer() -> None:
            with met(listener) as (connection, said, _):
                inbox = Inbox()
                while not any(isinstance(message, Place) for message in said):
                    said.extend(inbox.feed(connection.recv(4096)))
                connection.sendall(encode(ANSWERS[Place]))
                ended.append(connection.recv(4096))

        ended: list[bytes] = []
        keeper = threading.Thread(target=answer)
        keeper.start()
        one.begun()
        one.place(place())
        one.close()
        keeper.join()
    assert ended == [b""]


def test_a_connection_that_broke_between_two_associations_is_made_anew(tmp_path):
    links = Links(str(tmp_path / "l"))
    with listening(tmp_path / "l") as listener:
        one = links.take()
        one.open(SENDER)
        one.stir()
        listener.accept()[0].close()
        links.give_back(one)
        again = links.take()
        again.open(SENDER)
        again.stir()
        with met(listener) as (_, said, _):
            assert said == [Joined(None, None, SENDER)]
        again.disconnect()


def test_a_link_that_had_nothing_to_say_does_not_begin_with_looking_after(tmp_path, clock):
    with listening(tmp_path / "l") as listener:
        one = opened(tmp_path / "l")
        one.begun()
        clock[0] += 1
        one.keep_up()
        listener.setblocking(False)
        with pytest.raises(BlockingIOError):
            listener.accept()
