"""Storage directories: what is told, and that no trace is left."""

import os
import pwd
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.build import PATH

STORAGE = "[storage]\ndirectory = 'SPOOL'\nmin_free = 0\n"


def test_a_good_directory_keeps_no_trace(check):
    before = os.stat(check.spool)
    assert check(STORAGE) == []
    after = os.stat(check.spool)
    assert os.listdir(check.spool) == []
    assert (before.st_mtime_ns, before.st_ctime_ns) == (after.st_mtime_ns, after.st_ctime_ns)


@pytest.mark.parametrize(
    ("text", "key", "words"),
    [
        ("[storage]\ndirectory = 'SPOOL/none'", "storage.directory", "there is no directory"),
        ("[storage]\ndirectory = '/dev/null'", "storage.directory", "is not a directory"),
        (STORAGE + "required_file = '.mounted'", "storage.required_file", 'there is no ".mounted" in'),
        (STORAGE + "group = 'no-such-group'", "storage.group", 'there is no group "no-such-group"'),
        ("[process]\nuser = 'no-such-user'\n" + STORAGE, "process.user", 'there is no user "no-such-user"'),
        ("[process]\ngroup = 'no-such-group'\n" + STORAGE, "process.group", 'there is no group "no-such-group"'),
        (STORAGE + "[[peers]]\nstorage = { directory = 'SPOOL/ct' }", "peers[0].storage.directory", "no directory"),
        (STORAGE + "[[peers]]\nstorage = { required_file = 'x' }", "peers[0].storage.required_file", 'there is no "x"'),
        (STORAGE + "[encoding]\ndictionaries = ['SPOOL/x']", "encoding.dictionaries[0]", "there is no file"),
        (
            STORAGE + "[negotiation]\nprofile = 'p'\nprofile_file = 'SPOOL/x'",
            "negotiation.profile_file",
            "cannot be read",
        ),
        (STORAGE + "[logging]\ndestination = 'SPOOL/none/log'", "logging.destination", "there is no directory"),
        (STORAGE + "[naming]\nsort = 'study'\n[studies]\nledger = 'SPOOL/none/l'", "studies.ledger", "no directory"),
        (
            STORAGE + "[hooks]\non_reception = 'true'\n[studies]\nledger = 'SPOOL/none/l'",
            "studies.ledger",
            "no directory",
        ),
        (
            STORAGE + "[studies]\nledger = 'SPOOL/none/l'\n[[peers]]\nhooks = { on_reception = 'true' }",
            "studies.ledger",
            "no directory",
        ),
    ],
)
def test_what_is_missing(check, text, key, words):
    (problem,) = check(text)
    assert (problem.key, problem.note) == (key, False)
    assert words in problem.message
    assert problem.remedy


def test_little_room_is_a_note(check):
    """It says nothing of the file, and must keep nobody from correcting something else in it."""
    system = os.statvfs(check.spool)
    whole = system.f_blocks * system.f_frsize
    (problem,) = check(f"[storage]\ndirectory = 'SPOOL'\nmin_free = {whole}")
    assert (problem.key, problem.note, problem.line) == ("storage.min_free", True, 3)
    assert "MiB are free" in problem.message


@pytest.mark.parametrize(
    ("table", "key"), [("storage]", "storage.min_free"), ("[peers]]\nstorage", "peers[0].storage.min_free")]
)
def test_room_that_there_can_never_be_is_an_error(table, key, check):
    keys = "directory = 'SPOOL'\nmin_free = '4096 TiB'"
    text = f"[{table}\n{keys}" if table == "storage]" else f"{STORAGE}[{table} = {{ {keys.replace(chr(10), ', ')} }}"
    (problem,) = check(text)
    assert (problem.key, problem.note) == (key, False)


@pytest.mark.parametrize("number", ["4294967295", "99999999999"])
@pytest.mark.parametrize("key", ["process.group", "storage.group", "peers[0].storage.group"])
def test_numbers_that_no_group_has(number, key, check):
    text = {
        "process.group": f"[process]\ngroup = '{number}'\n{STORAGE}",
        "storage.group": f"{STORAGE}group = '{number}'",
        "peers[0].storage.group": f"{STORAGE}[[peers]]\nstorage = {{ group = '{number}' }}",
    }[key]
    assert [(one.key, one.note) for one in check(text)] == [(key, False)]


