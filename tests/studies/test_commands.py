"""What hooks are told, and that nobody who sends objects can make them do anything else."""

import os
import subprocess
import sys

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from storescpd.store.names import sanitised
from storescpd.studies.commands import Facts, environment, words
from storescpd.studies.messages import Sender

TITLES = st.text(st.characters(min_codepoint=0, max_codepoint=255), max_size=16)
HOSTILE = [
    "A$(touch x)",
    'A"B',
    "`id`",
    "a;b|c&d",
    "-rf",
    "#p#f#r",
    "\\",
    "'",
    "x\ny",
    "\0x",
    "*",
    "~",
    "$HOME",
    "\x7f",
    "ä",
]
ECHO = """
import os, sys
sys.stdout.buffer.write(b"\\0".join(map(os.fsencode, (sys.argv[1], os.environ["STORESCPD_STUDY_UID"]))))
"""


def facts(**changed: object) -> Facts:
    given = {"calling": "CT1", "called": "ARCHIVE", "peer": "10.0.0.1", "listener": "dicom", "host": "ct1"}
    sender = Sender(**given | {
        name: changed.pop(name) for name in ("calling", "called", "peer", "host") if name in changed
    })  # fmt: skip
    return Facts(
        **{"path": "/srv/in", "file": "CT.1.2", "sender": sender, "study": "1.9", "sop_class": "1.2",
           "sop_instance": "1.3", "transfer_syntax": "1.4", "status": 0, "objects": 7} | changed
    )  # fmt: skip


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("x #p #f", "x /srv/in CT.1.2"),
        ("x #a #c #r", 'x "CT1" "ARCHIVE" "ct1"'),
        ("#f#f/#p", "CT.1.2CT.1.2//srv/in"),
        ("x #z # p", "x #z # p"),
    ],
)
def test_a_line_is_made_as_storescp_makes_it(command, expected):
    assert words(command, facts()) == ["/bin/sh", "-c", expected]


def test_a_study_has_no_file():
    assert words("x #p #f", facts(file=None))[2] == "x /srv/in #f"


def test_text_that_was_put_in_is_looked_through_for_later_signs_as_storescp_does():
    assert words("x #p", facts(path="/srv/#a"))[2] == 'x /srv/"CT1"'


@settings(max_examples=60, deadline=None)
@given(calling=TITLES, called=TITLES, peer=TITLES)
@example(calling=HOSTILE[0], called=HOSTILE[1], peer=HOSTILE[2])
@example(calling=HOSTILE[3], called=HOSTILE[5], peer=HOSTILE[9])
def test_the_shell_takes_titles_as_words_and_nothing_else(calling, called, peer):
    command = words("printf '%s\\n' #a #c #r", facts(calling=calling, called=called, peer=peer, host=""))
    run = subprocess.run(command, capture_output=True, check=True, env={"PATH": os.environ["PATH"]})
    assert run.stdout.decode().splitlines() == [sanitised(text) for text in (calling, called, peer)]
    assert run.stderr == b""


@settings(max_examples=60, deadline=None)
@given(calling=TITLES, study=st.text(st.characters(min_codepoint=1, max_codepoint=255), max_size=64))
@example(calling="#p#f#c", study="#p")
@example(calling=HOSTILE[0], study=HOSTILE[6])
def test_a_list_takes_true_values_without_a_shell(calling, study):
    told = facts(calling=calling, study=study)
    command = words((sys.executable, "-c", ECHO, "<#a>"), told)
    variables = environment(told, os.environ, inherit=False)
    run = subprocess.run(command, capture_output=True, check=True, env=variables)
    true = calling.partition("\0")[0]
    assert run.stdout.split(b"\0") == [os.fsencode(f"<{true}>"), os.fsencode(study)]


def test_a_program_that_is_not_there_is_told():
    with pytest.raises(FileNotFoundError, match="no-such-program"):
        words(("no-such-program",), facts())


def test_a_list_never_runs_a_command_of_the_shell():
    """``exit`` and ``eval`` are words that the small shell around a hook would know."""
    with pytest.raises(FileNotFoundError):
        words(("eval", "true"), facts())


def test_the_environment_is_the_contracts():
    own = {"PATH": "/bin", "NOTIFY_SOCKET": "/run/x", "CREDENTIALS_DIRECTORY": "/run/y", "TZ": "UTC"}
    made = environment(facts(status=0xA900), own, inherit=False)
    assert made == {
        "PATH": "/bin",
        "TZ": "UTC",
        "STORESCPD_PATH": "/srv/in",
        "STORESCPD_FILE": "CT.1.2",
        "STORESCPD_CALLING_AE": "CT1",
        "STORESCPD_CALLED_AE": "ARCHIVE",
        "STORESCPD_PEER": "10.0.0.1",
        "STORESCPD_LISTENER": "dicom",
        "STORESCPD_STUDY_UID": "1.9",
        "STORESCPD_SOP_CLASS_UID": "1.2",
        "STORESCPD_SOP_INSTANCE_UID": "1.3",
        "STORESCPD_TRANSFER_SYNTAX": "1.4",
        "STORESCPD_STATUS": "A900",
        "STORESCPD_OBJECTS": "7",
    }
    assert environment(facts(), own, inherit=True)["NOTIFY_SOCKET"] == "/run/x"
