"""Hooks as the daemon runs them. They wait for a gate, a file, wherever a test has to see them at work."""

import json
import os
import resource
import signal
import threading
from pathlib import Path

import pytest

from storescpd.wire.codes import Status
from tests.studies.studies import (
    SUCCESS,
    associate,
    command,
    data_set,
    instance_uid,
    keeper_pid,
    ledger_of,
    lines,
    rows,
    store,
    study_uid,
    tree,
)
from tests.support.daemon import storescpd
from tests.support.objects import CT_IMAGE
from tests.support.processes import alive, end, eventually, suspend

GATE = "n=0; while [ ! -e {0}/gate ] && [ $n -lt 5000 ]; do n=$((n+1)); sleep 0.02; done"
"""Bounded, so that nothing is left of a test that fails."""

OF_THE_C_LIBRARY = 0b11 << 31
"""Signals 32 and 33: nobody but it can change them, and a test run may inherit them ignored."""


def gated(folder: Path) -> str:
    """Writes when it begins and when it ends, and ends once the gate is open."""
    return f"echo begin #f >> {folder}/log; {GATE.format(folder)}; echo end #f >> {folder}/log"


def opened(folder: Path) -> None:
    (folder / "gate").touch()


def finished(folder: Path) -> list[str]:
    return [line for line in lines(folder / "log") if line.startswith("end")]


def most_at_once(log: list[str]) -> int:
    running = most = 0
    for line in log:
        running += 1 if line.startswith("begin") else -1
        most = max(most, running)
    return most


def test_receiving_goes_on_while_hooks_are_pending_and_no_more_than_allowed_run(tmp_path):
    settings = {"hooks": {"on_reception": gated(tmp_path), "concurrency": 3}}
    with storescpd(tmp_path / "out", settings, workers=2) as daemon:
        with associate(daemon.port) as association:
            assert [store(association, f"S{number}", number) for number in range(200)] == [SUCCESS] * 200
            association.release()
        assert finished(tmp_path) == []
        eventually(lambda: len(lines(tmp_path / "log")) == 3)
        opened(tmp_path)
        eventually(lambda: len(finished(tmp_path)) == 200, 60)
        assert most_at_once(lines(tmp_path / "log")) == 3


def test_hooks_of_one_study_run_one_after_another_and_others_do_not_wait(tmp_path):
    settings = {"hooks": {"on_reception": gated(tmp_path), "concurrency": 0}}
    with storescpd(tmp_path / "out", settings) as daemon:
        with associate(daemon.port) as association:
            for study in "ABC":
                for number in range(5):
                    store(association, study, number)
            association.release()
        eventually(lambda: len(lines(tmp_path / "log")) == 3)
        assert {line.rpartition(".")[0] for line in lines(tmp_path / "log")} == {
            f"begin CT.{study_uid(study)}" for study in "ABC"
        }
        opened(tmp_path)
        eventually(lambda: len(finished(tmp_path)) == 15)
        for study in "ABC":
            of_study = [line for line in lines(tmp_path / "log") if f".{ord(study)}." in line]
            assert most_at_once(of_study) == 1
            assert [line.split()[1] for line in of_study[::2]] == [f"CT.{instance_uid(study, n)}" for n in range(5)]


def test_a_synchronous_hook_delays_the_next_command_and_not_the_answer(tmp_path):
    settings = {"hooks": {"on_reception": gated(tmp_path), "synchronous": True}}
    with storescpd(tmp_path / "out", settings) as daemon, associate(daemon.port) as association:
        assert store(association, "A", 1) == SUCCESS
        answered = threading.Event()

        def next_one() -> None:
            store(association, "A", 2)
            answered.set()

        thread = threading.Thread(target=next_one)
        thread.start()
        eventually(lambda: lines(tmp_path / "log"))
        with associate(daemon.port) as other:
            # Others are served meanwhile; by then an answer to the first would have come.
            assert store(other, "B", 1) == SUCCESS
        assert not answered.is_set()
        opened(tmp_path)
        assert answered.wait(60)
        thread.join()


