"""--version, as scripts read it."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.build import PATH, is_compiled
from tests.support.reference import PROGRAM
from tests.support.tools import need


def told(**environment: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "storescpd.cli.storescp", "--version"],
        env={**os.environ, "PYTHONPATH": PATH, **environment}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stderr == ""
    return done.stdout


def test_the_first_line_has_the_form_of_dcmtks():
    need("storescp")
    theirs = subprocess.run([PROGRAM, "--version"], capture_output=True, text=True, check=True).stdout
    form = re.compile(r"\$dcmtk: storescp v\d+\.\d+\.\d+ \d{4}-\d\d-\d\d \$")
    assert form.fullmatch(theirs.splitlines()[0])
    assert form.fullmatch(told().splitlines()[0])


def test_our_own_name_and_build_follow():
    assert f"served by storescpd v0.1.0, {'compiled' if is_compiled() else 'plain Python'}\n" in told()


GATE = r"""
found=$("$storescp" --version 2>&1 | grep -oP 'v\K[0-9]+\.[0-9]+\.[0-9]+' | head -1)
test -n "$found" || exit 1
test "$(printf '%s\n' "3.7.0" "$found" | sort -V | head -n1)" = "3.7.0" || exit 2
"$storescp" --version 2>&1 | grep -q "$commit" || exit 3
"""
"""A release that is new enough, and a commit that has to be in it: how a router asks before it starts its receiver."""


@pytest.mark.parametrize(("commit", "status"), [("969c4b6", 0), ("site-approved-7", 0), ("0badc0de", 3)])
def test_gates_let_it_in(commit: str, status: int, tmp_path: Path):
    script = tmp_path / "storescp"
    script.write_text(f'#!/bin/sh\nexec {sys.executable} -m storescpd.cli.storescp "$@"\n')
    script.chmod(0o755)
    environment = {
        **os.environ, "PYTHONPATH": PATH, "storescp": str(script), "commit": commit,
        "STORESCP_VERSION_TEXT": "site-approved-7",
    }  # fmt: skip
    assert subprocess.run(["bash", "-c", GATE], env=environment, check=False).returncode == status


def test_a_text_of_the_site_is_added():
    assert told(STORESCP_VERSION_TEXT="built for us, 4711").endswith("\nbuilt for us, 4711\n")
    assert "4711" not in told()
