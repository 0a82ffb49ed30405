"""When studies begin and end, by a clock that the test holds."""

import os
import time
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from storescpd.studies import jobs
from storescpd.studies.associations import Association
from storescpd.studies.course import Course
from storescpd.studies.ending import Ending
from storescpd.studies.episodes import State
from storescpd.studies.ledger import Ledger, lock
from storescpd.studies.listing import studies
from storescpd.studies.messages import Joined, Place, Placed, Record, Sender, StudyKey
from storescpd.studies.policy import GENERAL, Policies, Policy, Scope
from storescpd.studies.pruning import prune
from storescpd.studies.pulse import Pulse, mark, new_memory
from tests.studies.studies import STAMP, FakeClock, rows


@dataclass
class Stage:
    """A keeper's studies without its processes."""

    root: Path
    policy: Policy
    clock: FakeClock = field(default_factory=FakeClock)
    tokens: int = 0
    policies: dict[str, Policy] = field(default_factory=dict)
    """By slot, where there are more than one."""
    pulses: dict[Association, Pulse] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.open()

    def open(self) -> None:
        path = str(self.root / "ledger.sqlite")
        self.ledger = Ledger(path, lock(path), synchronous=False)
        policies = Policies({GENERAL: self.policy} | self.policies, {})
        self.course = Course(self.ledger, policies)
        self.ending = Ending(self.ledger, self.course, policies)
        self.course.load(self.clock.now())
        self.course.repair(self.clock.now())
        self.ledger.commit()

    def restart(self) -> None:
        """The keeper is gone, and another one comes."""
        self.ledger.close()
        self.open()

    def associate(self) -> Association:
        with new_memory() as fd:
            association = Association(os.dup(fd))
            self.pulses[association] = Pulse(fd)
        self.course.associations.open.append(association)
        return association

    def begin(self, association: Association) -> None:
        """A command comes."""
        self.pulses[association].begin(self.clock.monotonic)

    def read(self, association: Association, study: str) -> None:
        """The study of its object is known."""
        self.pulses[association].show(mark(self.key(study)))

    def key(self, study: str) -> StudyKey:
        return StudyKey(str(self.root), "study:P", study)

    def end(self, association: Association) -> None:
        """It is over."""
        self.pulses[association].end(self.clock.monotonic)

    def place(self, association: Association, study: str, peer: str = "10.0.0.1", **options: object) -> Placed:
        self.tokens += 1
        request = self.request(study, peer, stamped=bool(options.pop("stamped", True)))
        self.begin(association)
        placed = self.course.place(request, association, self.clock.now())
        self.ledger.commit()
        return placed

    def request(self, study: str, peer: str = "10.0.0.1", *, stamped: bool) -> Place:
        return Place(
            token=str(self.tokens),
            slot=GENERAL,
            key=self.key(study),
            label="P" if stamped else study,
            stamped=stamped,
            private=False,
            sender=Sender("CT1", "ARCHIVE", peer, "dicom"),
        )

    def record(
        self, association: Association, study: str, placed: Placed, token: str | None = None, slot: str = GENERAL
    ) -> bool:
        """Enter the object that was placed last; whether that was news."""
        (self.root / placed.folder).mkdir(exist_ok=True)
        (self.root / placed.folder / f"CT.{self.tokens}").write_bytes(b"")
        sender = Sender("CT1", "ARCHIVE", "10.0.0.1", "dicom")
        name = f"CT.{self.tokens}"
        token = token or str(self.tokens)
        record = Record(
            token, slot, placed.episode, str(self.root), placed.folder, name, "CT", "1", "2", study, "3", 0, sender
        )
        entered = self.course.record(record, association, self.clock.now())
        self.ledger.commit()
        self.end(association)
        return entered is not None

    def leave(self, association: Association) -> None:
        """Its connection is gone."""
        self.course.leave(association, self.clock.now())

    def store(self, association: Association, study: str, **options: object) -> str:
        """One object; the directory that it went to."""
        placed = self.place(association, study, **options)
        self.record(association, study, placed)
        return placed.folder

    def look(self) -> list[str]:
        """What time does: the studies that are over now, in the order of their ends."""
        self.course.end_quiet(self.clock.now())
        while self.course.stirred:
            self.ending.go_on(self.clock.now())
            self.ledger.commit()
        query = "SELECT study FROM episodes WHERE state = 'ended' ORDER BY ended, id"
        return [study for (study,) in self.ledger.database.execute(query)]


