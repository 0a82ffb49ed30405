"""[testing]: the misbehaviour that storescp offers to try out senders, against storescp itself."""

import time

import pytest

from tests.dataset.build import element, plain
from tests.dataset.oddities import SEQUENCE_END, UNDEFINED
from tests.support.daemon import storescpd
from tests.support.rawclient import Aborted
from tests.support.reference import storescp
from tests.support.scenes import SUCCESS, associate, small, store

FRAGMENTS = plain(SEQUENCE_END)


def attempt(port: int) -> str:
    """What a sender of one object sees."""
    with associate(port) as association:
        try:
            return f"{store(association, small(), 1):04X}"
        except Aborted as abort:
            return f"abort {abort.source}/{abort.reason}"


@pytest.mark.parametrize(
    ("option", "key"), [("--abort-after", "abort_after"), ("--abort-during", "abort_during"), ("--ignore", "ignore")]
)
@pytest.mark.parametrize("bit_preserving", [False, True])
def test_the_sender_sees_what_storescp_shows_it_and_nothing_is_stored(option, key, bit_preserving, tmp_path):
    (tmp_path / "reference").mkdir()
    with storescp(tmp_path / "reference", option, "+B" if bit_preserving else "-B") as reference:
        expected = attempt(reference.port)
    config = {"testing": {key: True}, "storage": {"bit_preserving": bit_preserving}}
    with storescpd(tmp_path / "out", config) as daemon:
        assert attempt(daemon.port) == expected
        assert daemon.stored() == daemon.incoming() == []
        assert "testing options are on" in daemon.log()


@pytest.mark.parametrize("data", [element(0x7FE00010, "OB", FRAGMENTS, UNDEFINED), b"ab"], ids=["fragments", "nothing"])
def test_what_could_not_be_written_is_ignored_too(data, tmp_path):
    answers = []
    (tmp_path / "reference").mkdir()
    with (
        storescp(tmp_path / "reference", "--ignore") as reference,
        storescpd(tmp_path / "out", {"testing": {"ignore": True}}) as daemon,
    ):
        for port in (reference.port, daemon.port):
            with associate(port) as association:
                answers.append([association.store(1, small().sop_class, "1.2.3", data), association.echo(1)])
    assert answers == [[SUCCESS, SUCCESS]] * 2


@pytest.mark.parametrize(("key", "least"), [("sleep_during", 0.9), ("sleep_after", 0.3)])
def test_delays_hold_up_their_own_association_alone(key, least, tmp_path):
    with (
        storescpd(tmp_path / "out", {"testing": {key: 0.3}}) as daemon,
        associate(daemon.port) as slow,
        associate(daemon.port) as other,
    ):
        began = time.monotonic()
        assert store(slow, small(), 1) == SUCCESS
        assert other.echo(1) == SUCCESS
        assert slow.echo(1) == SUCCESS
        assert time.monotonic() - began >= least
