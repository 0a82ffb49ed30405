"""What commands print may not be taken: by a reader that has heard enough, a full disk, nobody at all."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from storescpd.cli.storescpd import parser
from tests.support.build import PATH
from tests.support.daemon import storescpd
from tests.support.scenes import SUCCESS, associate, small, store

PRINTING = (
    ("--help",), ("--version",), ("--check-config",), ("--dump-config",), ("--status",), ("--status", "--json"),
    ("--reload",), ("--studies",), ("--failed-hooks",), ("--retry-hooks",), ("--convert", "--", "11112"),
    ("--import-profiles", "etc/profiles.cfg"), ("--echo", "127.0.0.1", "PORT"),
)  # fmt: skip
NOT = ("--daemon", "--inetd", "--pid-file", "--json", "--config")
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def daemon(tmp_path_factory):
    settings = {"naming": {"sort": "study"}, "hooks": {"on_reception": "exit 1"}}
    with storescpd(tmp_path_factory.mktemp("output") / "out", settings) as one:
        with associate(one.port) as association:
            assert store(association, small(), 1) == SUCCESS
            association.release()
        yield one


def run(daemon, arguments, where: str, program: str = "storescpd") -> tuple[int, str]:
    """The exit status, and what was said on standard error."""
    words = [word.replace("PORT", str(daemon.port)) for word in arguments]
    own = ["--config", str(daemon.config_file)] if program == "storescpd" else []
    note = daemon.config_file.with_suffix(".status")
    script = f'{{ "$@"; echo "$?" >"$NOTE"; }} {where}' if "|" in where else f'"$@" {where}; echo "$?" >"$NOTE"'
    done = subprocess.run(
        ["sh", "-c", script, "sh", sys.executable, "-m", program, *own, *words],
        stderr=subprocess.PIPE, text=True, check=False, cwd=ROOT,
        env={**os.environ, "PYTHONPATH": PATH, "NOTE": str(note)},
    )  # fmt: skip
    return int(note.read_text()), done.stderr


def test_every_option_that_prints_is_here():
    names = {option for action in parser()._actions for option in action.option_strings if option.startswith("--")}
    assert {arguments[0] for arguments in PRINTING} | set(NOT) == names


@pytest.mark.parametrize("arguments", PRINTING, ids=" ".join)
def test_a_reader_that_has_gone(arguments, daemon):
    """``true`` never reads; whether it is gone already or not, nobody needs to hear of it."""
    status, said = run(daemon, arguments, "| true")
    assert (status, "Traceback" in said, "roken pipe" in said) == (0, False, False)


@pytest.mark.parametrize(("where", "why"), [(">/dev/full", "No space left on device"), (">&-", "it is closed")])
@pytest.mark.parametrize("arguments", PRINTING, ids=" ".join)
def test_output_that_cannot_be_written(arguments, where, why, daemon):
    status, said = run(daemon, arguments, where)
    lines = [line for line in said.splitlines() if "standard output" in line]
    assert (status, lines) == (1, [f"storescpd: cannot write to standard output: {why}"])
    assert "Traceback" not in said


@pytest.mark.parametrize("where", ["2>/dev/full >/dev/full", "2>&- >&-", "2>/dev/full"])
def test_a_verdict_that_nobody_hears_is_the_exit_status(where, daemon, tmp_path):
    bad = tmp_path / "bad.toml"
    bad.write_text("[storage]\ndirectroy = 5\n")
    for command in ((), ("--check-config",), ("--dump-config",), ("--studies",)):
        assert run(daemon, ("--config", str(bad), *command), where)[0] == 78
    assert run(daemon, ("--bogus",), where)[0] == 2


@pytest.mark.parametrize("arguments", [("--help",), ("--version",)], ids=" ".join)
@pytest.mark.parametrize(("where", "status"), [("| true", 0), (">/dev/full", 1), (">&-", 1)])
def test_the_storescp_command(arguments, where, status, daemon):
    found, said = run(daemon, arguments, where, "storescpd.cli.storescp")
    assert (found, "Traceback" in said) == (status, False)
    assert len(said.splitlines()) == status


def test_all_is_there_for_who_listens(daemon):
    done = subprocess.run(
        [sys.executable, "-m", "storescpd", "--config", str(daemon.config_file), "--studies", "--json"],
        capture_output=True, text=True, check=True, env={**os.environ, "PYTHONPATH": PATH},
    )  # fmt: skip
    assert len(json.loads(done.stdout)) == 1