def joined(scene: Stage, placed: Placed) -> Joined:
    """What a worker says to a new keeper while it stores an object of study A."""
    sender = Sender("CT1", "ARCHIVE", "10.0.0.1", "dicom")
    return Joined(StudyKey(str(scene.root), "study:P", "A"), placed.episode, sender)


@pytest.fixture
def stage(tmp_path):
    made = []

    def make(scope: Scope = Scope.NONE, timeout: float = 60.0, **policy: object) -> Stage:
        made.append(Stage(tmp_path, Policy(scope=scope, end_of_study_timeout=timeout, **policy)))
        return made[-1]

    yield make
    for one in made:
        one.ledger.close()


def test_a_study_ends_when_nothing_came_for_its_time(stage):
    scene = stage()
    association = scene.associate()
    first = scene.store(association, "A")
    scene.clock.sleep(59)
    assert scene.store(association, "A") == first
    scene.clock.sleep(59)
    assert scene.look() == []
    scene.clock.sleep(1)
    assert scene.look() == ["A"]
    assert scene.store(association, "A") != first


def test_other_studies_do_not_keep_it_open(stage):
    scene = stage()
    association = scene.associate()
    scene.store(association, "A")
    scene.clock.sleep(40)
    scene.store(association, "B")
    scene.clock.sleep(20)
    assert scene.look() == ["A"]


@pytest.mark.parametrize("step", [-86400.0, 86400.0])
def test_a_step_of_the_clock_ends_no_study_and_delays_none(step, stage):
    scene = stage()
    scene.store(scene.associate(), "A")
    scene.clock.sleep(59)
    scene.clock.wall += step
    scene.restart()
    assert scene.look() == []
    scene.clock.sleep(1)
    assert scene.look() == ["A"]


@pytest.mark.parametrize(("off", "left"), [(10, 50), (3600, 0)])
def test_time_goes_on_while_the_machine_is_off(off, left, stage):
    scene = stage()
    scene.store(scene.associate(), "A")
    scene.clock.reboot(off)
    scene.restart()
    if left:
        scene.clock.sleep(left - 1)
        assert scene.look() == []
        scene.clock.sleep(1)
    assert scene.look() == ["A"]


def test_a_clock_set_back_during_a_reboot_delays_by_the_timeout_at_most(stage):
    scene = stage()
    scene.store(scene.associate(), "A")
    scene.clock.reboot(-86400)
    scene.restart()
    scene.clock.sleep(60)
    assert scene.look() == ["A"]


def test_one_directory_whatever_association_brings_it(stage):
    scene = stage()
    folders = {scene.store(scene.associate(), "A", peer=f"10.0.0.{number}") for number in range(4)}
    assert len(folders) == 1


def test_interleaved_studies_each_have_one_directory_and_one_end(stage):
    scene = stage()
    association = scene.associate()
    folders = {(study, scene.store(association, study)) for _ in range(5) for study in "ABCDEFGHIJ"}
    assert len(folders) == len({folder for _, folder in folders}) == 10
    scene.clock.sleep(60)
    assert sorted(scene.look()) == sorted("ABCDEFGHIJ")


def test_two_studies_in_one_millisecond_get_two_directories(stage):
    scene = stage()
    first, second = scene.store(scene.associate(), "A"), scene.store(scene.associate(), "B")
    stamps = [int(STAMP.search(name)[0].replace("_", "")) for name in (first, second)]
    assert stamps[1] == stamps[0] + 1


def test_a_directory_that_exists_is_never_allotted(stage, monkeypatch):
    """Such as that of the hour before the clock went back."""
    scene = stage()
    name = scene.store(scene.associate(), "A")
    stamp = int(name.rpartition("_")[2])
    for offset in (1, 2):
        (scene.root / f"{name[:-9]}{stamp + offset:09d}").mkdir()
    assert scene.store(scene.associate(), "B") == f"{name[:-9]}{stamp + 3:09d}"