def test_order_at_the_end_of_a_study(tmp_path):
    settings = {
        "naming": {"sort": "study-uid"},
        "studies": {"end_of_study_timeout": 2, "rename": True},
        "hooks": {
            "on_reception": gated(tmp_path),
            "on_end_of_study": f"(ls #p; echo $STORESCPD_OBJECTS) >> {tmp_path}/log",
        },
    }
    with storescpd(tmp_path / "out", settings) as daemon:
        with associate(daemon.port) as association:
            store(association, "A", 1)
            store(association, "A", 2, "MR")
            association.release()
        eventually(lambda: "study ends" in daemon.log())
        names = [f"CT.{instance_uid('A', 1)}", f"MR.{instance_uid('A', 2)}"]
        assert tree(tmp_path / "out") == {study_uid("A"): names}, "nothing is renamed before its hooks are done"
        opened(tmp_path)
        eventually(lambda: lines(tmp_path / "log")[-1:] == ["2"])
        first = [f"{what} {name}" for name in names for what in ("begin", "end")]
        assert lines(tmp_path / "log") == [*first, "CT000001", "MR000002", "2"]


def test_a_hook_that_takes_too_long_is_ended_with_its_children(tmp_path):
    hook = f"sleep 1000 & echo $! > {tmp_path}/pid; wait"
    with storescpd(tmp_path / "out", {"hooks": {"on_reception": hook, "timeout": 0.3}}) as daemon:
        with associate(daemon.port) as association:
            store(association, "A", 1)
        pid = int(eventually(lambda: lines(tmp_path / "pid"))[0])
        eventually(lambda: not alive(pid))
        failed = eventually(lambda: json.loads(command(daemon, "--failed-hooks", "--json")))
        assert [(hook["kind"], hook["result"]) for hook in failed] == [("reception", "exit status 143")]


def test_a_hook_is_tried_again(tmp_path):
    hook = f"echo x >> {tmp_path}/log; test $(wc -l < {tmp_path}/log) = 2"
    with storescpd(tmp_path / "out", {"hooks": {"on_reception": hook, "retries": 3}}) as daemon:
        with associate(daemon.port) as association:
            store(association, "A", 1)
        eventually(lambda: rows(ledger_of(tmp_path / "out"), "SELECT state FROM hooks") == [("done",)])
        assert len(lines(tmp_path / "log")) == 2


def test_a_hook_that_failed_for_good_holds_nothing_up_and_can_be_run_again(tmp_path):
    settings = {
        "naming": {"sort": "study-uid"},
        "studies": {"end_of_study_timeout": 0.3, "rename": True},
        "hooks": {
            "on_reception": f"echo #f >> {tmp_path}/log; test -e {tmp_path}/gate",
            "on_end_of_study": f"echo end >> {tmp_path}/log",
        },
    }
    with storescpd(tmp_path / "out", settings) as daemon:
        with associate(daemon.port) as association:
            store(association, "A", 1)
        eventually(lambda: "end" in lines(tmp_path / "log"))
        said = command(daemon, "--failed-hooks")
        assert "exit status 1, 1 attempt" in said
        assert str(tmp_path / "out" / study_uid("A") / "CT000001") in said
        opened(tmp_path)
        assert command(daemon, "--retry-hooks") == "1 hooks run again\n"
        eventually(lambda: command(daemon, "--failed-hooks") == "none\n")
        assert lines(tmp_path / "log") == [f"CT.{instance_uid('A', 1)}", "end", "CT000001"]


def test_failed_hooks_run_again_with_the_next_start(tmp_path):
    settings = {"hooks": {"on_reception": f"test -e {tmp_path}/gate"}}
    ledger = ledger_of(tmp_path / "out")
    with storescpd(tmp_path / "out", settings) as daemon:
        with associate(daemon.port) as association:
            store(association, "A", 1)
        eventually(lambda: rows(ledger, "SELECT state FROM hooks") == [("failed",)])
        daemon.terminate()
        opened(tmp_path)
        assert command(daemon, "--retry-hooks") == "1 hooks will run again when the daemon is started\n"
    with storescpd(tmp_path / "out", settings):
        eventually(lambda: rows(ledger, "SELECT state FROM hooks") == [("done",)])


