"""Files that are named: there and readable."""

import os

import pytest

from storescpd.config import Environment
from tests.support.certificates import issue

STORAGE = "[storage]\ndirectory = 'SPOOL'\nmin_free = 0\n"


def keys(problems):
    return [(problem.key, problem.note) for problem in problems]


TLS = "[[listeners]]\ntls = true\n[tls]\nkey = 'SPOOL/key'\ncertificate = 'SPOOL/cert'\npeer_certificate = 'ignore'\n"


def test_tls_files(check):
    assert keys(
        check(STORAGE + TLS + "ca_files = ['SPOOL/a']\nca_directories = ['SPOOL/b']\ndh_parameters = 'SPOOL'")
    ) == [
        ("tls.key", False),
        ("tls.certificate", False),
        ("tls.ca_files[0]", False),
        ("tls.ca_directories[0]", False),
        ("tls.dh_parameters", False),
    ]


def test_tls_files_that_are_there(check):
    pair = issue(check.spool, "server", days=(-1, 99))
    pair.key_file.rename(check.spool / "key")
    pair.certificate_file.rename(check.spool / "cert")
    assert check(STORAGE + TLS) == []
    (check.spool / "key").chmod(0o644)
    assert keys(check(STORAGE + TLS)) == [("tls.key", True)]


def test_credentials(check):
    pair = issue(check.spool, "server", days=(-1, 99))
    text = STORAGE + TLS.replace("SPOOL/key", "credential:k").replace("SPOOL/cert", str(pair.certificate_file))
    (note,) = check(text)
    assert note.note
    assert "only the service itself sees its credentials" in note.message
    service = Environment(credentials_directory=str(check.spool), inetd=True)
    (problem,) = check(text, service)
    assert "LoadCredential=k:" in problem.remedy
    pair.key_file.rename(check.spool / "k")
    assert check(text, service) == []


FILED = STORAGE + "[hooks]\non_reception = 'true'\n[studies]\nledger = "


@pytest.mark.parametrize(
    "name",
    ["SPOOL", "SPOOL/fifo", "SPOOL/" + 100 * "x", "SPOOL/" + 255 * "x", "SPOOL/.storescpd/incoming/ledger"],
)
def test_where_no_ledger_can_be(name, check):
    os.mkfifo(check.spool / "fifo")
    (check.spool / ".storescpd" / "incoming").mkdir(parents=True)
    assert keys(check(f"{FILED}'{name}'")) == [("studies.ledger", False)]


def test_the_folder_that_the_daemon_will_make_is_no_ledger(check):
    assert keys(check(f"{FILED}'SPOOL/.storescpd'")) == [("studies.ledger", False)]


def test_a_ledger_that_cannot_be_written(check_as_nobody, check):
    (check.spool / "ledger").touch(0o444)
    assert [(key, note) for key, _, note in check_as_nobody(f"{FILED}'SPOOL/ledger'")] == [("studies.ledger", False)]


ENTRY = "(0009,1001)\tLO\tSomething\t1\tsite\n"


def test_each_dictionary_must_be_one(check):
    """As at the start, which fails for one of them."""
    (check.spool / "good").write_text(ENTRY)
    (check.spool / "bad").write_text(ENTRY + "not an entry\n")
    os.mkfifo(check.spool / "fifo")
    (check.spool / "uids").write_text("(0008,0018)\tSQ\tSOPInstanceUID\t1\tsite\n")
    names = "['SPOOL/good', 'SPOOL/none', 'SPOOL/bad', 'SPOOL/fifo', 'SPOOL/uids']"
    found = [(f"dictionaries[{index}]", False) for index in (1, 2, 3, 4)]
    general = check(f"{STORAGE}[encoding]\ndictionaries = {names}")
    assert keys(general) == [(f"encoding.{name}", note) for name, note in found]
    assert "line 2" in general[1].message
    of_a_peer = check(f"{STORAGE}[[peers]]\nencoding = {{ dictionaries = {names} }}")
    assert keys(of_a_peer) == [(f"peers[0].encoding.{name}", note) for name, note in found]


def test_hosts_files(check):
    text = STORAGE + "[access]\ntcp_wrappers = true\nhosts_allow = 'SPOOL/none'\nhosts_deny = 'SPOOL'"
    assert keys(check(text)) == [("access.hosts_deny", False)]


def test_profile_files(check):
    (check.spool / "p").write_text("[[TransferSyntaxes]]\n[a]\nTransferSyntax1 = wrong\n")
    found = check(STORAGE + "[negotiation]\nprofile = 'p'\nprofile_file = 'SPOOL/p'")
    assert {problem.key for problem in found} == {"negotiation.profile_file"}
    assert any("spool/p:3:" in problem.message for problem in found)


def test_log_files(check):
    assert check(STORAGE + "[logging]\ndestination = 'SPOOL/log'") == []
    assert not (check.spool / "log").exists()
    assert keys(check(STORAGE + "[logging]\ndestination = 'SPOOL/'")) == [("logging.destination", False)]


def test_files_of_others(check, check_as_nobody):
    for name in ("key", "cert"):
        (check.spool / name).write_text("x")
        (check.spool / name).chmod(0o600)
    found = check_as_nobody(STORAGE + TLS)
    assert [(key, note) for key, _, note in found] == [("tls.key", False), ("tls.certificate", False)]
    assert "nobody cannot read" in found[0][1]


def test_programs_of_hooks(check):
    text = STORAGE + "[hooks]\non_reception = ['/no/such']\n[[peers]]\nhooks = { on_reception = ['no-such-program'] }"
    assert keys(check(text)) == [("hooks.on_reception", False), ("peers[0].hooks.on_reception", False)]
    assert check(STORAGE + "[hooks]\non_reception = ['sh', '-c', 'x']") == []


@pytest.mark.parametrize(
    ("line", "is_told"),
    [
        ("/no/such/program #p/#f", True), ("no-such-program", True), ("/etc/passwd #f", True), ("/no/such;true", True),
        ("cp #p/#f /archive", False), ("cd /x && cp #p/#f .", False), ("X=1 no-such-program", False),
        ("[ -e #p ] || exit", False), ('"/opt/a b/c" #f', False), ("$PROGRAM #f", False), ("#p/own.sh", False),
    ],
)  # fmt: skip
def test_programs_in_a_line_for_the_shell(line, is_told, check):
    """A note: what a shell makes of the line is known to the shell alone."""
    found = keys(check(STORAGE + f"[hooks]\non_reception = '{line}'"))
    assert found == ([("hooks.on_reception", True)] if is_told else [])


@pytest.mark.parametrize(
    ("mode", "password", "found"),
    [
        (0o640, True, []), (0o644, False, []), (0o644, True, ["tls.password"]), (0o646, False, [""]),
        (0o666, True, ["", "tls.password"]),
    ],
)  # fmt: skip
def test_who_else_reads_and_writes_the_file(mode, password, found, check, tmp_path):
    text = STORAGE + ("[[listeners]]\ntls = true\n[tls]\npassword = 'secret'\n" if password else "")
    (tmp_path / "storescpd.toml").touch()
    (tmp_path / "storescpd.toml").chmod(mode)
    told = [problem for problem in check(text) if "everyone" in problem.message]
    assert [problem.key for problem in told] == found
    assert all(problem.note and "chmod o-rwx" in problem.remedy for problem in told)