def test_the_repeated_hour_of_a_clock_change_shares_no_directory(stage, monkeypatch):
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    try:
        scene = stage()
        scene.clock.wall = 1_792_886_400.0 + 1800  # 2026-10-25, 02:30 summer time
        first = scene.store(scene.associate(), "A")
        scene.clock.wall += 3600  # 02:30 again
        second = scene.store(scene.associate(), "B")
    finally:
        monkeypatch.undo()
        time.tzset()
    assert first == "P_20261025_023000000"
    assert second == "P_20261025_023000001"


@pytest.mark.parametrize(
    ("scope", "ended"),
    [(Scope.NONE, []), (Scope.ASSOCIATION, ["A"]), (Scope.PEER, ["A"]), (Scope.DAEMON, ["A"])],
)
def test_another_study_of_the_same_association(scope, ended, stage):
    scene = stage(scope)
    association = scene.associate()
    scene.store(association, "A")
    scene.store(association, "B")
    assert scene.look() == ended


@pytest.mark.parametrize(
    ("scope", "peer", "ended"),
    [
        (Scope.ASSOCIATION, "10.0.0.1", []),
        (Scope.PEER, "10.0.0.1", ["A"]),
        (Scope.PEER, "10.0.0.2", []),
        (Scope.DAEMON, "10.0.0.2", ["A"]),
    ],
)
def test_another_study_of_another_association(scope, peer, ended, stage):
    scene = stage(scope)
    first = scene.associate()
    scene.store(first, "A")
    scene.course.leave(first, scene.clock.now())
    scene.store(scene.associate(), "B", peer=peer)
    assert scene.look() == ended


def test_storescps_studies_end_whoever_comes_back_to_one(stage):
    scene = stage(Scope.DAEMON)
    first, second = scene.associate(), scene.associate()
    folder = scene.store(first, "A")
    scene.store(second, "B")
    assert scene.store(first, "A") != folder
    assert scene.look() == ["A", "B"]


@pytest.mark.parametrize("scope", [Scope.ASSOCIATION, Scope.PEER])
def test_a_study_that_another_association_sends_now_goes_on(scope, stage):
    scene = stage(scope)
    first, second = scene.associate(), scene.associate()
    scene.store(first, "A")
    scene.store(second, "A")
    scene.store(first, "B")
    assert scene.look() == []
    scene.store(second, "B")
    assert scene.look() == ["A"]


def test_a_study_that_is_being_sent_is_not_quiet(stage):
    """An object may take longer to come than a study may be quiet."""
    scene = stage()
    association = scene.associate()
    scene.store(association, "A")
    scene.begin(association)
    scene.clock.sleep(61)
    assert scene.look() == []
    scene.end(association)
    scene.clock.sleep(60)
    assert scene.look() == ["A"]


def test_the_first_object_of_an_association_holds_its_study_once_that_is_known(stage):
    scene = stage()
    scene.store(scene.associate(), "A")
    other = scene.associate()
    scene.begin(other)
    scene.clock.sleep(59)
    scene.read(other, "A")
    scene.clock.sleep(1000)
    assert scene.look() == []
    scene.store(other, "A")
    scene.clock.sleep(59)
    assert scene.look() == []
    scene.clock.sleep(1)
    assert scene.look() == ["A"]


def test_an_association_that_sends_another_study_now_holds_its_last_no_more(stage):
    scene = stage()
    association = scene.associate()
    scene.store(association, "A")
    scene.begin(association)
    scene.read(association, "B")
    scene.clock.sleep(60)
    assert scene.look() == ["A"]


def test_an_object_that_failed_was_a_sign_of_life_of_its_study(stage):
    scene = stage()
    scene.store(scene.associate(), "A")
    for over in (scene.end, lambda one: scene.pulses[one].next(scene.clock.monotonic), scene.leave):
        other = scene.associate()
        scene.begin(other)
        scene.read(other, "A")
        scene.clock.sleep(50)
        over(other)
        scene.clock.sleep(59)
        assert scene.look() == []
    scene.clock.sleep(1)
    assert scene.look() == ["A"]


def test_the_next_association_of_a_connection_does_not_send_the_study_of_the_last(stage):
    scene = stage()
    association = scene.associate()
    scene.store(association, "A")
    scene.pulses[association].next(scene.clock.monotonic)
    scene.begin(association)
    scene.clock.sleep(60)
    assert scene.look() == ["A"]


