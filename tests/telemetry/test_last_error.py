"""The last error of any process, in memory that all of them share."""

import fcntl
import logging
import os

import pytest

from storescpd.telemetry.events import log_event
from storescpd.telemetry.last_error import LONGEST, LastError


@pytest.fixture
def memory():
    made = LastError()
    logger = logging.getLogger("storescpd.test")
    logger.addHandler(made)
    yield made
    logger.removeHandler(made)


def in_a_child(act) -> None:
    pid = os.fork()
    if not pid:
        try:
            act()
        finally:
            os._exit(0)
    os.waitpid(pid, 0)


def tell(text: str, level: int = logging.ERROR) -> None:
    log_event(logging.getLogger("storescpd.test"), level, "it failed", cause=text)


def test_nothing_yet(memory):
    tell("only a warning", logging.WARNING)
    assert memory.last() is None


def test_what_a_child_says_is_known_to_its_parent(memory):
    tell("first")
    in_a_child(lambda: tell("second"))
    assert memory.last().text == "it failed cause=second"


def test_a_long_text_is_cut(memory):
    tell("\N{PILE OF POO}" * LONGEST)
    assert len(memory.last().text.encode()) <= LONGEST + 3


def test_nobody_waits_for_a_process_that_was_stopped_inside(memory):
    """The lock is held by another process, as if it were stopped; only what it says is lost."""
    tell("first")
    reader, writer = os.pipe()
    done_reader, done_writer = os.pipe()
    pid = os.fork()
    if not pid:
        fcntl.lockf(memory._lock_fd, fcntl.LOCK_EX)
        os.write(writer, b"x")
        os.read(done_reader, 1)
        os._exit(0)
    os.read(reader, 1)
    tell("second")
    os.write(done_writer, b"x")
    os.waitpid(pid, 0)
    assert memory.last().text == "it failed cause=first"
    tell("third")
    assert memory.last().text == "it failed cause=third"
