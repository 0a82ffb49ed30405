"""Mistakes that people make in a text: each answer has the line, the key, and what to write.

What is proposed is tried: the line is replaced by it, and the file is good then.
"""

import re

import pytest

from storescpd.config import ConfigError, load

WRITTEN = [
    ("[storage]\nfile_mode = 0644", 2, "storage.file_mode", 'file_mode = "0644"'),
    ("[process]\numask = 0027", 2, "process.umask", 'umask = "0027"'),
    ("[storage]\ndirectory = /srv/dicom", 2, "storage.directory", 'directory = "/srv/dicom"'),
    ("[storage]\ndirectory = /srv/dicom  # spool", 2, "storage.directory", 'directory = "/srv/dicom"'),
    ("[storage]\r\ndirectory = /srv/dicom\r\n", 2, "storage.directory", 'directory = "/srv/dicom"'),
    ("[storage]\ndurability = full", 2, "storage.durability", 'durability = "full"'),
    ("[association]\nidle_timeout = 30 s", 2, "association.idle_timeout", 'idle_timeout = "30 s"'),
    ("[association]\nacse_timeout = 0,5", 2, "association.acse_timeout", "acse_timeout = 0.5"),
    ("[association]\nacse_timeout = .5", 2, "association.acse_timeout", "acse_timeout = 0.5"),
    ("[storage]\nmin_free = 10GB", 2, "storage.min_free", 'min_free = "10GB"'),
    ("[association]\nmax_pdu = 16,384", 2, "association.max_pdu", "max_pdu = 16384"),
    ("[association]\nmax_pdu = 16 384", 2, "association.max_pdu", "max_pdu = 16384"),
    ("[[listeners]]\nport = 0104", 2, "listeners[0].port", "port = 104"),
    ("[[listeners]]\n[[listeners]]\nname = 'b'\nport = 0\naddress = 127.0.0.1", 5, "listeners[1].address",
     'address = "127.0.0.1"'),
    ("[access]\nallow = [10.0.0.0/8]", 2, "access.allow", 'allow = ["10.0.0.0/8"]'),
    ("[association]\ncalling_ae_titles = [CT1, CT2]", 2, "association.calling_ae_titles",
     'calling_ae_titles = ["CT1", "CT2"]'),
    ('[association]\ncalling_ae_titles = ["A" "B"]', 2, "association.calling_ae_titles",
     'calling_ae_titles = ["A", "B"]'),
    ('[association]\ncalling_ae_titles = "A", "B"', 2, "association.calling_ae_titles",
     'calling_ae_titles = ["A", "B"]'),
    ("[storage]\nbit_preserving = True", 2, "storage.bit_preserving", "bit_preserving = true"),
    ("[storage]\nbit_preserving = yes", 2, "storage.bit_preserving", "bit_preserving = true"),
    ("[storage]\nbit_preserving = FALSE", 2, "storage.bit_preserving", "bit_preserving = false"),
    ('[storage]\ndirectory "/srv/dicom"', 2, "storage.directory", 'directory = "/srv/dicom"'),
    ('[storage]\ndirectory: "/srv/dicom"', 2, "storage.directory", 'directory = "/srv/dicom"'),
    ("[storage]\ndirectory => '/srv/dicom'", 2, "storage.directory", 'directory = "/srv/dicom"'),
    ("[storage]\ndirectory \uff1d '/srv/dicom'", 2, "storage.directory", 'directory = "/srv/dicom"'),
    ("[storage]\ndirectory = \u201c/srv/dicom\u201d", 2, "storage.directory", 'directory = "/srv/dicom"'),
    ("[storage]\ndirectory = `/srv/dicom`", 2, "storage.directory", 'directory = "/srv/dicom"'),
    ('[storage]\ndirectory = "/srv/dicom', 2, "storage.directory", 'directory = "/srv/dicom"'),
    ("[storage]\ndirectory = '/srv/dicom\"", 2, "storage.directory", 'directory = "/srv/dicom"'),
    ('[storage]\ndirectory = """/srv/dicom"', 2, "storage.directory", 'directory = "/srv/dicom"'),
    ('[storage]\ndirectory = "/srv/my\\ spool"', 2, "storage.directory", 'directory = "/srv/my spool"'),
    ('[hooks]\non_reception = "echo \\$HOME"', 2, "hooks.on_reception", "on_reception = 'echo \\$HOME'"),
    ('[hooks]\non_reception = "cp "$1" x"', 2, "hooks.on_reception", "on_reception = 'cp \"$1\" x'"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "line", "key", "written"), WRITTEN)
def test_what_is_proposed_is_right(text, line, key, written, problems):
    (problem,) = problems(text)
    assert (problem.line, problem.key) == (line, key)
    assert f"write {written}" in problem.remedy
    lines = text.split("\n")
    lines[line - 1] = written
    assert problems("\n".join(lines)) == []