def test_a_worker_that_dies_while_it_writes_which_study_it_sends_ends_none_before_it_is_gone(stage):
    scene = stage()
    scene.store(scene.associate(), "A")
    torn = scene.associate()
    scene.begin(torn)
    os.pwrite(torn.pulse, b"torn", 24)
    scene.clock.sleep(60)
    assert scene.look() == []
    scene.leave(torn)
    scene.clock.sleep(60)
    assert scene.look() == ["A"]


@pytest.mark.parametrize("scope", [Scope.ASSOCIATION, Scope.PEER])
def test_a_study_whose_first_object_comes_by_another_association_goes_on(scope, stage):
    scene = stage(scope)
    first, second = scene.associate(), scene.associate()
    scene.store(first, "A")
    scene.begin(second)
    scene.read(second, "A")
    scene.store(first, "B")
    assert scene.look() == []


@pytest.mark.parametrize(("scope", "ended"), [(Scope.DAEMON, []), (Scope.NONE, ["A"])])
def test_any_sign_of_life_delays_storescps_timer_and_no_other(scope, ended, stage):
    scene = stage(scope)
    scene.store(scene.associate(), "A")
    scene.clock.sleep(59)
    scene.end(scene.associate())
    scene.clock.sleep(1)
    assert scene.look() == ended
    scene.clock.sleep(60)
    assert scene.look() == ["A"]


def test_what_moved_on_a_connection_that_is_gone_delays_storescps_timer_all_the_same(stage):
    scene = stage(Scope.DAEMON)
    scene.store(scene.associate(), "A")
    scene.clock.sleep(59)
    other = scene.associate()
    scene.end(other)
    scene.course.leave(other, scene.clock.now())
    scene.clock.sleep(1)
    assert scene.look() == []
    scene.clock.sleep(59)
    assert scene.look() == ["A"]


def test_the_end_of_an_association_delays_storescps_timer(stage):
    """storescp begins to wait for another association then (storescp facts 3.3)."""
    scene = stage(Scope.DAEMON)
    association = scene.associate()
    scene.store(association, "A")
    scene.clock.sleep(59)
    scene.pulses[association].next(scene.clock.monotonic)
    scene.clock.sleep(59)
    assert scene.look() == []
    scene.clock.sleep(1)
    assert scene.look() == ["A"]


def test_the_time_since_a_boot_is_no_sign_of_life(stage):
    """A study that was quiet while the machine was off is over, whatever the new monotonic clock says."""
    scene = stage(Scope.DAEMON)
    scene.store(scene.associate(), "A")
    scene.clock.reboot(3600)
    scene.restart()
    scene.associate()
    assert scene.look() == ["A"]


def test_the_next_association_of_a_connection_has_no_study_yet(stage):
    """What another association sent on it before neither ends with its first object, nor is kept open by it."""
    scene = stage(Scope.ASSOCIATION)
    first, second = scene.associate(), scene.associate()
    scene.store(first, "A")
    scene.pulses[first].next(scene.clock.monotonic)
    scene.store(first, "B")
    assert scene.look() == []
    scene.pulses[first].next(scene.clock.monotonic)
    scene.begin(first)
    scene.clock.sleep(60)
    assert scene.look() == ["A", "B"]
    scene.store(first, "C")
    scene.store(second, "C")
    scene.pulses[second].next(scene.clock.monotonic)
    scene.store(first, "D")
    assert scene.look() == ["A", "B", "C"]


def test_when_a_study_was_last_heard_of_outlives_the_keeper_to_the_second(stage):
    """Not every object is a new entry of the time; what is not entered is known from the object."""
    scene = stage()
    association = scene.associate()
    for pause in (0, 0.5, 0.4):
        scene.clock.sleep(pause)
        scene.store(association, "A")
    assert [round(scene.clock.wall - row.last, 3) for row in studies(scene.ledger.path)] == [0]
    scene.restart()
    scene.clock.sleep(59.5)
    assert scene.look() == []
    scene.clock.sleep(0.5)
    assert scene.look() == ["A"]


def test_an_object_on_its_way_belongs_to_the_study_that_it_was_placed_in(stage):
    scene = stage(Scope.DAEMON)
    first, second = scene.associate(), scene.associate()
    scene.store(first, "A")
    placed = scene.place(second, "A")
    scene.store(first, "B")
    assert scene.look() == [], "one of its objects is being moved into its directory"
    scene.record(second, "A", placed, token="late")
    assert scene.look() == ["A"]
    query = "SELECT count(*) FROM objects JOIN episodes ON episodes.id = episode WHERE episodes.study = 'A'"
    assert scene.ledger.database.execute(query).fetchone() == (2,)


