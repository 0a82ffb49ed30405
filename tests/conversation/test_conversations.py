"""Raw conversations with storescp, with the acceptor alone and with the daemon: equal answers, PDU for PDU.

Where `docs/differences.md` names a conversation, each says what its column shows.
"""

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.conversation.differences import COLUMNS, FILE, ROOT, by_script, differences, rows
from tests.conversation.loop import acceptor_loop
from tests.conversation.player import Outcome, Scripts, anonymous, play
from tests.conversation.rendering import rendered
from tests.conversation.scripts import SCRIPTS, STORING
from tests.support.daemon import storescpd
from tests.support.reference import storescp
from tests.support.tools import need

Outcomes = Mapping[str, Outcome]
DIFFERENT = by_script()


def played(port: int, scripts: Scripts, *, theirs: bool) -> Outcomes:
    """Every conversation with one receiver, several at a time; where storescp is said to be silent, that is awaited."""

    def one(name: str) -> Outcome:
        expected = DIFFERENT.get(name)
        silent = theirs and expected is not None and expected.theirs == "silent"
        return anonymous(play(port, scripts[name], silence=silent))

    with ThreadPoolExecutor(12) as pool:
        return dict(zip(scripts, pool.map(one, scripts), strict=True))


@pytest.fixture(scope="module")
def theirs(tmp_path_factory) -> Outcomes:
    """storescp's answers to what depends on the protocol alone."""
    need("storescp")
    with storescp(tmp_path_factory.mktemp("reference") / "out", "--fork", "-ta", "2", "+B") as receiver:
        return played(receiver.port, SCRIPTS, theirs=True)


@pytest.fixture(scope="module")
def acceptors() -> Outcomes:
    """The acceptor's answers to the same."""
    with acceptor_loop() as port:
        return played(port, SCRIPTS, theirs=False)


@pytest.fixture(scope="module")
def daemons(tmp_path_factory) -> Iterator[Outcomes]:
    """The daemon's answers to the same."""
    with storescpd(tmp_path_factory.mktemp("daemon") / "out", {"storage": {"bit_preserving": True}}) as daemon:
        yield played(daemon.port, SCRIPTS, theirs=False)


def judge(name: str, theirs: Outcome, ours: Outcome) -> None:
    """Equal, or different as documented."""
    difference = DIFFERENT.get(name)
    if difference is None:
        assert str(ours) == str(theirs), f"{rendered(ours)} instead of {rendered(theirs)}"
    else:
        assert ours != theirs, f"{difference.name} is no difference"
        assert rendered(theirs).endswith(difference.theirs)
        assert rendered(ours).endswith(difference.ours)


@pytest.mark.parametrize("name", SCRIPTS)
def test_the_acceptor_answers_as_storescp(name, theirs, acceptors):
    judge(name, theirs[name], acceptors[name])


@pytest.mark.parametrize("name", SCRIPTS)
def test_the_daemon_answers_as_storescp(name, theirs, daemons):
    judge(name, theirs[name], daemons[name])


@pytest.fixture(scope="module")
def their_statuses(tmp_path_factory) -> Outcomes:
    """storescp's answers to what depends on the data set."""
    need("storescp")
    with storescp(tmp_path_factory.mktemp("reference") / "out", "--fork", "-ta", "2") as receiver:
        return played(receiver.port, STORING, theirs=True)


def our_statuses(folder: Path, on_unreadable: str) -> Outcomes:
    """The daemon's answers to the same, without comments: storescp has none."""
    config = {"storage": {"on_unreadable": on_unreadable}, "association": {"error_comment": False}}
    with storescpd(folder / "out", config) as daemon:
        return played(daemon.port, STORING, theirs=False)


@pytest.fixture(scope="module")
def refusing(tmp_path_factory) -> Outcomes:
    """Where one bad object costs one object."""
    return our_statuses(tmp_path_factory.mktemp("refusing"), "refuse")


@pytest.fixture(scope="module")
def aborting(tmp_path_factory) -> Outcomes:
    """Where it costs the association."""
    return our_statuses(tmp_path_factory.mktemp("aborting"), "abort")


@pytest.mark.parametrize("name", STORING)
def test_the_daemon_judges_data_sets_as_storescp(name, their_statuses, refusing):
    judge(name, their_statuses[name], refusing[name])


@pytest.mark.parametrize("name", STORING)
def test_the_daemon_aborts_where_storescp_does_if_told_to(name, their_statuses, aborting):
    difference = DIFFERENT.get(name)
    if difference is None or difference.theirs == "ABORT 0/0":
        assert str(aborting[name]) == str(their_statuses[name])
    else:
        assert rendered(aborting[name]).endswith("ABORT 0/0")


def test_the_conversations_are_not_all_alike(acceptors):
    """A receiver that is not there, or that says one thing to everybody, would pass nothing here."""
    said = {rendered(outcome) for outcome in acceptors.values()}
    assert len(SCRIPTS) >= 250
    assert {"RJ 1/1/2", "RJ 1/2/2", "ABORT 0/0", "closed", "AC 1:0, RELEASED", "AC 1:3 3:4, RELEASED"} <= said
    assert "AC 1:0 3:0 5:0, STORE 0000, RELEASED" in said
    assert "AC 1:0 3:0 5:0, ABORT 2/2" in said


def test_the_table_of_differences_is_whole():
    assert f"| {' | '.join(COLUMNS)} |" in FILE.read_text()
    assert all(len(row) == len(COLUMNS) and all(row) for row in rows())
    names = [difference.name for difference in differences()]
    assert len(set(names)) == len(names)
    scripts = [script for difference in differences() for script in difference.scripts]
    assert len(set(scripts)) == len(scripts)
    assert set(scripts) <= set(SCRIPTS) | set(STORING)


@pytest.mark.parametrize("difference", differences(), ids=lambda one: one.name)
def test_every_difference_names_its_test(difference):
    files = [word for word in difference.test.replace("`", " ").split() if word.startswith("tests/")]
    assert difference.scripts or files
    assert all((ROOT / Path(file.partition("::")[0])).exists() for file in files)
