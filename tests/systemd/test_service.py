"""The service as it is installed, and what an operator does to it."""

import pydicom

from tests.support.compare import dissect
from tests.support.daemon import merged
from tests.support.processes import end, eventually
from tests.support.scenes import SUCCESS, begin, finish, small, store, whole
from tests.systemd.service import CONFIG, PORT, SETTINGS, SPOOL, UNIT


def test_it_runs_after_the_installation(service):
    service.control("start")
    assert service.state() == ("active", "success", "0")
    user, kind = service.bed.show(UNIT, "User", "Type")
    assert (user, kind) == ("storescpd", "notify")
    assert service.bed.run("systemctl", "is-enabled", UNIT).strip() == "enabled"
    for unit in ("storescpd.socket", "storescpd-tls.socket"):
        assert service.bed.run("systemctl", "is-enabled", unit, check=False).strip() == "disabled"
    assert service.bed.run("stat", "-c", "%U:%G %a", SPOOL).strip() == "storescpd:storescpd 750"
    # Passwords may stand in it.
    assert service.bed.run("stat", "-c", "%U:%G %a", CONFIG).strip() == "root:storescpd 640"
    assert service.bed.show(UNIT, "StatusText")[0].startswith("serving")
    assert service.store(1) == SUCCESS
    [path] = service.stored()
    assert dissect(path).data == small().bytes(1)
    assert service.bed.run("stat", "-c", "%U:%G %a", f"{SPOOL}/{path.name}").strip() == "storescpd:storescpd 640"
    assert service.send("echoscu", "127.0.0.1", str(PORT)).returncode == 0


def test_the_journal_has_fields_to_look_for(service):
    service.control("start")
    template = small()
    assert service.store(1) == SUCCESS
    with service.associate(calling="CT 1") as association:
        assert store(association, template, 2) == SUCCESS
        association.release()
    matches = ["DICOM_CALLING_AE=CT 1", f"SOP_INSTANCE_UID={template.instance(2)}", "DICOM_STATUS=0000"]
    [entry] = eventually(lambda: service.bed.journal(*matches))
    [study] = {path_study(path) for path in service.stored()}
    expected = {
        "STUDY_INSTANCE_UID": study,
        "DICOM_CALLED_AE": "ANY-SCP",
        "DICOM_LISTENER": "dicom",
        "PRIORITY": "6",
        "SYSLOG_IDENTIFIER": "storescpd",
        "STORESCPD_PATH": f"{SPOOL}/CT.{template.instance(2)}",
        "_SYSTEMD_UNIT": UNIT,
    }
    assert {name: entry[name] for name in expected} == expected
    assert entry["DICOM_PEER"].startswith("127.0.0.1:")
    assert {found["SOP_INSTANCE_UID"] for found in service.bed.journal(f"STUDY_INSTANCE_UID={study}")} == {
        template.instance(1),
        template.instance(2),
    }
    # What a process wrote on stderr would have no fields: only the check before the start does that.
    said = [one["MESSAGE"] for one in service.bed.journal("_COMM=python3") if one["_TRANSPORT"] != "journal"]
    assert said == ["/etc/storescpd/storescpd.toml: good"]


def path_study(path) -> str:
    return str(pydicom.dcmread(path, stop_before_pixels=True).StudyInstanceUID)


def test_a_reload_takes_over_what_is_new_and_cuts_nobody(service):
    service.control("start")
    before = service.supervisor
    with service.associate() as open_before:
        assert store(open_before, small(), 1) == SUCCESS
        service.configure(merged(SETTINGS, {"listeners": [{"port": PORT}, {"name": "second", "port": PORT + 1}]}))
        service.control("reload")
        # It has returned: the new port is there, without waiting.
        assert service.store(2, PORT + 1) == SUCCESS
        assert service.store(3) == SUCCESS
        assert store(open_before, small(), 4) == SUCCESS
        open_before.release()
    assert service.supervisor == before
    assert [path.name for path in service.stored()] == [f"CT.{small().instance(number)}" for number in (1, 2, 3, 4)]


BAD = {"storage": {"directory": SPOOL, "durabilty": "full"}}


def status(service) -> str:
    """How the service is, without the last error, which stays."""
    return service.bed.show(UNIT, "StatusText")[0].partition("last error")[0]


def test_a_bad_file_makes_a_reload_fail_with_the_reason_and_changes_nothing(service):
    service.control("start")
    service.configure(BAD)
    assert not service.bed.succeeds("systemctl", "reload", UNIT)
    assert any("durabilty" in entry["MESSAGE"] for entry in service.bed.journal("PRIORITY=3"))
    assert service.state() == ("active", "success", "0")
    assert "reload failed" in status(service)
    assert service.store(1) == SUCCESS
    service.configure(SETTINGS)
    service.control("reload")
    assert "reload failed" not in status(service)
    assert service.store(2) == SUCCESS


def test_a_bad_file_makes_the_start_fail_once(service):
    service.configure(BAD)
    said = service.control("start", check=False)
    assert "failed" in said
    assert service.state() == ("failed", "exit-code", "78")
    assert service.bed.show(UNIT, "NRestarts") == ["0"]
    assert any("durabilty" in entry["MESSAGE"] for entry in service.bed.journal())
    service.configure(SETTINGS)
    service.control("start")
    assert service.store(1) == SUCCESS


def test_a_stop_lets_an_open_association_end(service):
    service.control("start")
    with service.associate() as association:
        rest = begin(association, small(), 1)
        service.control("stop", "--no-block", UNIT)
        eventually(lambda: service.state()[0] == "deactivating")
        assert finish(association, rest) == SUCCESS
        association.release()
    eventually(lambda: service.state() == ("inactive", "success", "0"))
    assert whole(service.spool, small(), 1)


def test_a_killed_worker_is_replaced_and_the_service_goes_on(service):
    service.configure(SETTINGS)
    service.control("start")
    workers = service.workers()
    assert len(workers) == 2
    end(workers[0])
    eventually(lambda: workers[0] not in service.workers() and len(service.workers()) == 2)
    assert service.bed.show(UNIT, "ActiveState", "NRestarts") == ["active", "0"]
    [entry] = eventually(lambda: [one for one in service.bed.journal("PRIORITY=3") if "worker died" in one["MESSAGE"]])
    assert "signal 9" in entry["MESSAGE"]
    assert service.store(1) == SUCCESS


def test_a_killed_supervisor_is_restarted_and_nothing_answered_is_lost(service):
    service.configure(SETTINGS)
    service.control("start")
    assert service.store(1) == SUCCESS
    end(service.supervisor)
    eventually(lambda: service.bed.show(UNIT, "NRestarts", "ActiveState") == ["1", "active"])
    assert service.store(2) == SUCCESS
    assert all(whole(service.spool, small(), number) for number in (1, 2))


HOOK = f'printf "%s\\n" "#f" >> {SPOOL}/hooks.txt'


def test_a_killed_keeper_is_replaced_and_every_hook_runs(service):
    service.configure(merged(SETTINGS, {"hooks": {"on_reception": HOOK}}))
    service.control("start")
    log = service.spool / "hooks.txt"
    assert service.store(1) == SUCCESS
    eventually(lambda: log.exists() and log.read_text().split() == [f"CT.{small().instance(1)}"])
    keeper = service.keeper()
    end(keeper)
    assert service.store(2) == SUCCESS
    eventually(lambda: set(log.read_text().split()) == {f"CT.{small().instance(number)}" for number in (1, 2)})
    assert service.keeper() != keeper
    assert service.bed.show(UNIT, "ActiveState", "NRestarts") == ["active", "0"]
