"""What no sender should send: nothing leaves the directory, nothing is run, names are as sanitised.

And the traps of storescp (storescp facts 12.2).
"""

import contextlib
import re
import shutil
import stat

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from storescpd.wire.codes import Status
from tests.studies.studies import (
    SUCCESS,
    associate,
    data_set,
    instance_uid,
    ledger_of,
    lines,
    rows,
    store,
    study_uid,
    tree,
)
from tests.support.daemon import storescpd
from tests.support.objects import CT_IMAGE
from tests.support.processes import eventually
from tests.support.rawclient import Aborted, Rejected

CONTROL = re.compile("storescpd-[0-9a-f]{12}")
NAME = re.compile(r"[ \-.:@0-9A-Z_a-z]+")
BYTES = st.binary(min_size=1, max_size=64)
HOSTILE = [
    b"../../../tmp/x",
    b"..",
    b".",
    b"/",
    b"$(touch pwned)",
    b"`touch pwned`",
    b"a;b|c&d",
    b"x\0y",
    b".storescpd",
]


@pytest.fixture(scope="module", params=["study", "study-uid", "patient-name"])
def daemon(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp(request.param)
    canary = f"touch {folder}/ran; : #p #f #a #c #r"
    with storescpd(
        folder / "out",
        {
            "naming": {"sort": request.param},
            "studies": {"end_of_study_timeout": 1000},
            "hooks": {"on_reception": canary, "concurrency": 0},
        },
    ) as running:
        yield running


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(study=BYTES, name=st.binary(max_size=64), title=st.binary(min_size=1, max_size=16), instance=BYTES)
@example(study=HOSTILE[0], name=HOSTILE[0], title=b"A$(touch x)", instance=HOSTILE[0])
@example(study=HOSTILE[1], name=HOSTILE[1], title=b"`touch x`", instance=HOSTILE[1])
@example(study=HOSTILE[8], name=HOSTILE[8], title=b'"; touch x; "', instance=HOSTILE[4])
@example(study=b"9" * 255, name=b"x" * 300, title=b"../..", instance=b"1")
@example(study=b"9" * 65535, name=b"x" * 65534, title=b"A", instance=b"1")
def test_nothing_leaves_the_directory(daemon, study, name, title, instance):
    root = daemon.directory.parent
    study, name = study[:65534], name[:65534]
    if not title.strip(b" \0"):
        title = b"A"
    padded = instance.ljust(len(instance) + len(instance) % 2)
    # A UID that is nothing but padding ends the association, a blank title begins none.
    with contextlib.suppress(Aborted, Rejected), associate(daemon.port, calling=title.ljust(16)) as association:
        status = association.store(1, CT_IMAGE, padded, data_set(study, "1.2.3", name=name))
        assert status in {SUCCESS, Status.DATA_SET_DOES_NOT_MATCH, Status.CANNOT_UNDERSTAND, Status.OUT_OF_RESOURCES}
        association.abort()
    beside = {path.name for path in root.iterdir()}
    assert beside <= {"out", "out.toml", "out.log", "ran"}
    for folder in daemon.directory.iterdir():
        assert folder.is_dir()
        assert NAME.fullmatch(folder.name)
        if folder.name != ".storescpd":
            for file in folder.iterdir():
                # The number of what was set aside is ours, and "+" means nothing to a shell.
                assert NAME.fullmatch(re.sub(r"\+\d+$", "", file.name))
                assert stat.S_ISREG(file.lstat().st_mode)
    own = {path.name.partition(".")[0] for path in (daemon.directory / ".storescpd").iterdir()}
    assert {name for name in own if not CONTROL.fullmatch(name)} <= {"incoming", "ledger"}


@pytest.mark.parametrize("study", [None, b"", b"  ", b"\0\0"])
@pytest.mark.parametrize("sort", ["study", "study-uid", "patient-name"])
def test_an_object_without_a_study_is_not_stored(sort, study, tmp_path):
    with storescpd(tmp_path / "out", {"naming": {"sort": sort}}) as daemon, associate(daemon.port) as association:
        assert association.store(1, CT_IMAGE, "1.2.3", data_set(study, "1.2.3")) == Status.CANNOT_UNDERSTAND
        assert tree(tmp_path / "out") == {}
        eventually(lambda: "no Study Instance UID" in daemon.log())
        assert store(association, "A", 1) == SUCCESS


@pytest.mark.parametrize("study", [".", "..", ".storescpd"])
def test_a_study_uid_that_is_no_name_is_refused(study, tmp_path):
    """storescp 3.6.7 stores in the parent directory (storescp facts 2.6)."""
    settings_ = {"naming": {"sort": "study-uid"}}
    with storescpd(tmp_path / "out", settings_) as daemon, associate(daemon.port) as association:
        assert association.store(1, CT_IMAGE, "1.2.3", data_set(study, "1.2.3")) == Status.CANNOT_UNDERSTAND
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "out.log", "out.toml"]