TOLD = [
    ('[storage]\ndirectory = "/a"\nmin_free = 0\ndirectory = "/b"', 4, "storage.directory", "line 2"),
    ("[storage]\nmin_free = 0\n'min_free' = 1", 3, "storage.min_free", "line 2"),
    ("[[peers]]\nlistener = 'dicom'\n[[peers]]\naccept = true\naccept = true", 5, "peers[1].accept", "line 4"),
    ("[storage]\n[naming]\n[storage]\nmin_free = 0", 3, "storage", "line 1"),
    ("storage.min_free = 0\n[storage]", 2, "storage", "line 1"),
    ("[[listeners]]\nport = 104\n[listeners]\nport = 105", 3, "listeners", "[[listeners]]"),
    ("storage = { min_free = 0 }\nstorage.format = 'file'", 2, "storage.format", "line 1"),
    ("storage = { min_free = 0, min_free = 1 }", 1, "storage", "min_free twice"),
    ("[storage\nmin_free = 0", 1, "storage", "write [storage]"),
    ("[[peers]\naccept = true", 1, "peers", "write [[peers]]"),
    ("(storage)\nmin_free = 0", 1, "storage", "write [storage]"),
    ("[storage] min_free = 0", 1, "", "line of its own"),
    ("[storage]:\nmin_free = 0", 1, "", "[storage] alone"),
    ("storage:\n  min_free: 0", 1, "storage", "write [storage]"),
    ("; comment", 1, "", '"#"'),
    ("[storage]\n// comment", 2, "", '"#"'),
    ("[storage]\nmin_free = 0\nformat = 'file' // comment", 3, "storage.format", '"#"'),
    ("[storage]\nformat = 'file',", 2, "storage.format", "remove it"),
    ("[storage]\nformat = 'file' min_free = 0", 2, "storage.format", "its own line"),
    ("[storage]\nfile mode = '0640'", 2, "storage.file_mode", '"file_mode"'),
    ("[storage]\ngroup = null", 2, "storage.group", "remove the line"),
    ("[storage]\ndirectory =\nmin_free = 0", 2, "storage.directory", "no value"),
    ("[storage]\nbit_preserving", 2, "storage.bit_preserving", "no value"),
    ("[storage]\n= 5", 2, "", "no key"),
    ('[storage]\ndirectory = "C:\\dicom"', 2, "storage.directory", "Windows"),
    ("[storage]\nmin_free = 5%", 2, "storage.min_free", "share of the disk"),
    ("[association]\nidle_timeout = unlimited", 2, "association.idle_timeout", "0 for no limit"),
    ("[storage]\n\u00a0min_free = 0", 2, "storage.min_free", "U+00A0"),
    ("[storage]\nmin_free = 0\n\x00\x00", 3, "", "U+0000"),
    ("[storage]\rmin_free = 0", 1, "", "U+000D"),
    ("[storage]\n<<<<<<< HEAD", 2, "", "merge conflict"),
    ("-od /srv/dicom", 1, "", "--convert"),
    ('{"storage": {}}', 1, "", "JSON"),
    ("-----BEGIN CERTIFICATE-----", 1, "", "certificate"),
    ("[[TransferSyntaxes]]\n[Uncompressed]\nTransferSyntax1 = X", 3, "Uncompressed.TransferSyntax1", "profile_file"),
    ("[[peers]]\nstorage = {\n  min_free = 0\n}", 2, "peers[0].storage", "one line"),
    ("[[peers]]\nstorage = { min_free = 0, }", 2, "peers[0].storage", "comma"),
    ("[[peers]]\nstorage = { min_free: 0 }", 2, "peers[0].storage", "min_free = value"),
    ('[access]\nallow = [\n  "10.0.0.0/8"\n  "fd00::/8"\n]', 4, "access.allow", "comma"),
    ('[access]\nallow = [ "10.0.0.0/8",\ntcp_wrappers = true', 3, "access.allow", "line 2"),
]


@pytest.mark.parametrize(("text", "line", "key", "words"), TOLD)
def test_what_is_told(text, line, key, words, problems):
    problem = problems(text)[0]
    assert (problem.line, problem.key) == (line, key)
    assert words in f"{problem.message} ({problem.remedy})"
    # tomllib's own words are for programmers.
    assert "expected" not in problem.message.lower()


def test_all_at_once_whatever_they_are(problems):
    text = (
        "[storage]\ndirectory = /srv\nmin_fre = 3\nfile_mode = 0644\n[naming\nsort = study\n"
        "[studies]\nrename = true\n[tls]\nkey = 5\nkey = 6\n"
    )
    assert [(problem.line, problem.key) for problem in problems(text)] == [
        (2, "storage.directory"), (3, "storage.min_fre"), (4, "storage.file_mode"), (5, "naming"), (6, "naming.sort"),
        (10, "tls.key"), (11, "tls.key"),
    ]  # fmt: skip


def test_nothing_rests_on_what_is_lost(problems):
    """The sort without quotes was meant to be one, so that renaming has a meaning."""
    assert [problem.key for problem in problems("[naming]\nsort = study\n[studies]\nrename = true")] == ["naming.sort"]
    rest = "sort = 'study'\n[studies]\nrename = true\n[[listeners]]\ntls = true"
    assert [problem.line for problem in problems(f"[naming\n{rest}")] == [1, 6, 6]
    assert [problem.line for problem in problems(f"[name of files]\n{rest}")] == [1]