def test_an_object_that_comes_too_late_opens_the_study_again_where_it_lies(stage):
    scene = stage()
    association = scene.associate()
    scene.store(association, "A")
    placed = scene.place(association, "A")
    scene.course.leave(association, scene.clock.now())
    scene.clock.sleep(61)
    assert scene.look() == ["A"]
    again = scene.associate()
    scene.course.join(Joined(None, placed.episode, Sender("CT1", "A", "10.0.0.1", "")), again, scene.clock.now())
    scene.record(again, "A", placed)
    assert [one.folder for one in scene.course.episodes.values()] == [placed.folder]
    scene.clock.sleep(60)
    assert scene.look() == ["A", "A"]


def test_a_record_that_is_repeated_counts_once(stage):
    scene = stage()
    association = scene.associate()
    placed = scene.place(association, "A")
    assert scene.record(association, "A", placed, token="t")
    scene.course.join(joined(scene, placed), association, scene.clock.now())
    assert not scene.record(association, "A", placed, token="t")
    assert scene.ledger.database.execute("SELECT count(*) FROM objects").fetchone() == (1,)


def test_a_record_that_is_repeated_after_the_end_of_its_study_opens_nothing(stage):
    """The keeper died between commit and answer, and its study was over before the worker came back."""
    scene = stage()
    first = scene.associate()
    placed = scene.place(first, "A")
    assert scene.record(first, "A", placed, token="t")
    scene.restart()
    scene.clock.sleep(61)
    assert scene.look() == ["A"]
    again = scene.associate()
    scene.course.join(joined(scene, placed), again, scene.clock.now())
    assert not scene.record(again, "A", placed, token="t")
    assert not scene.course.episodes
    assert scene.store(again, "A") != placed.folder


def test_an_object_whose_study_was_forgotten_meanwhile_is_of_that_study(stage):
    """Its worker was busy with the disk while the keeper was replaced, and nothing else of the study was there."""
    scene = stage()
    placed = scene.place(scene.associate(), "A")
    scene.restart()
    scene.clock.sleep(61)
    assert scene.look() == []
    again = scene.associate()
    scene.course.join(joined(scene, placed), again, scene.clock.now())
    assert scene.record(again, "A", placed)
    scene.clock.sleep(60)
    assert scene.look() == ["A"]
    query = "SELECT folder, shown, (SELECT count(*) FROM objects WHERE episode = episodes.id) FROM episodes"
    assert scene.ledger.database.execute(query).fetchall() == [(placed.folder, placed.folder, 1)]


@pytest.mark.parametrize(("scheme", "shown"), [("study:P", "P_1"), ("patient-name:", "***")])
def test_a_forgotten_study_is_shown_without_a_patients_name(scheme, shown, stage):
    scene = stage()
    association = scene.associate()
    key = StudyKey(str(scene.root), scheme, "A")
    sender = Sender("CT1", "A", "10.0.0.1", "")
    scene.course.join(Joined(key, 99, sender), association, scene.clock.now())
    assert scene.record(association, "A", Placed(99, "P_1", "P_1"))
    assert [one.shown for one in scene.course.episodes.values()] == [shown]


def test_what_is_remembered_of_a_study_does_not_grow_with_its_objects(stage):
    """Two tables of [[peers]] with times of their own send one study by turns."""
    scene = stage()
    scene.policies = {GENERAL: scene.policy, "short": replace(scene.policy, end_of_study_timeout=5.0)}
    scene.restart()
    association = scene.associate()
    placed = scene.place(association, "A")
    for _ in range(50):
        for slot in (GENERAL, "short"):
            scene.tokens += 1
            scene.clock.sleep(0.01)
            scene.record(association, "A", placed, slot=slot)
            assert scene.look() == []
    assert len(scene.course._timers) < 5
    # The last object's time counts, whatever was due before.
    scene.clock.sleep(4.9)
    assert scene.look() == []
    scene.clock.sleep(0.2)
    assert scene.look() == ["A"]


