"""What scripts and people read in storescp's log: the same traffic, the same lines."""

import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from storescpd.config import Config
from tests.support.daemon import storescpd
from tests.support.objects import CT_IMAGE, ct
from tests.support.processes import eventually
from tests.support.rawclient import IMPLICIT_LITTLE, Aborted, RawAssociation, Rejected, item
from tests.support.reference import OURS, THEIRS, Receiver, storescp
from tests.support.scenes import CT, ECHO, associate, small, store
from tests.support.tools import need

Scene = Callable[[int], None]
IMAGE = small()


def an_object(port: int, **options: Any) -> None:
    with associate(port, **options) as association:
        store(association, IMAGE, 1)
        association.release()


def the_same_object_twice(port: int) -> None:
    an_object(port)
    an_object(port)


def an_object_of_one_fragment_with_a_high_number(port: int) -> None:
    with associate(port) as association:
        association.store(CT, CT_IMAGE, IMAGE.instance(1), ct(64).bytes(1), message_id=777)
        association.release()


def an_echo(port: int) -> None:
    with associate(port) as association:
        association.echo(ECHO, 5)
        association.release()


def nothing_that_is_accepted(port: int) -> None:
    with RawAssociation(port, [(1, "1.2.3.4", [IMPLICIT_LITTLE])]) as association:
        association.release()


def an_abort(port: int) -> None:
    associate(port).abort()


def a_peer_that_goes(port: int) -> None:
    associate(port).close()


def a_refusal(port: int) -> None:
    with pytest.raises(Rejected):
        associate(port)


def two_studies(port: int) -> None:
    with associate(port) as association:
        for number in (1, 2):
            store(association, ct(1024, seed=number), number)
        association.release()


SCENES: dict[str, tuple[tuple[str, ...], Scene, str]] = {
    "an object": ((), an_object, "Association Release"),
    "no limit for us": ((), lambda port: an_object(port, max_pdu=0), "Association Release"),
    "little for us": ((), lambda port: an_object(port, max_pdu=4096), "Association Release"),
    "one fragment": ((), an_object_of_one_fragment_with_a_high_number, "Association Release"),
    "an echo": ((), an_echo, "Association Release"),
    "no contexts": ((), nothing_that_is_accepted, "Association Release"),
    "an abort": ((), an_abort, "Association Aborted"),
    "the end of a connection": ((), a_peer_that_goes, "Association Aborted"),
    "twice the same": ((), the_same_object_twice, "Association Release"),
    "ignored": (("--ignore",), an_object, "Association Release"),
    "refused": (("--refuse",), a_refusal, "Refusing"),
    "studies": (("-su", "S"), two_studies, "Association Release"),
    "by patient": (("-sp",), an_object, "Association Release"),
}


def normal(log: str, directory: Path) -> list[str]:
    """Lines without what differs from run to run: directories, and the time in the names of them."""
    return [re.sub(r"\d{8}_\d{9}", "TIME", line.replace(str(directory), "DIR")) for line in log.splitlines()]


def told(receiver: Receiver, name: str) -> str:
    """The log, once it has come to its end."""
    count = 2 if name == "twice the same" else 1
    eventually(lambda: receiver.log().count(SCENES[name][2]) >= count)
    return receiver.log()


def lines_of(program: tuple[str, ...], name: str, level: str, directory: Path) -> list[str]:
    options, scene, _ = SCENES[name]
    with storescp(directory, level, *options, program=program) as receiver:
        scene(receiver.port)
        return normal(told(receiver, name), receiver.directory)


@pytest.mark.parametrize("name", SCENES)
def test_verbose(name, tmp_path):
    """Every line, in its order, the dots of progress among them."""
    need("storescp")
    theirs = lines_of(THEIRS, name, "-v", tmp_path / "theirs")
    assert len(theirs) > 1
    assert lines_of(OURS, name, "-v", tmp_path / "ours") == theirs