def test_a_file_of_mistakes_ends(problems):
    found = problems("x y\n" * 5000)
    assert 1 < len(found) <= 40


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le"])
def test_what_windows_calls_unicode(encoding, tmp_path):
    path = tmp_path / "c.toml"
    path.write_text("[storage]\n", encoding=encoding)
    with pytest.raises(ConfigError, match=r"UTF-16.*iconv"):
        load(path)


def test_a_letter_of_an_old_editor(tmp_path):
    path = tmp_path / "c.toml"
    path.write_bytes("[storage]\n# Praxis Müller\n".encode("latin-1"))
    with pytest.raises(ConfigError, match=r'c\.toml:2:11: .*"ü".*iconv'):
        load(path)


NOTES = [
    ('calling_ae_title = "^CT.*$"', "calling_ae_title", 'write "CT*"'),
    ('calling_ae_title = "CT\\\\d+"', "calling_ae_title", 'write "CT[0-9]*"'),
    ('calling_ae_title = "(CT1|CT2)"', "calling_ae_title", "of its own"),
    ('calling_ae_title = "CT1,CT2"', "calling_ae_title", "of its own"),
    ('calling_ae_title = "RADIOLOGY_CT_SCANNER"', "calling_ae_title", "never"),
    ('called_ae_title = "M\u00dcLLER"', "called_ae_title", "never"),
    ('calling_ae_title = "US*"', "calling_ae_title", "association.calling_ae_titles"),
    ('called_ae_title = "ARCHIVE"', "called_ae_title", "accepted_called_ae_titles"),
    ('network = "192.168.0.0/16"', "network", "access.allow"),
    ('network = "10.1.0.0/16"', "network", "access.deny"),
]
RESTRICTED = (
    '[association]\ncalling_ae_titles = ["CT*", "MR?"]\ncheck_called_ae_title = true\n'
    '[access]\nallow = ["10.0.0.0/8"]\ndeny = ["10.1.0.0/16"]\n'
)


@pytest.mark.parametrize(("matcher", "key", "words"), NOTES)
def test_rules_that_can_never_hold(matcher, key, words, check):
    text = f"[storage]\ndirectory = 'SPOOL'\nmin_free = 0\n{RESTRICTED}[[peers]]\n{matcher}"
    found = [problem for problem in check(text) if words in f"{problem.message} ({problem.remedy})"]
    assert [(problem.key, problem.note) for problem in found] == [(f"peers[0].{key}", True)]


@pytest.mark.parametrize(
    "matcher",
    ['calling_ae_title = "CT1"', 'calling_ae_title = "*1"', 'calling_ae_title = "[LM]R1"', 'called_ae_title = "STORE*"',
     'network = "10.2.0.0/16"', 'network = "10.0.0.0/8"', 'calling_ae_title = "CT.1"', 'calling_ae_title = "CT[!0-9]"'],
)  # fmt: skip
def test_rules_that_can_hold(matcher, check):
    assert check(f"[storage]\ndirectory = 'SPOOL'\nmin_free = 0\n{RESTRICTED}[[peers]]\n{matcher}") == []


@pytest.mark.parametrize(
    ("first", "second", "is_told"),
    [
        ('calling_ae_title = "CT1"', 'calling_ae_title = "CT1"', True),
        ('calling_ae_title = "CT*"', 'calling_ae_title = "CT1"', True),
        ('network = "10.0.0.0/8"', 'network = "10.1.0.0/16"\ncalling_ae_title = "CT1"', True),
        ('calling_ae_title = "CT1"', 'calling_ae_title = "CT*"', False),
        ('calling_ae_title = "CT*"\nnetwork = "10.0.0.0/8"', 'calling_ae_title = "CT1"', False),
        ('calling_ae_title = "CT?"', 'calling_ae_title = "CT10"', False),
    ],
)
def test_tables_in_the_shadow_of_others(first, second, is_told, check):
    text = f"[storage]\ndirectory = 'SPOOL'\nmin_free = 0\n[[peers]]\n{first}\n[[peers]]\n{second}"
    assert [(problem.key, problem.note) for problem in check(text)] == ([("peers[1]", True)] if is_told else [])


def test_a_comment_that_was_meant_as_text(check):
    """TOML reads on_reception = "echo "."""
    found = check('[storage]\ndirectory = \'SPOOL\'\nmin_free = 0\n[hooks]\non_reception = "echo "#f" x"')
    assert [(problem.key, problem.line, problem.note) for problem in found] == [("hooks.on_reception", 5, True)]
    assert "'echo \"#f\" x'" in found[0].remedy


def test_tls_without_its_section(check):
    found = check("[storage]\ndirectory = 'SPOOL'\nmin_free = 0\n[[listeners]]\ntls = true")
    assert [(problem.line, problem.key) for problem in found] == [(5, "listeners[0].tls")] * 2
    assert not re.search("cannot read", " ".join(problem.message for problem in found))
