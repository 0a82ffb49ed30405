"""The gate: whatever goes wrong at it, nobody gets in by that."""

import os
import socket

import pytest
import tomli_w
from hypothesis import given, settings
from hypothesis import strategies as st

from storescpd.access.wrappers import Host, Request, decide
from storescpd.cli.check import problems_of
from storescpd.config import Environment
from storescpd.worker.gate import Gate, WrapperFiles, arrive

WORDS = ("ALL", "EXCEPT", "LOCAL", "KNOWN", "storescp", "10.", ".org", "10.0.0.0/8", "[::]/0", "::1", "spawn", "allow",
         "deny", "/file", "1/", "/1", *"@/[]:\\\n#*? ,\0\xff", "\\\n")  # fmt: skip
TEXTS = st.one_of(st.lists(st.sampled_from(WORDS), max_size=24).map("".join), st.text(st.characters(max_codepoint=255)))


@settings(deadline=None)
@given(allow=TEXTS, deny=TEXTS, listed=TEXTS, name=st.sampled_from(["unknown", "paranoid", "ct1", "a.example.org"]),
       address=st.sampled_from(["10.1.2.3", "::1", "::ffff:10.1.2.3", "fe80::1%eth0", "unknown"]))  # fmt: skip
def test_any_text_is_decided(allow, deny, listed, name, address):
    request = Request("storescp", Host(address, lambda: name), Host("127.0.0.1"), lambda _: listed)
    verdict = decide(allow, deny, request)
    assert not (verdict.granted and verdict.defect)
    if verdict.defect:
        assert verdict.cause.startswith(("hosts.allow: ", "hosts.deny: "))


@settings(deadline=None)
@given(text=TEXTS)
def test_a_defect_is_never_more_open_than_an_empty_file(text):
    """Whatever stands before a rule that keeps all out: at most a rule of the text itself lets in."""
    request = Request("storescp", Host("10.1.2.3"), Host("127.0.0.1"), lambda _: "")
    verdict = decide("", text + "\n\nALL: ALL\n", request)
    assert not verdict.granted or "hosts.deny line" in verdict.cause


@pytest.fixture
def connection():
    with socket.create_server(("127.0.0.1", 0)) as server:
        with socket.create_connection(server.getsockname()):
            accepted, _ = server.accept()
            with accepted:
                yield accepted


def gate(tmp_path, allow: str | bytes = "", deny: str | bytes = "") -> Gate:
    for name, text in (("allow", allow), ("deny", deny)):
        (tmp_path / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    return Gate(wrappers=WrapperFiles("storescp", str(tmp_path / "allow"), str(tmp_path / "deny")))


def refusal(tmp_path, connection, **texts) -> str | None:
    arrival = arrive(gate(tmp_path, **texts), "127.0.0.1", connection)
    assert arrival.defect is (arrival.refusal is not None)
    return arrival.refusal


def test_nobody_waits_for_a_pipe(tmp_path, connection):
    os.mkfifo(tmp_path / "pipe")
    assert "not a plain file" in refusal(tmp_path, connection, deny=f"ALL: {tmp_path}/pipe\n")


def test_a_file_too_long_is_not_cut(tmp_path, connection):
    (tmp_path / "long").write_text("10.0.0.1\n" * 130_000 + "127.0.0.1\n")
    assert "more than" in refusal(tmp_path, connection, deny=f"ALL: {tmp_path}/long\n")
    assert "more than" in refusal(tmp_path, connection, deny="# x\n" * 300_000 + "ALL: ALL\n")


def test_a_directory_is_no_file(tmp_path, connection):
    assert "directory" in refusal(tmp_path, connection, deny=f"ALL: {tmp_path}\n")


def test_no_rules_at_all(tmp_path, connection):
    assert refusal(tmp_path, connection) is None
    nothing = Gate(wrappers=WrapperFiles("storescp", "/dev/null", str(tmp_path / "not there")))
    assert arrive(nothing, "127.0.0.1", connection).refusal is None


def test_rules_that_cannot_be_read(tmp_path, connection):
    defect = Gate(wrappers=WrapperFiles("storescp", "/dev/null", str(tmp_path)))
    assert "cannot read" in arrive(defect, "127.0.0.1", connection).refusal


def test_a_defect_of_ours_denies_and_is_told(tmp_path, connection, monkeypatch, caplog):
    def fails(*_):
        raise KeyError("anything")

    monkeypatch.setattr("storescpd.access.wrappers.decide", fails)
    assert "anything" in refusal(tmp_path, connection, allow="ALL: ALL\n")
    assert "failed by a defect" in caplog.text


def test_an_address_that_is_none_denies(tmp_path, connection):
    assert arrive(gate(tmp_path, "ALL: ALL\n"), "nonsense", connection).refusal is not None


def found(tmp_path, allow: str, deny: str = "") -> list[tuple[str, str]]:
    (tmp_path / "allow").write_text(allow)
    (tmp_path / "deny").write_text(deny)
    access = {"tcp_wrappers": True, "hosts_allow": str(tmp_path / "allow"), "hosts_deny": str(tmp_path / "deny")}
    storage = {"directory": str(tmp_path), "min_free": 0}
    path = tmp_path / "c.toml"
    listeners = [{"name": "dicom", "address": "127.0.0.1", "port": 0}]
    path.write_text(tomli_w.dumps({"listeners": listeners, "storage": storage, "access": access}))
    problems = problems_of(path, Environment(), ())
    assert all(problem.note and problem.remedy for problem in problems)
    return [(problem.key, problem.message.removeprefix(f"{tmp_path}/")) for problem in problems]


def test_rules_are_checked(tmp_path):
    assert found(tmp_path, "storescp: 10.\n", "ALL: ALL\n") == []
    # Rules for others are theirs.
    assert found(tmp_path, "sshd: ALL: spawn /bin/true\nsshd: @netgroup\n", "ALL: ALL\n") == []
    wrong = found(tmp_path, "# x\nALL: 10. 10.0.0.0/33 @net\nstorescp: ALL: spawn /bin/true\n", "storescp ALL\n")
    assert [(key, text.partition(":")[2][:8]) for key, text in wrong] == [
        ("access.hosts_allow", " line 2:"), ("access.hosts_allow", " line 2:"), ("access.hosts_allow", " line 3:"),
        ("access.hosts_deny", " line 1 "),
    ]  # fmt: skip
