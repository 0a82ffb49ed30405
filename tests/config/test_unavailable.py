"""Keys whose behaviour is still to come are refused, keys that are there are not."""

import pytest

from storescpd.config import Config
from storescpd.config.keys import top_sections
from storescpd.config.unavailable import NOT_YET


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("[process]\nuser = 'x'", "process.user"),
        ("[association]\nhost_lookup = true", "association.host_lookup"),
        ("[[listeners]]\ntls = true\n[tls]\nkey = 'k'\ncertificate = 'c'", "tls.certificate"),
        ("[[peers]]\naccept = false", "peers[0]"),
        ("[metrics]\naddress = '127.0.0.1:1'", "metrics.address"),
        ("[negotiation.transfer_syntaxes]\na = ['1.2']", "negotiation.transfer_syntaxes"),
    ],
)
def test_a_key_of_the_table_is_told(text, key, problems):
    table = ("process.user", "association.host_lookup", "tls", "peers", "metrics", "negotiation.transfer_syntaxes")
    messages = {problem.key: problem.message for problem in problems(text, not_yet=table)}
    assert messages.get(key) == "not available yet"


@pytest.mark.parametrize(
    "text",
    [
        "[process]\nuser = ''",
        "[association]\nhost_lookup = false\nidle_timeout = 5",
        "[tls]\nprofile = 'rfc8996'",
        "[[listeners]]\nport = 104",
        "peers = []",
    ],
)
def test_defaults_and_other_keys_are_not(text, problems):
    assert problems(text, not_yet=("process.user", "association.host_lookup", "tls", "peers", "listeners.tls")) == []


def test_all_of_them_at_once(problems):
    text = "[access]\ndaemon_name = 'x'\ntcp_wrappers = true\n[storage]\ndurability = 'fulll'"
    assert [problem.key for problem in problems(text, not_yet=("access",))] == [
        "access.daemon_name", "access.tcp_wrappers", "storage.durability",
    ]  # fmt: skip


@pytest.mark.parametrize("name", NOT_YET)
def test_the_table_names_keys(name):
    section, _, key = name.partition(".")
    assert section in Config.model_fields
    assert not key or key in top_sections()[section].model_fields