def test_hooks_inherit_no_descriptors_no_secrets_and_no_blocked_signals(tmp_path):
    look = "ls -l /proc/self/fd; env; grep SigBlk /proc/self/status; grep SigIgn /proc/self/status"
    hook = f"({look}) > {tmp_path}/l; mv {tmp_path}/l {tmp_path}/log"
    with storescpd(tmp_path / "out", {"hooks": {"on_reception": hook}}, env={"CREDENTIALS_DIRECTORY": "/x"}) as daemon:
        with associate(daemon.port) as association:
            store(association, "A", 1)
        said = eventually(lambda: lines(tmp_path / "log"))
    targets = [line.rpartition("-> ")[2] for line in said if "-> " in line]
    assert not [target for target in targets if "socket" in target or "sqlite" in target or "pipe" in target]
    assert len(targets) == 4, "standard input, output and error, and the directory that is listed"
    assert not [line for line in said if line.startswith("CREDENTIALS_DIRECTORY")]
    masks = [int(line.split()[1], 16) & ~OF_THE_C_LIBRARY for line in said if line.startswith("Sig")]
    assert masks == [0, 0]


def test_a_list_runs_without_a_shell(tmp_path):
    program = tmp_path / "program"
    show = 'printf "%s\\n" "$@" "$STORESCPD_CALLING_AE" "$STORESCPD_STATUS"'
    program.write_text(f"#!/bin/sh\n{show} > {tmp_path}/l\nmv {tmp_path}/l {tmp_path}/log\n")
    program.chmod(0o755)
    settings = {"hooks": {"on_reception": [str(program), "#p/#f", "#a;exit"]}}
    with storescpd(tmp_path / "out", settings) as daemon:
        with associate(daemon.port, calling="A$(id) B") as association:
            store(association, "A", 1)
        said = eventually(lambda: lines(tmp_path / "log"))
    path = f"{tmp_path}/out/CT.{instance_uid('A', 1)}"
    assert said == [path, "A$(id) B;exit", "A$(id) B", "0000"]


def test_objects_that_are_stored_without_success_have_hooks_with_their_status(tmp_path):
    settings = {
        "hooks": {"on_reception": f"echo $STORESCPD_STATUS #f >> {tmp_path}/log"},
        "storage": {"max_object_size": 10000},
    }
    with storescpd(tmp_path / "out", settings) as daemon, associate(daemon.port) as association:
        other = data_set("1.9", "1.2.99")
        assert association.store(1, CT_IMAGE, "1.2.1", other) == Status.DATA_SET_DOES_NOT_MATCH
        without = data_set("1.9", "1.2.2").replace(b"\x08\0\x18\0UI", b"\x08\0\x19\0UI")
        assert association.store(1, CT_IMAGE, "1.2.2", without) == Status.CANNOT_UNDERSTAND
        large = data_set("1.9", "1.2.3", name=b"x" * 60000)
        assert association.store(1, CT_IMAGE, "1.2.3", large) == Status.OUT_OF_RESOURCES
        assert association.store(1, CT_IMAGE, "1.2.4", data_set("1.9", "1.2.4")) == SUCCESS
        eventually(lambda: len(lines(tmp_path / "log")) == 3)
    assert lines(tmp_path / "log") == ["A900 CT.1.2.1", "C000 CT.1.2.2", "0000 CT.1.2.4"]


@pytest.mark.parametrize("after", ["at once", "when it has ended"])
def test_a_hook_that_outlives_its_keeper_is_not_started_again(after, tmp_path):
    with storescpd(tmp_path / "out", {"hooks": {"on_reception": gated(tmp_path)}}) as daemon:
        with associate(daemon.port) as association:
            store(association, "A", 1)
            store(association, "A", 2)
        eventually(lambda: lines(tmp_path / "log"))
        keeper = keeper_pid(daemon)
        if after == "when it has ended":
            # Nobody is there when it ends: its successor is held back.
            suspend(daemon.pid)
        end(keeper)
        if after == "when it has ended":
            opened(tmp_path)
            eventually(lambda: finished(tmp_path))
            os.kill(daemon.pid, signal.SIGCONT)
        else:
            eventually(lambda: "hook of an earlier keeper goes on" in daemon.log())
            opened(tmp_path)
        eventually(lambda: len(finished(tmp_path)) == 2)
        eventually(
            lambda: {state for (state,) in rows(ledger_of(tmp_path / "out"), "SELECT state FROM hooks")} == {"done"}
        )
    names = [f"CT.{instance_uid('A', number)}" for number in (1, 2)]
    assert lines(tmp_path / "log") == [f"{what} {name}" for name in names for what in ("begin", "end")]