@pytest.mark.timeout(20)
def test_a_moment_that_is_due_but_for_rounding_has_come(stage):
    """Sums of binary fractions: at the moment that was asked for a tiny part of the time seems to be left."""
    scene = stage(timeout=5.3)
    scene.clock.monotonic = 3393682.335065278
    scene.store(scene.associate(), "A")
    scene.clock.monotonic = 3393687.2982003884
    scene.restart()
    scene.clock.monotonic = scene.course.next_timer()
    assert scene.look() == ["A"]


def test_a_study_of_which_nothing_was_stored_has_not_been(stage):
    scene = stage()
    association = scene.associate()
    scene.place(association, "A")
    scene.course.drop(association, scene.clock.now())
    scene.end(association)
    scene.clock.sleep(60)
    assert scene.look() == []
    assert scene.ledger.database.execute("SELECT count(*) FROM episodes").fetchone() == (0,)


def test_nobody_is_given_a_directory_where_files_are_renamed(stage):
    """What was given it before has to be recorded, also for the next episode of the study; another study can begin."""
    scene = stage(rename=True)
    first, second = scene.associate(), scene.associate()
    scene.store(first, "A", stamped=False)
    scene.clock.sleep(60)
    scene.course.end_quiet(scene.clock.now())
    placed = scene.place(second, "A", stamped=False)
    for _ in range(3):
        scene.ending.go_on(scene.clock.now())
        assert scene.course.is_closed(scene.request("A", stamped=False))
    assert not scene.course.is_closed(scene.request("B", stamped=False))
    scene.record(second, "A", placed)
    scene.ending.go_on(scene.clock.now())
    scene.ledger.commit()
    assert rows(scene.root / "ledger.sqlite", "SELECT state FROM episodes") == [("renaming",), ("open",)]
    scene.restart()
    assert scene.course.is_closed(scene.request("A", stamped=False))
    assert scene.look() == ["A"]
    assert not scene.course.is_closed(scene.request("A", stamped=False))


def test_study_uid_directories_are_used_again(stage):
    scene = stage()
    association = scene.associate()
    first = scene.store(association, "A", stamped=False)
    scene.clock.sleep(60)
    assert scene.look() == ["A"]
    assert scene.store(association, "A", stamped=False) == first == "A"


def test_files_without_a_record_are_adopted_at_the_start(stage):
    scene = stage(rename=True)
    folder = scene.root / scene.store(scene.associate(), "A")
    scene.clock.wall = os.stat(folder).st_ctime
    scene.ledger.database.execute("UPDATE episodes SET opened = ?", (scene.clock.wall,))
    (folder / "MR.1.2.3").write_bytes(b"")
    (folder / "20261123101112345_0001.SC.dcm").write_bytes(b"")
    (folder / "notes.txt").write_bytes(b"")
    scene.restart()
    codes = "SELECT name, code FROM objects WHERE token LIKE 'adopted%' ORDER BY name"
    found = scene.ledger.database.execute(codes).fetchall()
    assert found == [("20261123101112345_0001.SC.dcm", "SC"), ("MR.1.2.3", "MR")]
    scene.clock.sleep(60)
    assert scene.look() == ["A"]
    assert sorted(os.listdir(folder)) == ["CT000001", "MR000003", "SC000002", "notes.txt"]


def test_a_file_that_vanishes_meanwhile_keeps_no_other_from_being_adopted(stage, monkeypatch):
    """Consumers take files away at any time."""
    scene = stage()
    folder = scene.root / scene.store(scene.associate(), "A")
    scene.clock.wall = os.stat(folder).st_ctime
    scene.ledger.database.execute("UPDATE episodes SET opened = ?", (scene.clock.wall,))
    names = [f"MR.1.2.{number}" for number in range(5)]
    for name in names:
        (folder / name).write_bytes(b"")
    scan = os.scandir

    @contextmanager
    def consumed(path):
        with scan(path) as entries:
            listed = list(entries)
            (folder / names[2]).unlink()
            yield listed

    monkeypatch.setattr(os, "scandir", consumed)
    scene.restart()
    query = "SELECT name FROM objects WHERE token LIKE 'adopted%' ORDER BY name"
    found = [name for (name,) in scene.ledger.database.execute(query)]
    assert found == [name for name in names if name != names[2]]


