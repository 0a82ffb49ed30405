"""Passwords appear where they are asked for and nowhere else."""

import pytest

from storescpd.config import ConfigError, parse

TEXT = """
[[listeners]]
tls = true
[tls]
key = "k"
certificate = "c"
password = "geheim"
[studies]
ledger = "postgresql://u:geheim@h/db"
"""


def test_not_in_the_repr():
    config = parse(TEXT, "x", not_yet=())
    assert config.tls.password.get_secret_value() == "geheim"
    assert "geheim" not in repr(config)
    assert "geheim" not in str(config)


@pytest.mark.parametrize("line", ["password = 5", 'passwort = "geheim"', 'password_file = "f"', "key = 5"])
def test_not_in_errors(line):
    text = TEXT.replace('key = "k"', line if line != "password = 5" else 'key = "k"\nprompt_password = true')
    with pytest.raises(ConfigError) as raised:
        parse(text, "x", not_yet=())
    error = raised.value
    while error is not None:
        assert "geheim" not in str(error)
        error = error.__cause__ or error.__context__
