"""What a line means in the configuration's words, where no sender can see it at once."""

import shlex

import pytest
import tomli_w

from storescpd.cli.storescp.line import read
from storescpd.cli.storescp.model import config_of
from storescpd.cli.storescp.option import Value
from storescpd.cli.storescp.settings import Setting, settings, tables
from storescpd.config import Config, parse
from storescpd.data.limits import LONGEST_WAIT

UMASK = 0o027


def said(text: str) -> tuple[Setting, ...]:
    return settings(read(shlex.split(text)), UMASK)


def config(text: str) -> Config:
    return config_of(read(shlex.split(text)), UMASK)


def value(text: str, key: str) -> Value | None:
    """What a line sets a key to."""
    return next((one.value for one in said(text) if ".".join(map(str, one.key)) == key), None)


DEFAULTS = {
    "process.workers": 1, "process.max_associations": 1, "process.when_full": "wait", "process.umask": "0027",
    "association.host_lookup": True, "association.idle_timeout": 60, "association.dimse_timeout": 60,
    "association.error_comment": False, "storage.on_unreadable": "abort",
    "storage.durability": "none", "storage.min_free": 0, "storage.file_mode": "0640",
    "storage.directory_mode": "0750", "hooks.concurrency": 0, "hooks.timeout": 0,
    "hooks.inherit_environment": True, "hooks.inherit_output": True, "logging.level": "warning",
    "logging.destination": "stderr", "logging.format": "storescp",
    "logging.patient_data": True, "logging.lines_per_peer": 0, "listeners.0.port": 104,
}  # fmt: skip


def test_what_storescp_does_unasked():
    found = said("104")
    assert {".".join(map(str, one.key)): one.value for one in found} == DEFAULTS
    assert {one.option for one in found} == {"", "104"}


@pytest.mark.parametrize(
    ("line", "key", "expected"),
    [
        ("-ts 5 104", "association.socket_timeout", 5),
        ("-ts 5 104", "association.idle_timeout", 5),
        ("-ts 5 104", "association.dimse_timeout", 5),
        ("-td 7 -ts 5 104", "association.dimse_timeout", 7),
        ("-ts -1 104", "association.socket_timeout", 0),
        ("-ts 9999999999999 104", "association.socket_timeout", LONGEST_WAIT),
        ("-ss P -tos 5 104", "association.idle_timeout", 0),
        ("-ss P -tos 0 104", "studies.end_of_study_timeout", 0.001),
        ("-ss P 104", "studies.end_of_study_timeout", 0),
        ("-ss P 104", "studies.scope", "daemon"),
        ("-ss P --fork 104", "studies.scope", "association"),
        ("-ss P --fork 104", "studies.end_of_study_timeout", None),
        ("104", "studies.scope", None),
        ("-aet ' OURS ' 104", "association.ae_title", "OURS"),
        ("-aet 'a title that is too long' 104", "association.ae_title", None),
        ("-aet '' 104", "association.ae_title", None),
        ("-od ~ 104", "storage.directory", "./~"),
        ("-od /// 104", "storage.directory", "/"),
        ("-od /a// 104", "storage.directory", "/a"),
        ("-od '' 104", "storage.directory", "."),
        ("-xcr ' ' 104", "hooks.on_reception", None),
        ("-i6 104", "listeners.0.address", "::"),
        ("-i6 104", "access.deny", ["0.0.0.0/0"]),
        ("-i6 -i0 104", "access.deny", None),
        ("--fork --max-associations 2000 104", "process.max_associations", 2000),
        ("--fork --max-associations 2000 104", "process.max_connections", 2000),
        ("--fork 104", "process.when_full", "wait"),
        ("+tls k c +cs TLS_AES_256_GCM_SHA384 104", "tls.ciphers", None),
        ("+tls k c +cf a +cf b +cf ~c 104", "tls.ca_files", ["a", "b", "./~c"]),
        ("+tls k c +crl l 104", "tls.crl_check", "leaf"),
        ("+tls k c +crl l +cra 104", "tls.crl_check", "chain"),
        ("+B +cl 3 104", "encoding.compression_level", None),
        ("+B +uc 104", "encoding.convert_un", None),
        ("+uc 104", "encoding.convert_un", True),
        ("-pdu 16385 104", "association.max_pdu", 16385),
        ("-ll WARN 104", "logging.level", "warning"),
        ("+uf -uf -tn 104", "naming.filenames", "time"),
    ],
)
def test_single_keys(line: str, key: str, expected: Value | None):
    assert value(line, key) == expected


def test_a_setting_names_its_option_as_it_was_written():
    found = {one.key: one.option for one in said("+tls k 'c d' -pdu 5000 --max-pdu 6000x +cs A +cs B -ss '' 104")}
    assert found["association", "max_pdu"] == "--max-pdu 6000x"
    assert found["tls", "certificate"] == "+tls k 'c d'"
    assert found["tls", "ciphers"] == "+cs A +cs B"
    assert found["naming", "prefix"] == "-ss ''"
    assert found["listeners", 0, "port"] == "104"


@pytest.mark.parametrize(
    "line",
    [
        "104", "-v -B +te +u +g= +e -p -uc 104", "-ss P -tos 3 -xcs 'a #p' -rns -xs 104", "+B -F -fe .dcm +uf 104",
        "--fork -sp -tn 104", "+tls k c -der +pw secret +pz +cf a +cd b +dp d +rs r +wf w -vc 104", "+p 512 8 +xd 104",
        "-i6 +ac -dhl 104", "--ignore --refuse --sleep-after 2 --abort-during -pm -up 104",
    ],
)  # fmt: skip
def test_the_settings_as_a_file_are_the_same_configuration(line: str):
    text = tomli_w.dumps(tables(said(line)))
    assert parse(text, "converted.toml") == config(line)


def test_without_a_port_there_is_no_listener():
    assert not config("--inetd").listeners_given