def test_a_directory_that_could_not_be_made_is_made_when_it_can(tmp_path):
    """storescp remembers the study and answers A700 for ever (storescp facts 2.8)."""
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / study_uid("A")).write_bytes(b"in the way")
    with storescpd(tmp_path / "out", {"naming": {"sort": "study-uid"}}) as daemon:
        with associate(daemon.port) as association:
            assert store(association, "A", 1) == Status.CANNOT_UNDERSTAND
            eventually(lambda: "Not a directory" in daemon.log())
            (tmp_path / "out" / study_uid("A")).unlink()
            assert store(association, "A", 1) == SUCCESS
    assert tree(tmp_path / "out") == {study_uid("A"): [f"CT.{instance_uid('A', 1)}"]}


def test_a_link_to_another_directory_is_not_followed(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "out" / study_uid("A")).symlink_to(tmp_path / "elsewhere")
    with storescpd(tmp_path / "out", {"naming": {"sort": "study-uid"}}) as daemon:
        with associate(daemon.port) as association:
            assert store(association, "A", 1) == Status.CANNOT_UNDERSTAND
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_numbers_are_not_wasted_on_duplicates_and_failures(tmp_path):
    """storescp counts an instance that came twice, and one that was not written (storescp facts 2.10)."""
    settings_ = {
        "naming": {"sort": "study-uid"},
        "studies": {"end_of_study_timeout": 2, "rename": True},
        "storage": {"max_object_size": 2000},
    }
    with storescpd(tmp_path / "out", settings_) as daemon, associate(daemon.port) as association:
        assert store(association, "A", 1) == SUCCESS
        assert store(association, "A", 1) == SUCCESS
        assert store(association, "A", 2, name=b"x" * 5000) == Status.OUT_OF_RESOURCES
        assert store(association, "A", 3) == SUCCESS
        eventually(lambda: "study ended" in daemon.log())
        assert tree(tmp_path / "out") == {study_uid("A"): ["CT000001", "CT000002"]}
        assert store(association, "A", 4) == SUCCESS
        eventually(lambda: daemon.log().count("study ended") == 2)
    assert tree(tmp_path / "out") == {study_uid("A"): ["CT000001", "CT000002", "CT000003"]}


@pytest.mark.parametrize("extension", ["_x", ".dcm"])
def test_time_names_are_renamed_by_the_code_that_is_remembered(extension, tmp_path):
    """storescp 3.6.7 dies of an extension with an underscore (storescp facts 2.10)."""
    settings_ = {
        "naming": {"sort": "study", "filenames": "time", "extension": extension},
        "studies": {"scope": "daemon", "end_of_study_timeout": 0, "rename": True},
    }
    with storescpd(tmp_path / "out", settings_, workers=2) as daemon, associate(daemon.port) as association:
        for number, code in enumerate(("CT", "MR", "CT", "SC")):
            assert store(association, "A", number, code) == SUCCESS
        store(association, "B", 1)
        eventually(lambda: "study ended" in daemon.log())
    renamed = ["CT000001", "CT000003", "MR000002", "SC000004"]
    assert renamed in tree(tmp_path / "out").values()


