"""Under every make of inetd, by independent senders, beside storescp in the same place."""

import os
import pwd
import re
import subprocess
from pathlib import Path

import pydicom.data
import pytest
from pynetdicom import AE

from tests.inetd.scenes import configured, drop_in, ours, storescp
from tests.support.compare import stored
from tests.support.inetd import CLASSIC, SERVERS, inetd
from tests.support.processes import children, eventually
from tests.support.scenes import ECHO, associate
from tests.support.tools import need, needs_root

ME = pwd.getpwuid(os.geteuid()).pw_name
NOBODY = pwd.getpwnam("nobody")


def send(port: int, *files: Path) -> None:
    need("storescu")
    command = ["storescu", "-aet", "SENDER", "-aec", "CALLED", "127.0.0.1", str(port), *map(str, files)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=90)
    assert done.returncode == 0, done.stderr


@pytest.fixture
def files():
    """Objects that storescu proposes by itself."""
    names = ("CT_small.dcm", "MR_small.dcm", "rtplan.dcm")
    return [Path(pydicom.data.get_testdata_file(name, download=False)) for name in names]


@pytest.mark.parametrize("which", SERVERS)
def test_objects_arrive_as_with_storescp(which, tmp_path, files):
    config = configured(tmp_path)
    with inetd(which, tmp_path / "ours", ours(config), user=ME) as port:
        send(port, *files)
        send(port, files[0])
    # storescp knows nothing of descriptor 3.
    theirs = which if which != "systemd, descriptor 3" else "systemd, descriptor 0"
    with inetd(theirs, tmp_path / "theirs", storescp(tmp_path / "expected"), user=ME) as port:
        send(port, *files)
    found = stored(tmp_path / "out")
    assert len(found) == len(files)
    assert found == stored(tmp_path / "expected")
    log = (tmp_path / "log").read_text()
    assert log.count("association ended") == 2
    assert log.count("object stored") == len(files) + 1


@pytest.mark.parametrize("which", CLASSIC)
def test_the_storescp_command_there(which, tmp_path, files):
    options = ("-su", "S", "-fe", ".dcm", "+g")
    found = []
    for make, name in ((drop_in, "ours"), (storescp, "theirs")):
        folder = tmp_path / name
        folder.mkdir()
        with inetd(which, folder, make(folder / "out", *options), user=ME) as port:
            send(port, *files)
        modes = {path.stat().st_mode for path in (folder / "out").glob("*/*.dcm")}
        found.append((stored(folder / "out"), modes))
    assert found[0] == found[1]
    assert len(found[0][0]) == len(files)


@pytest.mark.parametrize("which", SERVERS)
def test_echo_by_pynetdicom(which, tmp_path):
    with inetd(which, tmp_path / "ours", ours(configured(tmp_path)), user=ME) as port:
        client = AE()
        client.add_requested_context("1.2.840.10008.1.1")
        association = client.associate("127.0.0.1", port)
        assert association.is_established
        assert association.send_c_echo().Status == 0
        association.release()


@pytest.mark.root
@needs_root
@pytest.mark.parametrize("which", CLASSIC)
def test_started_as_another_user(which, tmp_path, files, any_python):
    config = configured(tmp_path)
    for path in (tmp_path, tmp_path / "out"):
        os.chown(path, NOBODY.pw_uid, NOBODY.pw_gid)
    with inetd(which, tmp_path / "ours", ours(config, python=any_python), user="nobody") as port:
        send(port, files[0])
    assert {path.stat().st_uid for path in (tmp_path / "out").glob("CT.*")} == {NOBODY.pw_uid}
    assert "runs as root" not in (tmp_path / "log").read_text()


@pytest.mark.root
@needs_root
@pytest.mark.parametrize("which", [*CLASSIC, "systemd, descriptor 3"])
def test_root_is_dropped(which, tmp_path, files, any_python):
    status = tmp_path / "out" / "status"
    identity = f"grep -E '^(Uid|Gid|Groups|CapEff)' /proc/self/status > {status}; umask >> {status}"
    config = configured(tmp_path, {"process": {"user": "nobody"}, "hooks": {"on_reception": identity}})
    for path in (tmp_path, tmp_path / "out"):
        os.chown(path, NOBODY.pw_uid, NOBODY.pw_gid)
    with inetd(which, tmp_path / "ours", ours(config, python=any_python)) as port:
        send(port, files[0])
    words = status.read_text().split()
    groups = os.getgrouplist("nobody", NOBODY.pw_gid)
    assert words[:5] == ["Uid:", *[str(NOBODY.pw_uid)] * 4]
    assert words[5:10] == ["Gid:", *[str(NOBODY.pw_gid)] * 4]
    assert words[10:12] == ["Groups:", *map(str, groups)]
    assert int(words[13], 16) == 0
    assert words[14] == "0027"
    assert {path.stat().st_uid for path in (tmp_path / "out").glob("CT.*")} == {NOBODY.pw_uid}
    assert "runs as root" not in (tmp_path / "log").read_text()


@pytest.mark.root
@needs_root
def test_root_is_warned_of(tmp_path, files):
    with inetd("xinetd", tmp_path / "ours", ours(configured(tmp_path))) as port:
        send(port, files[0])
    assert (tmp_path / "log").read_text().count("runs as root") == 1


def test_each_association_has_a_process_of_its_own(tmp_path):
    """They are open at the same time, without anything between them."""
    with inetd("openbsd-inetd", tmp_path / "ours", ours(configured(tmp_path)), user=ME) as port:
        with associate(port) as first, associate(port) as second:
            assert (first.echo(ECHO), second.echo(ECHO)) == (0, 0)
            mine = [pid for pid in children(os.getpid()) if b"inetd.conf" in Path(f"/proc/{pid}/cmdline").read_bytes()]
            (server,) = mine
            started = children(server)
            assert len(started) == 2
            assert not [child for pid in started for child in children(pid)]
            first.release()
            second.release()
        eventually(lambda: not children(server))


def test_sorting(tmp_path):
    """Directories of studies, as storescp makes them there."""
    files = [Path(pydicom.data.get_testdata_file(name, download=False)) for name in ("CT_small.dcm", "MR_small.dcm")]
    for sort, option in (("study-uid", ("-su", "P")), ("patient-name", ("-sp",)), ("study", ("-ss", "P"))):
        folder = tmp_path / sort
        folder.mkdir()
        prefix = {} if sort == "patient-name" else {"prefix": "P"}
        config = configured(
            folder, {"naming": {"sort": sort, **prefix}, "studies": {"scope": "daemon", "end_of_study_timeout": 0}}
        )
        with inetd("openbsd-inetd", folder / "ours", ours(config), user=ME) as port:
            send(port, *files, files[0])
        with inetd("openbsd-inetd", folder / "theirs", storescp(folder / "expected", *option), user=ME) as port:
            send(port, *files, files[0])
        assert shapes(folder / "out") == shapes(folder / "expected")


def shapes(directory: Path) -> list[str]:
    """Stored paths, with the digits of a time replaced."""
    stamp = re.compile(r"\d{8}_\d{9}")
    return sorted(stamp.sub("TIME", name) for name in stored(directory))