# What storescp says of its own works, or of itself.
_THEIR_OWN = re.compile(
    r"D: (\$dcmtk.*|DUL: .*|DcmData.*|DcmFileFormat.*|DcmDataset.*|setting network.*|PDU Type.*|Only dumping.*"
    r"|  [0-9a-f]{2}  .*|  [0-9a-f]{2}|Parsing an.*|Constructing.*|Our Implementation.*|)"
)
_OUR_OWN = re.compile(
    r"D: (listening on|serving|testing|SOP classes|stud|Our Implementation|object given up|timeout|aborted|the peer).*"
)


def without(own: re.Pattern[str], lines: list[str]) -> list[str]:
    return [line for line in lines if not own.fullmatch(line)]


@pytest.mark.parametrize("name", ["an object", "an echo", "no contexts", "an abort", "studies"])
def test_debug(name, tmp_path):
    """The parameters of the association and each command set as well, but no dots."""
    need("storescp")
    theirs = without(_THEIR_OWN, lines_of(THEIRS, name, "-d", tmp_path / "theirs"))
    assert len(theirs) > 40
    assert without(_OUR_OWN, lines_of(OURS, name, "-d", tmp_path / "ours")) == theirs


def test_presentation_contexts_are_shown_on_request(tmp_path):
    need("storescp")
    found = []
    for program in (THEIRS, OURS):
        directory = tmp_path / Path(program[0]).name
        with storescp(directory, "-v", "+v", program=program) as receiver:
            an_object(receiver.port)
            lines = normal(told(receiver, "an object"), directory)
        found.append([line for line in lines if "Our Implementation" not in line])
    theirs, ours = found
    assert "I:     Accepted Transfer Syntax: =LittleEndianExplicit" in theirs
    assert ours == theirs


@pytest.mark.parametrize("level", [(), ("-ll", "warn"), ("-q",)])
def test_by_default_warnings_alone(level, tmp_path):
    need("storescp")
    found = []
    for program in (THEIRS, OURS):
        directory = tmp_path / Path(program[0]).name
        with storescp(directory, *level, program=program) as receiver:
            the_same_object_twice(receiver.port)
            if level != ("-q",):
                eventually(lambda: "\n" in receiver.log())
            nothing_that_is_accepted(receiver.port)
            found.append(normal(receiver.log(), directory))
    assert found[0] == found[1]
    assert len(found[0]) == (level != ("-q",))


def test_progress_goes_to_standard_output_and_lines_to_standard_error(tmp_path):
    need("storescp")
    found = []
    for program in (THEIRS, OURS):
        out = tmp_path / f"{Path(program[0]).name}.out"
        with storescp(tmp_path / "out", "-v", program=program, out_file=out) as receiver:
            an_object(receiver.port)
            eventually(lambda: "Association Release" in receiver.log())
            assert "RECV" not in receiver.log()
            # storescp keeps it in a buffer until it ends, and then it is killed.
            found.append(out.read_text() if program is OURS else "")
    assert found[1] == "RECV: .....\n"


def test_titles_do_not_begin_lines_of_their_own(tmp_path):
    with storescp(tmp_path / "out", "-d", program=OURS) as receiver:
        with associate(receiver.port, calling=b"X\nF: oh\x1b[31m    ") as association:
            association.release()
        eventually(lambda: "Association Release" in receiver.log())
        assert "Calling Application Name:    X\\nF: oh\\x1b[31m\n" in receiver.log()
        assert all(re.match("[FEWID]: ", line) for line in receiver.log().splitlines())


def test_an_object_that_cannot_be_stored_is_an_error(tmp_path):
    need("storescp")
    for program in (THEIRS, OURS):
        with storescp(tmp_path / Path(program[0]).name, program=program) as receiver:
            (receiver.directory / f"CT.{IMAGE.instance(1)}").mkdir()
            with associate(receiver.port) as association:
                assert store(association, IMAGE, 1) & 0xFF00 == 0xA700
            eventually(lambda: "\n" in receiver.log())
            assert re.match("E: cannot write DICOM file: ", receiver.log())