def test_time_names_over_workers_overwrite_nothing(tmp_path):
    settings_ = {"naming": {"filenames": "time"}}
    with storescpd(tmp_path / "out", settings_, workers=2) as daemon:
        associations = [associate(daemon.port) for _ in range(4)]
        for number in range(60):
            assert store(associations[number % 4], "A", number, ("CT", "MR")[number % 2]) == SUCCESS
        for association in associations:
            association.close()
        names = [path.name for path in daemon.stored()]
    assert len(names) == 60
    assert all(re.fullmatch(r"\d{17}(_\d{4})?\.(CT|MR)", name) for name in names)


def test_consumers_may_take_everything_away(tmp_path):
    settings_ = {
        "naming": {"sort": "study"},
        "studies": {"end_of_study_timeout": 2, "rename": True},
        "hooks": {"on_end_of_study": f"echo #p >> {tmp_path}/log"},
    }
    with storescpd(tmp_path / "out", settings_) as daemon, associate(daemon.port) as association:
        assert store(association, "A", 1) == SUCCESS
        (folder,) = tree(tmp_path / "out")
        shutil.rmtree(tmp_path / "out" / folder)
        assert store(association, "A", 2) == SUCCESS
        assert tree(tmp_path / "out") == {folder: [f"CT.{instance_uid('A', 2)}"]}
        shutil.rmtree(tmp_path / "out" / folder)
        eventually(lambda: lines(tmp_path / "log"))
        eventually(lambda: "study ended" in daemon.log())
        assert "error[" not in daemon.log()


def test_logs_keep_patients_names_to_themselves(tmp_path):
    settings_ = {"naming": {"sort": "patient-name"}, "logging": {"level": "trace"}}
    with storescpd(tmp_path / "out", settings_) as daemon, associate(daemon.port) as association:
        assert store(association, "A", 1, name=b"Secret^Name") == SUCCESS
        (folder,) = tree(tmp_path / "out")
        assert folder.startswith("Secret_Name_")
        (tmp_path / "out" / folder).rename(tmp_path / "taken")
        (tmp_path / "out" / folder).write_bytes(b"in the way")
        assert store(association, "A", 2, name=b"Secret^Name") == Status.CANNOT_UNDERSTAND
        eventually(lambda: "Not a directory" in daemon.log())
        assert "Secret" not in daemon.log()
        assert daemon.log().count("***_2") >= 3


def test_logs_show_patients_names_where_that_is_wanted(tmp_path):
    settings_ = {"naming": {"sort": "patient-name"}, "logging": {"patient_data": True}}
    with storescpd(tmp_path / "out", settings_) as daemon, associate(daemon.port) as association:
        assert store(association, "A", 1, name=b"Known^Name") == SUCCESS
        eventually(lambda: "object stored" in daemon.log())
        assert daemon.log().count("Known_Name_") >= 2


def test_peers_have_studies_of_their_own_kind(tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    settings_ = {
        "naming": {"sort": "study-uid"},
        "peers": [
            {
                "calling_ae_title": "US*",
                "storage": {"directory": str(other)},
                "naming": {"sort": "none", "extension": ".dcm"},
                "hooks": {"on_reception": f"echo #p/#f >> {tmp_path}/log"},
            }
        ],
    }
    with storescpd(tmp_path / "out", settings_) as daemon:
        for title in ("CT1", "US1"):
            with associate(daemon.port, calling=title) as association:
                assert store(association, "A", 1) == SUCCESS
        name = f"CT.{instance_uid('A', 1)}"
        assert eventually(lambda: lines(tmp_path / "log")) == [f"{other}/{name}.dcm"]
        assert tree(tmp_path / "out") == {study_uid("A"): [name]}
        query = "SELECT root, folder, name, calling FROM objects ORDER BY id"
        assert rows(ledger_of(tmp_path / "out"), query) == [
            (str(tmp_path / "out"), study_uid("A"), name, "CT1"),
            (str(other), "", f"{name}.dcm", "US1"),
        ]
