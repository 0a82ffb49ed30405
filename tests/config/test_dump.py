"""The dump loads again to an equal configuration."""

import tomllib

import tomli_w
from hypothesis import given, reject
from hypothesis import strategies as st

from storescpd.cli.dump import as_toml, dump_config
from storescpd.config import ConfigError, parse

EVERYTHING = """
[process]
workers = 3
umask = "0077"
drain_timeout = 0.25
[[listeners]]
tls = true
profile = "p"
[association]
ae_title = "ÄÖÜ"
calling_ae_titles = ["CT*", "M[RG]"]
[negotiation]
extra_sop_classes = ["1.2.3"]
[negotiation.transfer_syntaxes]
"a b" = ["1.2.840.10008.1.2.5", "RLELossless"]
[negotiation.presentation_contexts]
c = [{ sop_class = "CTImageStorage", transfer_syntaxes = "a b" }]
[negotiation.profiles]
p = { presentation_contexts = "c" }
[access]
allow = ["10.0.0.0/8", "fd00::/8", "192.0.2.1"]
[tls]
key = "k"
certificate = "c"
password = 'ge"hei\\m'
[storage]
directory = "/srv/dicom"
file_mode = "0444"
directory_mode = "2770"
[encoding]
transfer_syntax = "deflated"
compression_level = 6
padding = { file = 512 }
[naming]
sort = "study"
prefix = "é'"
[studies]
end_of_study_timeout = "2 min"
[hooks]
on_reception = ["/bin/cp", "#p/#f", "a b"]
on_end_of_study = "echo \\"#a\\" > /dev/null"
[[peers]]
network = "10.0.0.0/8"
storage = { min_free = 0, directory = "/srv/x" }
encoding = { compression_level = 6 }
[[peers]]
calling_ae_title = "X"
accept = false
[metrics]
address = "[::1]:9104"
""".replace('"ÄÖÜ"', '"ARCHIVE 1"')


def again(config):
    return parse(as_toml(config), "dump", not_yet=())


def assert_round_trip(text):
    config = parse(text, "x", not_yet=())
    loaded = again(config)
    assert loaded == config
    assert loaded.listeners_given == config.listeners_given
    for index in range(len(config.peers)):
        assert loaded.for_peer(index) == config.for_peer(index)


def test_everything():
    assert_round_trip(EVERYTHING)


def test_nothing():
    assert_round_trip("")


def test_a_default_that_must_not_be_said():
    assert_round_trip('[encoding]\ntransfer_syntax = "implicit"')


def test_units_of_the_dump():
    tables = tomllib.loads(as_toml(parse(EVERYTHING, "x", not_yet=())))
    assert tables["process"]["umask"] == "0077"
    assert tables["process"]["drain_timeout"] == 0.25
    assert tables["studies"]["end_of_study_timeout"] == 120
    assert tables["storage"]["min_free"] == 2**30
    assert tables["access"]["allow"] == ["10.0.0.0/8", "fd00::/8", "192.0.2.1/32"]
    assert tables["tls"]["password"] == 'ge"hei\\m'
    assert tables["peers"][1] == {"calling_ae_title": "X", "accept": False}


texts = st.text(st.characters(exclude_categories=["Cc", "Cs"], exclude_characters="/"), max_size=8)
durations = st.one_of(st.integers(0, 10**9), st.floats(0, 1e9), st.sampled_from(["1 h", "90 s", "2 min", "3 days"]))
choices = {
    "process": {"workers": st.one_of(st.just("auto"), st.integers(1, 1024)), "max_associations": st.integers(1, 10**6),
                "umask": st.sampled_from(["0022", "0077"]), "drain_timeout": durations},
    "association": {"idle_timeout": durations, "calling_ae_titles": st.lists(st.sampled_from(["A*", "[!x]", "ü"]))},
    "storage": {"min_free": st.one_of(st.integers(0, 2**62), st.just("5 MB")), "group": texts, "max_object_size":
                st.integers(0, 2**60), "on_duplicate": st.sampled_from(["keep", "reject", "rename"])},
    "encoding": {"transfer_syntax": st.sampled_from(["same", "implicit", "deflated"]), "compression_level":
                 st.integers(0, 9), "dictionaries": st.lists(texts.filter(bool), max_size=2)},
    "naming": {"extension": texts, "sort": st.sampled_from(["none", "study"]), "prefix": texts},
    "hooks": {"on_reception": st.one_of(texts, st.lists(texts, min_size=1, max_size=3)), "timeout": durations},
    "access": {"deny": st.lists(st.ip_addresses().map(str), max_size=2)},
    "tls": {"password": texts},
    "logging": {"level": st.sampled_from(["fatal", "trace"]), "patient_data": st.booleans()},
}  # fmt: skip
sections = {name: st.fixed_dictionaries({}, optional=keys) for name, keys in choices.items()}
peers = st.fixed_dictionaries(
    {"listener": st.just("dicom")}, optional={name: sections[name] for name in ("storage", "encoding", "naming")}
)
documents = st.fixed_dictionaries(
    {}, optional={**sections, "peers": st.lists(peers, max_size=2), "listeners": st.just([{"port": 1}])}
)


@given(documents)
def test_round_trip(document):
    text = tomli_w.dumps(document)
    try:
        parse(text, "x", not_yet=())
    except ConfigError:
        reject()
    assert_round_trip(text)


def test_the_command(tmp_path, capsys):
    path = tmp_path / "c.toml"
    path.write_text("[process]\nworkers = 7\n[storage]\ndirectory = '/srv'")
    assert dump_config(path) == 0
    out = capsys.readouterr().out
    assert out.startswith(f"# The effective configuration of {path}\n")
    assert tomllib.loads(out)["process"]["workers"] == 7


def test_the_command_with_a_bad_file(tmp_path, capsys):
    path = tmp_path / "c.toml"
    path.write_text("[process]\nworkers = -7\n")
    assert dump_config(path) == 78
    captured = capsys.readouterr()
    assert captured.out == ""
    assert f"{path}:2:11: process.workers:" in captured.err
