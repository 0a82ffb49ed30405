"""How errors are told: all at once, each with its place and what to do."""

import pickle

import pytest

from storescpd.config import DEFAULT_PATH, ConfigError, Problem, load, parse

MANY = """\
config_version = 2
storage = 5
port = 104

[proces]
workers = 2

[process]
workers = 0
drain_timeout = "5 parsecs"

[association]
uid_padding = "yes"
max_pdu = 5

[negotiation]
prefer = "losless"
directory = "/srv"

[naming]
srot = "study"
layout = "x"

[studies]
rename = true

[access]
allow = ["10.0.0.1/8", "10.0.0.0/8", "foo"]

[[listeners]]
tls = true
[[listeners]]
name = "dicom"
port = 104

[[peers]]
storage = { min_fre = 3, directory = 5 }
calling_ae_title = 5
"""

EXPECTED = """\
f:1:18: config_version: this program does not read version 2 of the format (write config_version = 1)
f:2:11: storage: must be a table, not a whole number (write [storage] on a line of its own, its keys below)
f:3:1: port: there is no such key outside the sections (did you mean "port" in [[listeners]]?)
f:5:2: proces: there is no section [proces] (did you mean [process]?)
f:9:11: process.workers: must be "auto" or a whole number from 1 to 1024 \
(write "auto" for one worker a processor, 8 at most)
f:10:17: process.drain_timeout: "5 parsecs" is not a duration \
(write seconds such as 90 or 0.5, or "90 s", "2 min", "1 h", "30 days")
f:13:15: association.uid_padding: must be true or false, not a string (write true, without quotes)
f:14:11: association.max_pdu: 5 is too small (write 4096 or more)
f:17:10: negotiation.prefer: "losless" is not known here (did you mean "lossless"?)
f:18:1: negotiation.directory: there is no such key in [negotiation] (did you mean "directory" in [storage]?)
f:21:1: naming.srot: there is no such key in [naming] (did you mean "sort"?)
f:22:1: naming.layout: not available yet (remove it: this key is reserved for a later version)
f:28:10: access.allow[0]: "10.0.0.1/8" has bits set to the right of the prefix (write "10.0.0.0/8")
f:28:38: access.allow[2]: "foo" is not a network \
(names of hosts are not possible here; write one, such as "10.0.0.0/8" or "fd00::/8")
f:31:7: listeners[0].tls: needs tls.key, which is not set (set tls.key, or write tls = false)
f:31:7: listeners[0].tls: needs tls.certificate, which is not set (set tls.certificate, or write tls = false)
f:33:8: listeners[1].name: "dicom" names another listener too (give each its own name)
f:37:13: peers[0].storage.min_fre: there is no such key in [peers.storage] (did you mean "min_free"?)
f:37:38: peers[0].storage.directory: must be text, not a whole number (put it in quotes)
f:38:20: peers[0].calling_ae_title: must be text, not a whole number (put it in quotes)"""


def test_all_at_once():
    """The rename without a sort is not among them: the misspelt srot was meant to be one."""
    with pytest.raises(ConfigError) as raised:
        parse(MANY, "f", not_yet=())
    assert str(raised.value) == EXPECTED
    assert raised.value.problems[3] == Problem(
        "f", 5, 2, "proces", "there is no section [proces]", "did you mean [process]?"
    )


@pytest.mark.parametrize(
    ("text", "key", "suggestion"),
    [
        ("[storage]\nmin-free = 1", "storage.min-free", '"min_free"'),
        ("[storage]\nMinFree = 1", "storage.MinFree", '"min_free"'),
        ("[storage]\ndirectroy = 'x'", "storage.directroy", '"directory"'),
        ("[naming]\ndirectory = 'x'", "naming.directory", '"directory" in [storage]'),
        ("[storage]\nsort = 'study'", "storage.sort", '"sort" in [naming]'),
        ("[association]\nport = 1", "association.port", '"port" in [[listeners]]'),
        ("[tls]\ncalling_ae_titles = []", "tls.calling_ae_titles", '"calling_ae_titles" in [association]'),
        ("[listener]\n", "listener", "[[listeners]]"),
        ("[loging]\n", "loging", "[logging]"),
        ("[[peer]]\n", "peer", "[[peers]]"),
        ("[encoding.padding]\nfiles = 1", "encoding.padding.files", '"file"'),
        ("[[peers]]\n[peers.naming]\nsorted = 'none'", "peers[0].naming.sorted", '"sort"'),
        ("[negotiation.profiles]\na = { presentation_context = 'x' }", "negotiation.profiles.a.presentation_context",
         '"presentation_contexts"'),
    ],
)  # fmt: skip
def test_misspelt_keys(text, key, suggestion, problems):
    found = {problem.key: problem for problem in problems(text)}
    assert f"did you mean {suggestion}?" in found[key].remedy