def test_a_hook_that_outlives_its_daemon_is_not_started_again(tmp_path):
    settings = {"hooks": {"on_reception": gated(tmp_path)}}
    with storescpd(tmp_path / "out", settings) as daemon:
        with associate(daemon.port) as association:
            store(association, "A", 1)
        eventually(lambda: lines(tmp_path / "log"))
        for pid in daemon.members():
            end(pid)
    with storescpd(tmp_path / "out", settings) as daemon:
        eventually(lambda: "hook of an earlier keeper goes on" in daemon.log())
        opened(tmp_path)
        eventually(lambda: rows(ledger_of(tmp_path / "out"), "SELECT state FROM hooks") == [("done",)])
    assert len(lines(tmp_path / "log")) == 2


def test_a_hook_that_was_killed_with_its_daemon_runs_again(tmp_path):
    settings = {"hooks": {"on_reception": gated(tmp_path)}}
    with storescpd(tmp_path / "out", settings) as daemon:
        with associate(daemon.port) as association:
            store(association, "A", 1)
        eventually(lambda: lines(tmp_path / "log"))
        ((pid,),) = rows(ledger_of(tmp_path / "out"), "SELECT pid FROM hooks")
        for member in daemon.members():
            end(member)
        os.killpg(pid, signal.SIGKILL)
    with storescpd(tmp_path / "out", settings):
        opened(tmp_path)
        eventually(lambda: finished(tmp_path))
    name = f"CT.{instance_uid('A', 1)}"
    assert lines(tmp_path / "log") == [f"begin {name}", f"begin {name}", f"end {name}"]


def test_a_sender_does_not_notice_that_the_keeper_was_replaced(tmp_path):
    with storescpd(tmp_path / "out", {"naming": {"sort": "study-uid"}}, workers=2) as daemon:
        with associate(daemon.port) as association:
            for number in range(5):
                end(keeper_pid(daemon))
                assert store(association, "A", number) == SUCCESS
            association.release()
        found = rows(ledger_of(tmp_path / "out"), "SELECT name FROM objects ORDER BY id")
        assert [name for (name,) in found] == [f"CT.{instance_uid('A', number)}" for number in range(5)]


def test_a_reload_brings_the_new_command_to_what_failed_with_the_old_one(tmp_path):
    settings = {"hooks": {"on_reception": "exit 3"}}
    with storescpd(tmp_path / "out", settings) as daemon:
        with associate(daemon.port) as association:
            store(association, "A", 1)
        eventually(lambda: "exit status 3" in command(daemon, "--failed-hooks"))
        text = daemon.config_file.read_text()
        daemon.config_file.write_text(text.replace("exit 3", f"echo #f > {tmp_path}/log"))
        daemon.signal(signal.SIGHUP)
        eventually(lambda: "serving workers=1 generation=2" in daemon.log())
        command(daemon, "--retry-hooks")
        assert eventually(lambda: lines(tmp_path / "log")) == [f"CT.{instance_uid('A', 1)}"]


@pytest.mark.parametrize("first", ["daemon", "hook"])
def test_what_a_service_manager_ends_with_the_daemon_has_not_failed(first, tmp_path):
    """SIGTERM for every process of the unit, one after another (systemd.kill(5), KillMode=control-group)."""
    settings = {"hooks": {"on_reception": gated(tmp_path)}}
    ledger = ledger_of(tmp_path / "out")
    with storescpd(tmp_path / "out", settings) as daemon:
        with associate(daemon.port) as association:
            store(association, "A", 1)
            store(association, "A", 2)
            association.release()
        eventually(lambda: lines(tmp_path / "log"))
        ((pid,),) = rows(ledger, "SELECT pid FROM hooks WHERE state = 'running'")
        if first == "hook":
            os.killpg(pid, signal.SIGTERM)
            eventually(lambda: not alive(pid))
        for member in daemon.members():
            end(member, signal.SIGTERM)
        if first == "daemon":
            os.killpg(pid, signal.SIGTERM)
        assert daemon.wait() == 0
        eventually(lambda: not alive(pid))
        assert len(lines(tmp_path / "log")) == 1, "no other hook was started"
    with storescpd(tmp_path / "out", settings):
        opened(tmp_path)
        eventually(lambda: rows(ledger, "SELECT state FROM hooks") == [("done",), ("done",)])
    assert len(finished(tmp_path)) == 2


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL, signal.SIGTERM])
def test_a_hook_that_is_ended_alone_has_failed(number, tmp_path):
    """The next one of its study runs."""
    settings = {"hooks": {"on_reception": f"echo begin #f >> {tmp_path}/log; case #f in *.1) kill -{number} $$;; esac"}}
    with storescpd(tmp_path / "out", settings) as daemon:
        with associate(daemon.port) as association:
            store(association, "A", 1)
            store(association, "A", 2)
            association.release()
        eventually(lambda: len(lines(tmp_path / "log")) == 2)
        eventually(lambda: f"exit status {128 + number}" in command(daemon, "--failed-hooks"))