def test_a_group_of_the_user_that_the_daemon_becomes(check):
    """Root checks: the daemon that it starts is not root any more when it hands files to the group."""
    text = "[process]\nuser = 'nobody'\n" + STORAGE
    own = pwd.getpwnam("nobody").pw_gid
    assert not [one for one in check(text + f"group = '{own}'") if not one.note]
    (problem,) = [one for one in check(text + "group = 'root'") if not one.note]
    assert problem.key == "storage.group"
    assert not [one for one in check(text.replace("]", "]\ngroup = 'root'", 1) + "group = 'root'") if not one.note]


@pytest.mark.parametrize(
    ("path", "what", "remedy"),
    [
        ("C:\\dicom", "Windows", "of this machine"),
        ("\\\\server\\share", "Windows", "of this machine"),
        ("s3://bucket", "URL", "of this machine"),
        ("$SPOOL/x", "no directory", "variables are not replaced"),
        ("/srv/dicom-that-is-not ", "'/srv/dicom-that-is-not '", "blanks"),
        ("/srv/that is not", "no directory", "'/srv/that is not'"),
    ],
)
def test_paths_that_lead_nowhere(path, what, remedy, check):
    (problem,) = check(f"[storage]\ndirectory = '{path}'")
    assert what in problem.message
    assert remedy in problem.remedy


def test_whose_directory_is_to_be_made(check, monkeypatch):
    """The one who checks is often root, who is not the daemon."""
    text = "[storage]\ndirectory = 'SPOOL/none'"
    (problem,) = check("[process]\nuser = 'nobody'\n" + text)[1:] or check(text)
    if os.geteuid() == 0:
        assert "install -d -o nobody " in problem.remedy
        monkeypatch.setattr("storescpd.config.world.accounts.SERVICE_USER", "daemon")
        assert "install -d -o daemon " in check(text)[0].remedy
        monkeypatch.setattr("storescpd.config.world.accounts.SERVICE_USER", "no-such-user")
        assert "install -d -o USER " in check(text)[0].remedy
    else:
        assert f"install -d -o {pwd.getpwuid(os.geteuid()).pw_name} " in problem.remedy


def test_a_required_file_that_is_there(check):
    (check.spool / ".mounted").touch()
    assert check(STORAGE + "required_file = '.mounted'") == []


def test_no_storage_of_peers_that_are_refused_or_have_an_object_store(check):
    assert check(STORAGE + "[[peers]]\nlistener = 'dicom'\nstorage = { url = 's3://bucket/x' }") == []
    assert check("[storage]\nurl = 's3://bucket/x'\ndirectory = 'SPOOL/none'") == []


def test_a_directory_of_others(check, check_as_nobody):
    check.spool.chmod(0o555)
    ((key, text, note),) = check_as_nobody(STORAGE)
    assert (key, note) == ("storage.directory", False)
    assert "nobody cannot read and write in" in text


def test_what_another_user_left_behind(check, check_as_nobody):
    (check.spool / ".storescpd").mkdir(mode=0o755)
    ((key, text, _),) = check_as_nobody(STORAGE)
    assert key == "storage.directory"
    assert "spool/.storescpd" in text


def test_a_group_that_is_not_ones_own(check_as_nobody):
    ((key, text, _),) = check_as_nobody(STORAGE + "group = 'root'")
    assert key == "storage.group"
    assert "usermod -a -G root nobody" in text


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
def test_a_read_only_file_system(tmp_path):
    """As the unit's ProtectSystem=strict makes it."""
    config = tmp_path / "c.toml"
    config.write_text(f"[storage]\ndirectory = '{tmp_path}/ro'\n[[listeners]]\nport = 0")
    (tmp_path / "ro").mkdir()
    program = (
        "import sys; from pathlib import Path; from storescpd.cli.check import check_config; "
        f"sys.exit(check_config(Path('{config}')))"
    )
    command = f'mount -t tmpfs -o ro none {tmp_path}/ro && exec {sys.executable} -c "{program}"'
    done = subprocess.run(
        ["unshare", "-m", "sh", "-c", command],
        check=False,
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[2],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": PATH, "PYTHONSAFEPATH": "1", "INVOCATION_ID": "x"},
    )
    if "unshare" in done.stderr:
        pytest.skip(done.stderr)
    assert done.returncode == 78
    assert f"ReadWritePaths={tmp_path}/ro" in done.stderr
