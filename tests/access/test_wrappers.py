"""TCP wrappers: our decisions are libwrap's, but for what would run a command or is not understood."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from storescpd.access.unnamed import PARANOID, UNKNOWN
from storescpd.access.wrappers import Host, Request, Verdict, decide
from tests.access.generator import Case, cases, cases_with_files, local_cases, odd_cases
from tests.support.tools import need

LIBWRAP = Path(__file__).with_name("libwrap.py")
LIBRARY = "/usr/lib/x86_64-linux-gnu/libwrap.so.0"


def ours(case: Case) -> bool:
    client, server = Host(case.address, lambda: case.name), Host(case.saddress, lambda: case.sname)
    return decide(case.allow, case.deny, Request(case.daemon, client, server, case.files.__getitem__)).granted


def theirs(drawn: list[Case], directory: Path) -> list[bool]:
    rows = "".join(json.dumps(case.fields()) + "\n" for case in drawn)
    done = subprocess.run(
        [sys.executable, str(LIBWRAP), str(directory)], input=rows, capture_output=True, text=True, check=True
    )
    return [row == "1" for row in done.stdout.split()]


@pytest.mark.parametrize("seed", range(4))
def test_decisions_are_those_of_libwrap(seed, tmp_path):
    need(LIBRARY)
    drawn = cases(seed, 1000)
    expected = theirs(drawn, tmp_path)
    assert [case for case, granted in zip(drawn, expected, strict=True) if ours(case) != granted] == []
    assert 100 < sum(expected) < 900


@pytest.mark.parametrize("seed", range(4))
def test_nobody_gets_in_by_odd_rules(seed, tmp_path):
    need(LIBRARY)
    drawn = odd_cases(seed, 4000)
    expected = theirs(drawn, tmp_path)
    assert [case for case, granted in zip(drawn, expected, strict=True) if not granted and ours(case)] == []
    assert sum(map(ours, drawn)) > 400


def test_files_of_patterns_are_read_as_by_libwrap(tmp_path):
    need(LIBRARY)
    drawn = cases_with_files(5, 1000, str(tmp_path))
    expected = theirs(drawn, tmp_path)
    assert [case for case, granted in zip(drawn, expected, strict=True) if ours(case) != granted] == []
    assert 100 < sum(expected) < 900


@pytest.mark.parametrize("seed", range(3))
def test_decisions_are_those_of_tcpdmatch(seed, tmp_path):
    """From the loopback interface, whose names need no name server; tcpdmatch tells which ones it has found."""
    need("tcpdmatch")
    drawn = local_cases(seed, 1000)
    decisions = []
    for case in drawn:
        (tmp_path / "hosts.allow").write_text(case.allow)
        (tmp_path / "hosts.deny").write_text(case.deny)
        command = ["tcpdmatch", "-d", "storescp@127.0.0.1", case.address]
        said = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True).stdout
        names = {row.split()[0]: row.split()[2] for row in said.splitlines() if row.split()[1:2] == ["hostname"]}
        client, server = (names.get(end, UNKNOWN) for end in ("client:", "server:"))
        granted = "access:   granted" in said
        request = Request("storescp", Host(case.address, lambda n=client: n), Host("127.0.0.1", lambda n=server: n))
        assert decide(case.allow, case.deny, request).granted == granted, (case, said)
        decisions.append(granted)
    assert 100 < sum(decisions) < 900


def asked(allow: str, deny: str = "ALL: ALL\n", *, name: str = "ct1", address: str = "10.1.2.3", read=None) -> Verdict:
    client = Host(address, lambda: name)
    request = Request("storescp", client, Host("127.0.0.1"), **({"read": read} if read else {}))
    return decide(allow, deny, request)


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        ("ALL: ALL: spawn /bin/true\n", "run a command"),
        ("ALL: ALL: twist /bin/true\n", "run a command"),
        ("ALL: ALL: aclexec /bin/true\n", "run a command"),
        ("ALL: ALL: severity mail.info: spawn (echo %h\\: x) &\n", "run a command"),
        ("ALL: ALL: user nobody\n", "not understood"),
        ("ALL: ALL: /bin/echo\n", "not understood"),
        ("ALL: ALL: ALLOW: DENY\n", "alone at the end"),
        ("ALL: ALL: allow=yes\n", "alone at the end"),
        ("ALL: ALL:\n", "not understood"),
        ("nonsense\nALL: ALL\n", 'no ":"'),
        ("ALL: @netgroup\n", "netgroup"),
        ("ALL: ALL]\n", "other half"),
        ("]ALL: ALL\n", "other half"),
        ("ALL: [[::1]]\n", "other half"),
        ("ALL: [::1 : ALLOW\n", "other half"),
        ("ALL: [::1]/128@.example.org\n", "no user at a host"),
        ("storescp@: ALL\n", "without a host"),
        ("ALL: KNOWN@\n", "without a host"),
        ("ALL: 10.0.0.0/0\n", "not a network"),
        ("ALL: 10.0.0.0/33\n", "not a network"),
        ("ALL: 10.0.0.0/255.255.255.255\n", "not a network"),
        ("ALL: [2001:db8::]/129\n", "not a network"),
        ("ALL: [nonsense]\n", "not an IPv6 address"),
        ("ALL: /no/such/file\n", "cannot be read"),
        ("ALL: ALL", "no end"),
        ("ALL: ALL \\\n", "no end"),
        ("ALL: " + "x " * 1024 + "\n", "longer than"),
        ("ALL:\n", "empty list"),
        (": ALL\n", "empty list"),
        ("ALL: ALL EXCEPT\n", "empty list"),
        ("ALL: EXCEPT 10.\n", "empty list"),
        ("ALL: ALL EXCEPT EXCEPT 10.\n", "empty list"),
        ("ALL:\xa0ALL\n", "not ASCII"),
        ("\xef\xbb\xbfALL: ALL\n", "not ASCII"),
        ("ALL: ALL\0\n", "not ASCII"),
        ("ALL: /a\vb\n", "not ASCII"),
    ],
)
@pytest.mark.parametrize("grants", [True, False])
def test_what_is_not_understood_denies_and_is_told(rule, told, grants):
    verdict = asked(rule, "") if grants else asked("", rule)
    assert not verdict.granted
    assert verdict.defect
    assert told in verdict.cause
    assert verdict.cause.startswith("hosts.allow:" if grants else "hosts.deny:")


def test_a_defect_behind_the_rule_that_decides_does_not_matter():
    assert asked("ALL: ALL\nnonsense\n").granted


def test_files_of_patterns():
    files = {"/a": "192.168.\n10.1.\t.example.org\n/b", "/b": "ct1"}
    assert asked("ALL: /a\n", read=files.__getitem__).granted
    assert asked("ALL: /b\n", read=files.__getitem__).granted
    assert not asked("ALL: ALL EXCEPT /a\n", read=files.__getitem__).granted
    assert not asked("ALL: /b\n", name="ct2", read=files.__getitem__).granted


@pytest.mark.parametrize("text", ["10.1.2.3,10.9.", "ALL@10.", "@netgroup", "\xa0ALL", "10.0.0.0/33", "ct1\0"])
def test_what_is_not_understood_in_a_file_denies(text):
    verdict = asked("ALL: /a\nALL: ALL\n", read=lambda _: text)
    assert not verdict.granted
    assert verdict.defect


def test_files_that_name_themselves_end():
    verdict = asked("ALL: /a\n", read=lambda _: "/a")
    assert verdict.defect
    assert "deep" in verdict.cause


@pytest.mark.parametrize(
    ("name", "pattern", "granted"),
    [
        (UNKNOWN, "UNKNOWN", True), (UNKNOWN, "KNOWN", False), (UNKNOWN, "localhost", False), ("ct1", "KNOWN", True),
        (PARANOID, "PARANOID", True), (PARANOID, "KNOWN", False), (PARANOID, "LOCAL", False), ("ct1", "LOCAL", True),
        ("10.1.2.3", "LOCAL", False), ("x.10.1.2.9", "10.1.2.9", False),
    ],
)  # fmt: skip
def test_names(name, pattern, granted):
    assert asked(f"ALL: {pattern}\n", name=name).granted is granted


def test_no_name_is_asked_for_that_is_not_needed():
    def never():
        raise AssertionError

    request = Request("storescp", Host("10.1.2.3", never), Host("127.0.0.1", never))
    assert decide("ALL: 10.1. .example.org\n", "ALL: ALL\n", request).granted
    assert decide("other: .example.org\n", "ALL: 10.9.\n", request).granted
    assert not decide("", "ALL EXCEPT other: 10.0.0.0/8\n", request).granted


def test_long_patterns_cost_little():
    assert not asked("ALL: " + "*a" * 500 + "\n", name="a" * 250).granted