def test_what_hooks_say_is_in_the_log_at_debug(tmp_path):
    settings = {"hooks": {"on_reception": "echo said; echo wrong >&2"}, "logging": {"level": "debug"}}
    with storescpd(tmp_path / "out", settings) as daemon:
        with associate(daemon.port) as association:
            store(association, "A", 1)
        eventually(lambda: "hook done" in daemon.log())
        assert "line=said" in daemon.log()
        assert "line=wrong" in daemon.log()
    assert list((tmp_path / "out/.storescpd/ledger.sqlite.hooks").iterdir()) == []


def test_objects_that_nobody_looks_into_have_hooks_beside_each_other(tmp_path):
    """Which study they belong to is unknown."""
    settings = {"storage": {"bit_preserving": True}, "hooks": {"on_reception": gated(tmp_path), "concurrency": 2}}
    with storescpd(tmp_path / "out", settings) as daemon:
        with associate(daemon.port) as association:
            assert [store(association, "A", number) for number in range(2)] == [SUCCESS] * 2
            association.release()
        eventually(lambda: len(lines(tmp_path / "log")) == 2)
        opened(tmp_path)
        eventually(lambda: len(finished(tmp_path)) == 2)
        assert rows(ledger_of(tmp_path / "out"), "SELECT DISTINCT study, episode FROM objects") == [("", None)]


def test_what_a_locale_cannot_spell_fails_and_nothing_else(tmp_path):
    """The keeper must not die of a title, again with each start."""
    env = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    settings = {"hooks": {"on_reception": ["/bin/sh", "-c", f"echo ran >> {tmp_path}/log"]}}
    with storescpd(tmp_path / "out", settings, env=env) as daemon:
        with associate(daemon.port, calling="CT\xe9".encode("latin-1").ljust(16)) as association:
            assert store(association, "A", 1) == SUCCESS
        failed = eventually(lambda: json.loads(command(daemon, "--failed-hooks", "--json")))
        assert ["cannot be spelled" in hook["result"] for hook in failed] == [True]
        with associate(daemon.port) as association:
            assert store(association, "B", 1) == SUCCESS
        eventually(lambda: lines(tmp_path / "log"))
        assert "keeper died" not in daemon.log()


def test_a_hook_for_which_there_is_no_room_runs_when_there_is(tmp_path):
    """It has not failed: it has not been tried. The keeper's descriptors are few, as processes or memory may be."""
    gate = f"echo begin >> {tmp_path}/log; {GATE.format(tmp_path)}"
    with storescpd(tmp_path / "out", {"hooks": {"on_reception": gate, "concurrency": 9}}) as daemon:
        keeper = keeper_pid(daemon)
        limit = len(os.listdir(f"/proc/{keeper}/fd")) + 12
        resource.prlimit(keeper, resource.RLIMIT_NOFILE, (limit, limit))
        with associate(daemon.port) as association:
            for study in "ABCDEFGHI":
                assert store(association, study, 1) == SUCCESS
        eventually(lambda: "no room" in daemon.log())
        opened(tmp_path)
        eventually(lambda: rows(ledger_of(tmp_path / "out"), "SELECT DISTINCT state FROM hooks") == [("done",)])
        assert len(lines(tmp_path / "log")) == 9
