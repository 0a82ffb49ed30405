"""--check-config: everything in one run, and fast."""

import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from storescpd.cli import check as checking
from storescpd.cli.check import check_config

ROOT = Path(__file__).parents[2]


def keys(problems):
    return [(problem.key, problem.note) for problem in problems]


def test_everything_in_one_run(check, tmp_path, capsys):
    path = tmp_path / "c.toml"
    path.write_text(
        "[storage]\ndirectory = '/nonexistent'\nrequired_fil = 'x'\nformat = 'dataset'\n"
        "[encoding]\npadding = { file = 8 }\n[[listeners]]\nport = 0\n"
    )
    assert check_config(path) == 78
    captured = capsys.readouterr()
    lines = captured.err.splitlines()
    assert [line.split(": ")[1] for line in lines] == [
        "storage.directory", "storage.required_fil", "encoding.padding",
    ]  # fmt: skip
    assert captured.out == f"{path}: 3 errors, not usable\n"


def test_a_broken_key_is_not_tried(check):
    assert keys(check("[storage]\ndirectory = 5\nmin_free = 0")) == [("storage.directory", False)]


def test_a_good_file(tmp_path, capsys):
    path = tmp_path / "c.toml"
    path.write_text(f"[storage]\ndirectory = '{tmp_path}'\nmin_free = 0\n[[listeners]]\nport = 0\n")
    assert check_config(path) == 0
    captured = capsys.readouterr()
    assert captured.out.startswith(f"{path}: good")
    assert ("seen by root" in captured.out) == (os.geteuid() == 0)
    assert captured.err == ""


@pytest.mark.parametrize(("destination", "name"), [("syslog", "SYSLOG_SOCKET"), ("journald", "JOURNAL_SOCKET")])
def test_a_log_that_nobody_takes_is_a_note(destination, name, check, tmp_path, monkeypatch):
    text = f"[storage]\nmin_free = 0\n[[listeners]]\nport = 0\n[logging]\ndestination = '{destination}'"
    monkeypatch.setattr(checking, name, str(tmp_path / "socket"))
    [problem] = check(text)
    assert (problem.key, problem.note, problem.line) == ("logging.destination", True, 6)
    assert str(tmp_path / "socket") in problem.message
    (tmp_path / "socket").touch()
    assert check(text) == []


def test_no_file(tmp_path, capsys):
    assert check_config(tmp_path / "none.toml") == 78
    assert "there is no such file" in capsys.readouterr().err


def test_speed(tmp_path):
    """Half a second for the whole process is promised. Processor time, for the machine may have other work."""
    path = tmp_path / "c.toml"
    path.write_text(f"[storage]\ndirectory = '{tmp_path}'\n[[listeners]]\nport = 0\n")
    program = (
        "import sys; from pathlib import Path; from storescpd.cli.check import check_config; "
        "check_config(Path(sys.argv[1]))"
    )
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", program, path], check=True, cwd=ROOT, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime < 0.5


def test_what_is_not_imported():
    """pydicom costs a tenth of a second, and inetd starts a process an association."""
    program = (
        "import sys, storescpd.config; "
        "print([name for name in ('pydicom', 'pynetdicom', 'tomli_w') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], check=True, cwd=ROOT, capture_output=True, text=True)
    assert done.stdout == "[]\n"