def test_an_abort_of_ours_is_told(tmp_path):
    for option in ("--abort-after", "--abort-during"):
        with storescp(tmp_path / "out", "-v", option, program=OURS) as receiver:
            with associate(receiver.port) as association, pytest.raises(Aborted):
                store(association, IMAGE, 1)
            eventually(lambda: "I: ABORT initiated (due to command line options)" in receiver.log())


def test_with_fork_there_are_no_children(tmp_path):
    need("storescp")
    found = []
    for number, program in enumerate((THEIRS, OURS)):
        with storescp(tmp_path / str(number), "-v", "--fork", program=program) as receiver:
            an_object(receiver.port)
            found.append(normal(told(receiver, "an object"), receiver.directory))
    theirs, ours = found
    assert re.fullmatch(r"I: Association Received in child process \(pid: \d+\)", theirs[0])
    assert ours == ["I: Association Received", *theirs[1:]]


def test_bit_preserved_files_are_named_too(tmp_path):
    need("storescp")
    found = []
    for number, program in enumerate((THEIRS, OURS)):
        with storescp(tmp_path / str(number), "-v", "+B", program=program) as receiver:
            an_object(receiver.port)
            found.append(normal(told(receiver, "an object"), receiver.directory))
    theirs, ours = found
    assert [line for line in ours if "storing DICOM file: " not in line] == theirs != ours


def test_identities_are_not_shown(tmp_path):
    """PS3.7 D.3.3.7.1: user name and passcode."""
    identity = b"\x02\0" + b"\0\x03joe" + b"\0\x06secret"
    with storescp(tmp_path / "out", "-d", program=OURS) as receiver:
        with associate(receiver.port, extra=item(0x58, identity)) as association:
            association.release()
        eventually(lambda: "Association Release" in receiver.log())
        assert "D: Requested User Identity Negotiation: type 2\n" in receiver.log()
        assert not re.search("joe|secret", receiver.log())


def test_a_silent_peer_is_an_abort(tmp_path):
    """storescp says so only when the peer closes, up to three minutes later."""
    with storescp(tmp_path / "out", "-v", "-ts", "1", program=OURS) as receiver, associate(receiver.port):
        eventually(lambda: receiver.log().endswith("I: Association Aborted\n"))


def test_the_daemon_can_speak_like_this_too(tmp_path):
    with storescpd(tmp_path / "out", {"logging": {"format": "storescp", "level": "debug"}}, wait=False) as daemon:
        eventually(lambda: "D: serving" in daemon.log())
        an_object(daemon.port)
        eventually(lambda: "I: Association Release" in daemon.log())
    with pytest.raises(ValueError, match="format"):
        Config.model_validate({"logging": {"format": "dcmtk"}})


def test_events_of_no_interest_are_not_made():
    """The levels of the loggers: what is not said costs nothing."""
    code = (
        "import logging; from storescpd.telemetry.lone_log import LoneLog; from storescpd.telemetry.events import *\n"
        "for level in ('warning', 'info'):\n"
        "    LoneLog().configure(level, 'stderr', 'storescp')\n"
        "    print(*(logging.getLogger(one).getEffectiveLevel() for one in (ROOT, OBJECTS, ASSOCIATIONS, REPLACED)))\n"
        "LoneLog().configure('info', 'stderr', 'text')\n"
        "print(*(logging.getLogger(name).getEffectiveLevel() for name in (ROOT, OBJECTS, ASSOCIATIONS, REPLACED)))\n"
    )
    said = subprocess.run([OURS[0], "-c", code], capture_output=True, text=True, check=True).stdout
    assert said.split("\n") == ["30 30 30 20", "20 10 10 20", "20 20 20 20", ""]
