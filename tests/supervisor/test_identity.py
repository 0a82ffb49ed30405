"""Giving root up: judged by what the kernel and setpriv(1) say of the process afterwards."""

import os
import pwd
import subprocess
import sys

import pytest

from tests.support.build import PATH
from tests.support.tools import need, needs_root

pytestmark = [pytest.mark.root, needs_root]

FIELDS = ("Uid", "Gid", "Groups", "CapEff", "CapPrm")
BECOME = """
import sys
from storescpd.supervisor.identity import become, wanted
become(wanted(*sys.argv[1:]))
import os
print(os.environ["HOME"], os.environ["USER"], os.environ["LOGNAME"])
sys.stdout.write(open("/proc/self/status").read())
"""
KEEP_CAPABILITIES = """
import ctypes
SECBIT_NO_SETUID_FIXUP, PR_SET_SECUREBITS = 1 << 2, 28
if ctypes.CDLL(None).prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP, 0, 0, 0):
    raise SystemExit("securebits")
"""


def become(user: str, group: str, program: str = BECOME, prefix: tuple[str, ...] = ()) -> subprocess.CompletedProcess:
    environment = {**os.environ, "PYTHONPATH": PATH, "HOME": "/root", "USER": "root", "LOGNAME": "root"}
    command = [*prefix, sys.executable, "-c", program, user, group]
    return subprocess.run(command, capture_output=True, text=True, env=environment, check=False)


def status(text: str) -> dict[str, str]:
    lines = (line.partition(":") for line in text.splitlines())
    return {name: " ".join(value.split()) for name, _, value in lines if name in FIELDS}


def judged(uid: int, gid: int, *how: str) -> dict[str, str]:
    """What setpriv(1) makes of a process."""
    need("setpriv")
    command = ["setpriv", f"--reuid={uid}", f"--regid={gid}", *how, "cat", "/proc/self/status"]
    return status(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


@pytest.fixture
def member():
    """A user that is in more groups than its own."""
    for entry in pwd.getpwall():
        if entry.pw_uid and len(os.getgrouplist(entry.pw_name, entry.pw_gid)) > 1:
            return entry
    return pwd.getpwnam("nobody")


def test_a_user_with_its_groups(member):
    done = become(member.pw_name, "")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[0] == f"{member.pw_dir} {member.pw_name} {member.pw_name}"
    assert status(done.stdout) == judged(member.pw_uid, member.pw_gid, "--init-groups")


def test_another_group_instead_of_the_users_own(member):
    done = become(member.pw_name, "daemon")
    mine = status(done.stdout)
    assert mine["Uid"].split() == [str(member.pw_uid)] * 4
    assert mine["Gid"].split() == ["1"] * 4
    assert int(mine["CapEff"], 16) == int(mine["CapPrm"], 16) == 0


def test_a_group_alone():
    assert status(become("", "daemon").stdout) == judged(0, 1, "--groups=1")


def test_supplementary_groups_of_root_go():
    done = become("nobody", "nogroup", prefix=("setpriv", "--groups=0,1,2"))
    assert status(done.stdout)["Groups"] == str(pwd.getpwnam("nobody").pw_gid)


def test_a_way_back_is_an_error():
    done = become("nobody", "", KEEP_CAPABILITIES + BECOME)
    assert done.returncode != 0
    assert "could be root again" in done.stderr
    assert "Uid:" not in done.stdout


@pytest.mark.parametrize(("user", "group"), [("no-such-user", ""), ("nobody", "no-such-group"), ("", "no-such-group")])
def test_names_that_nobody_has(user, group):
    done = become(user, group)
    assert done.returncode != 0
    assert "there is no" in done.stderr


def test_who_is_not_root_cannot_become_another():
    done = become("daemon", "", 'from storescpd.supervisor.identity import *\nbecome(wanted("nobody", ""))\n' + BECOME)
    assert done.returncode != 0
    assert "cannot become user daemon" in done.stderr
    assert "Uid:" not in done.stdout