@pytest.mark.parametrize("asks", [True, False])
def test_a_file_whose_worker_died_before_its_record_is_adopted_at_once(asks, stage):
    """Else it would stay behind without a number when its study ends; soon after an object nobody asks for a place."""
    scene = stage(rename=True)
    association = scene.associate()
    folder = scene.root / scene.store(association, "A")
    scene.clock.wall = os.stat(folder).st_ctime
    if asks:
        scene.place(association, "A")
    else:
        scene.begin(association)
    (folder / "MR.1.2.3").write_bytes(b"")
    scene.course.leave(association, scene.clock.now())
    scene.clock.sleep(60)
    assert scene.look() == ["A"]
    assert sorted(os.listdir(folder)) == ["CT000001", "MR000002"]


def test_a_file_whose_name_is_no_text_is_not_ours(stage):
    """The keeper must not die of what somebody has put beside our files."""
    scene = stage()
    folder = scene.root / scene.store(scene.associate(), "A")
    scene.clock.wall = os.stat(folder).st_ctime
    scene.ledger.database.execute("UPDATE episodes SET opened = ?", (scene.clock.wall,))
    Path(os.fsdecode(os.fsencode(folder) + b"/CT.\xff")).write_bytes(b"")
    (folder / "MR.1.2.3").write_bytes(b"")
    scene.restart()
    query = "SELECT name FROM objects WHERE token LIKE 'adopted%'"
    assert scene.ledger.database.execute(query).fetchall() == [("MR.1.2.3",)]


def test_pending_ends_go_on_with_the_next_keeper(stage):
    scene = stage(on_reception="true")
    association = scene.associate()
    placed = scene.place(association, "A")
    scene.record(association, "A", placed)
    database = scene.ledger.begin()
    record = Record("1", GENERAL, 1, "", "", "", "", "", "", "A", "", 0, Sender("", "", "", ""))
    jobs.add_reception(database, record, 1, placed.episode, scene.clock.now())
    scene.ledger.commit()
    scene.clock.sleep(60)
    assert scene.look() == []
    scene.restart()
    assert [one.state for one in scene.course.episodes.values()] == [State.WAITING]
    database.close()
    scene.ledger.begin().execute("UPDATE hooks SET state = 'done'")
    scene.course.stir(placed.episode, "")
    assert scene.look() == ["A"]


def test_the_last_of_storescps_studies_stays_open_after_a_crash(stage):
    """The keeper died after it had opened the second, before it could say that the first had ended."""
    scene = stage(Scope.NONE)
    scene.store(scene.associate(), "A")
    scene.store(scene.associate(), "B")
    scene.policy = replace(scene.policy, scope=Scope.DAEMON)
    scene.restart()
    assert scene.look() == ["A"]


def test_nothing_that_happens_often_looks_through_a_whole_table(stage):
    """A ledger keeps a month of a hospital's objects."""
    scene = stage(Scope.DAEMON, rename=True, on_reception="true", on_end_of_study="true")
    statements: set[str] = set()
    scene.ledger.database.set_trace_callback(statements.add)
    association = scene.associate()
    for study in "AB":
        placed = scene.place(association, study)
        scene.record(association, study, placed)
        record = Record(str(scene.tokens), GENERAL, 1, "", "", "", "", "", "", study, "", 0, Sender("", "", "", ""))
        jobs.add_reception(scene.ledger.begin(), record, scene.tokens, placed.episode, scene.clock.now())
    database = scene.ledger.begin()
    job = jobs.by_id(database, next(jobs.waiting(database, 0))[0])
    jobs.started(database, job, 1, 1, scene.clock.now())
    for number in (1, 2):
        jobs.ended(database, jobs.by_id(database, number), jobs.JobState.DONE, "", scene.clock.now())
    jobs.settled(database, "2")
    jobs.facts(database, job)
    jobs.token_of(database, job)
    scene.course.stir(1, "2")
    scene.look()
    jobs.retry_failed(database)
    list(jobs.running(database))
    prune(database, 1.0)
    scene.ledger.database.set_trace_callback(None)
    steps = [
        (statement, detail)
        for statement in statements
        if statement.split()[0] in {"SELECT", "UPDATE", "DELETE"}
        for *_, detail in scene.ledger.database.execute(f"EXPLAIN QUERY PLAN {statement}")
    ]
    assert len(steps) > 20
    # The directories of one study have few episodes, and the test's own look at what has ended reads them all.
    assert [step for step in steps if step[1].startswith("SCAN") and "ORDER BY ended" not in step[0]] == []
