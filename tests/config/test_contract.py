"""Every key of the contract exists with the contract's default. The list is the contract's text, with comments cut."""

import tomllib

import pytest
from pydantic import SecretStr

from storescpd.config import Config, parse
from storescpd.config.shape import shape

CONTRACT = """
config_version = 1
[process]
workers = "auto"
max_associations = 200
max_associations_per_peer = 0
max_connections = 1000
when_full = "reject"
drain_timeout = 30
reload_drain_timeout = 0
umask = "0027"
user = ""
group = ""
[[listeners]]
name = "dicom"
address = "0.0.0.0"
port = 11112
tls = false
proxy_protocol = false
[association]
ae_title = "STORESCP"
check_called_ae_title = false
accepted_called_ae_titles = []
calling_ae_titles = []
max_pdu = 16384
acse_timeout = 30
dimse_timeout = 0
dimse_timeout_ends = "association"
socket_timeout = 60
idle_timeout = 3600
keepalive = 60
host_lookup = false
reject_without_implementation_uid = false
uid_padding = false
error_comment = true
[negotiation]
profile = ""
profile_file = ""
prefer = "uncompressed"
promiscuous = false
extra_sop_classes = []
[negotiation.transfer_syntaxes]
[negotiation.presentation_contexts]
[negotiation.roles]
[negotiation.extended]
[negotiation.profiles]
[access]
tcp_wrappers = false
daemon_name = "storescp"
hosts_allow = "/etc/hosts.allow"
hosts_deny = "/etc/hosts.deny"
allow = []
deny = []
trusted_proxies = []
[tls]
key = ""
certificate = ""
file_format = "pem"
password = ""
password_file = ""
prompt_password = false
ca_files = []
ca_directories = []
crl_files = []
crl_check = "none"
profile = "rfc8996"
ciphers = []
expected_server_name = ""
dh_parameters = ""
random_seed_file = ""
write_seed = false
write_seed_file = ""
peer_certificate = "require"
[storage]
directory = "."
bit_preserving = false
format = "file"
durability = "full"
on_duplicate = "overwrite"
min_free = "1 GiB"
required_file = ""
max_object_size = 0
max_inflation = 0
on_unreadable = "refuse"
file_mode = "0640"
directory_mode = "0750"
group = ""
url = ""
[encoding]
transfer_syntax = "same"
new_vr = true
group_length = "recalculate"
sequence_length = "explicit"
padding = { file = 0, item = 0 }
convert_un = false
compression_level = 6
dictionaries = []
[naming]
filenames = "default"
extension = ""
sort = "none"
prefix = ""
[studies]
end_of_study_timeout = 60
scope = "none"
keep = "30 days"
rename = false
ledger = ""
when_ledger_away = "refuse"
[hooks]
on_reception = ""
on_end_of_study = ""
synchronous = false
concurrency = 4
timeout = 3600
retries = 0
inherit_environment = false
inherit_output = false
[logging]
level = "info"
destination = "auto"
inetd_files = false
format = "auto"
patient_data = false
dump_presentation_contexts = false
lines_per_peer = 60
[metrics]
address = ""
[testing]
refuse = false
ignore = false
sleep_after = 0
sleep_during = 0
abort_after = false
abort_during = false
allow_in_service = false
"""

# As the contract shows them in comments, or says them in words.
WITHOUT_DEFAULT = """
[negotiation.transfer_syntaxes]
uncompressed = ["LocalEndianExplicit", "OppositeEndianExplicit", "LittleEndianImplicit"]
[negotiation.presentation_contexts]
ct = [{ sop_class = "CTImageStorage", transfer_syntaxes = "uncompressed" }]
[negotiation.roles]
ct = [{ sop_class = "CTImageStorage", role = "both" }]
[negotiation.extended]
ct = [{ sop_class = "CTImageStorage", data = "0101" }]
[negotiation.profiles]
ct_only = { presentation_contexts = "ct", roles = "ct", extended = "ct" }
[tls]
key = "k"
certificate = "c"
[[listeners]]
profile = "ct_only"
tls = true
[[peers]]
calling_ae_title = "CT*"
called_ae_title = "ARCHIVE"
listener = "dicom"
network = "10.0.0.0/8"
certificate_subject = "CN=ct1.example.org"
accept = true
storage = { directory = "/srv/ct" }
"""

# What the values mean to the program, read from the contract by hand.
MEANING = {
    ("process", "umask"): 0o027,
    ("process", "drain_timeout"): 30.0,
    ("association", "socket_timeout"): 60.0,
    ("storage", "min_free"): 1073741824,
    ("storage", "file_mode"): 0o640,
    ("storage", "directory_mode"): 0o750,
    ("studies", "keep"): 2592000.0,
    ("tls", "password"): SecretStr(""),
    ("association", "calling_ae_titles"): (),
    ("hooks", "on_reception"): "",
}

KEYS = [
    (section, key) for section, table in tomllib.loads(CONTRACT).items() if isinstance(table, dict) for key in table
]


def test_the_contract_is_the_default():
    config = parse(CONTRACT, "contract", not_yet=())
    assert config == Config()


@pytest.mark.parametrize(("section", "key"), KEYS)
def test_each_default_alone(section, key):
    """A default that differs from the contract's shows here by name."""
    given = {section: {key: tomllib.loads(CONTRACT)[section][key]}}
    found = shape(given)
    assert found.findings == ()
    assert getattr(getattr(found.config, section), key) == getattr(getattr(Config(), section), key)


@pytest.mark.parametrize(("path", "value"), MEANING.items())
def test_what_defaults_mean(path, value):
    section, key = path
    found = getattr(getattr(Config(), section), key)
    assert found == value
    assert type(found) is type(value)


def test_keys_without_default():
    config = parse(WITHOUT_DEFAULT, "contract", not_yet=())
    assert config.listeners[0].profile == "ct_only"
    assert config.peers[0].accept
    assert str(config.peers[0].network) == "10.0.0.0/8"
    assert config.for_peer(0).storage.directory == "/srv/ct"


def test_no_key_besides_the_contract():
    contract = tomllib.loads(CONTRACT)
    for section, table in contract.items():
        if isinstance(table, dict):
            assert list(type(getattr(Config(), section)).model_fields) == list(table), section


def test_durations_are_floats_and_sizes_ints():
    config = parse('[association]\nidle_timeout = 5\n[storage]\nmax_object_size = "1.5 KiB"', "x")
    assert type(config.association.idle_timeout) is float
    assert type(config.storage.max_object_size) is int
    assert config.storage.max_object_size == 1536


def test_frozen():
    config = parse("", "x")
    with pytest.raises(ValueError, match="frozen"):
        config.storage.directory = "/"


def test_whether_the_file_has_listeners():
    assert not parse("", "x").listeners_given
    assert parse("[[listeners]]", "x").listeners_given
    assert parse("[[listeners]]", "x").listeners == parse("", "x").listeners