@pytest.mark.parametrize(
    ("text", "suggestion"),
    [
        ('[storage]\ndurability = "fulll"', 'did you mean "full"?'),
        ('[storage]\ndurability = "FULL"', 'did you mean "full"?'),
        ('[naming]\nsort = "study_uid"', 'did you mean "study-uid"?'),
        ('[logging]\nlevel = "warn"', 'did you mean "warning"?'),
        ('[storage]\ndurability = "xyz"', 'write "none", "file" or "full"'),
        ('[tls]\nprofile = "basic"', 'write "rfc8996", or "aes" for old devices'),
        ("[storage]\ndurability = 1", 'write "none", "file" or "full"'),
        ("config_version = 0", "write config_version = 1"),
    ],
)
def test_misspelt_words(text, suggestion, problems):
    assert suggestion in [problem.remedy for problem in problems(text)]


@pytest.mark.parametrize("literal", ["true", "1.0", "'1'", "[1]"])
def test_the_version_is_a_number(literal, problems):
    assert [problem.key for problem in problems(f"config_version = {literal}")] == ["config_version"]


@pytest.mark.parametrize("text", ["[audit]", "[status]", "include = []", "[naming]\nlayout = 'x'"])
def test_reserved_keys(text, problems):
    assert [problem.message for problem in problems(text)] == ["not available yet"]


@pytest.mark.parametrize(
    ("text", "remedy"),
    [
        ("[listeners]\nport = 104", "write [[listeners]] with double brackets"),
        ("listeners = 104", "write [[listeners]] with double brackets"),
        ("[[storage]]", "write [storage] on a line of its own, its keys below"),
        ("[association]\ncalling_ae_titles = 'CT*'", 'write ["CT*"]'),
        ("peers = ['CT1']", "write [[peers]] on a line of its own, and its keys below it, one a line"),
    ],
)
def test_tables_and_lists(text, remedy, problems):
    assert [problem.remedy for problem in problems(text)] == [remedy]


def test_byte_order_mark(tmp_path):
    path = tmp_path / "c.toml"
    path.write_bytes(b"\xef\xbb\xbfconfig_version = 1\n")
    assert load(path) == parse("config_version = 1", "c.toml")
    path.write_bytes(b"\xef\xbb\xbfconfig_version = 2\n")
    with pytest.raises(ConfigError, match=r"c\.toml:1:18: config_version"):
        load(path)


def test_other_encodings(tmp_path):
    path = tmp_path / "c.toml"
    path.write_bytes("# x\n# é".encode() + "ü".encode("latin-1") + b"\n")
    with pytest.raises(ConfigError, match=r"c\.toml:2:4: is not UTF-8 text.*iconv -f"):
        load(path)


def test_nested_beyond_reason(problems):
    (problem,) = problems("x = " + "[" * 5000 + "]" * 5000)
    assert "nested too deeply" in problem.message


def test_deep_but_possible(problems):
    (problem,) = problems("x = " + "[" * 100 + "]" * 100)
    assert problem.key == "x"


def test_numbers_beyond_reason(problems):
    assert [problem.line for problem in problems("x = " + "1" * 5000)] == [1, 1]


def test_no_file(tmp_path):
    with pytest.raises(ConfigError) as raised:
        load(tmp_path / "none.toml")
    assert str(raised.value) == f"{tmp_path}/none.toml: there is no such file (correct its name or its rights)"


def test_no_default_file(monkeypatch, tmp_path):
    missing = tmp_path / "storescpd.toml"
    monkeypatch.setattr("storescpd.config.document.DEFAULT_PATH", missing)
    with pytest.raises(ConfigError) as raised:
        load(missing)
    assert str(raised.value) == f"{missing}: there is no such file (create it, or name another with --config)"
    assert str(DEFAULT_PATH) == "/etc/storescpd/storescpd.toml"


def test_a_directory(tmp_path):
    with pytest.raises(ConfigError, match="cannot be read: Is a directory"):
        load(tmp_path)


def test_one_mistake_is_one_message(problems):
    """What rests on a broken key is not told as well."""
    assert [problem.key for problem in problems("[[listeners]]\ntls = true\n[tls]\nkey = 5\ncertificate = 'c'")] == [
        "tls.key"
    ]
    assert [problem.key for problem in problems("[naming]\nsort = 'studdy'\n[studies]\nrename = true")] == [
        "naming.sort"
    ]


def test_independent_mistakes_are_all_told(problems):
    text = "[storage]\nfoo = 1\nformat = 'dataset'\n[encoding]\npadding = { file = 8 }"
    assert [problem.key for problem in problems(text)] == ["storage.foo", "encoding.padding"]


def test_errors_can_be_sent_to_another_process(problems):
    error = ConfigError(problems("[storage]\nfoo = 1"))
    again = pickle.loads(pickle.dumps(error))
    assert (again.problems, str(again)) == (error.problems, str(error))


def test_columns_count_characters(problems):
    (problem,) = problems('[naming]\nprefix = "ÄÖÜ" # ü\n"sörten" = 1')
    assert (problem.line, problem.column) == (3, 1)
    (problem,) = problems('[tls]\nca_files = ["ü", 5]')[:1]
    assert (problem.line, problem.column) == (2, 18)


def test_quoted_keys_are_quoted(problems):
    (problem,) = problems('[negotiation.transfer_syntaxes]\n"a b" = ["x"]')
    assert problem.key == 'negotiation.transfer_syntaxes."a b"[0]'
