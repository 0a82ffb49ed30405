"""The shipped file and the manual are what the models say."""

import re
import tomllib
from pathlib import Path

import pytest

from storescpd.config import Config, load, parse
from storescpd.config.keys import top_sections
from storescpd.config.logging import Logging
from storescpd.config.reference import manual, packaged_file, shipped_file
from storescpd.config.section import about
from storescpd.config.shape import shape

ROOT = Path(__file__).parents[2]
SHIPPED = ROOT / "etc/storescpd.toml"
PACKAGED = ROOT / "debian/storescpd.toml"
MANUAL = ROOT / "docs/configuration.md"


@pytest.mark.parametrize(("path", "text"), [(SHIPPED, shipped_file), (PACKAGED, packaged_file), (MANUAL, manual)])
def test_in_step(path, text):
    assert path.read_text(encoding="utf-8") == text(), "run: python -m storescpd.config.reference"


def test_the_shipped_file_changes_nothing():
    config = load(SHIPPED)
    assert config == Config()
    assert not config.listeners_given


def test_the_file_of_the_package_has_the_spool_of_the_service_and_nothing_else():
    defaults, config = Config(), load(PACKAGED)
    directory = Path("/var/lib/storescpd")
    assert config == defaults.model_copy(
        update={"storage": defaults.storage.model_copy(update={"directory": str(directory)})}
    )
    assert f"StateDirectory={directory.name}\n" in (ROOT / "systemd/storescpd.service").read_text()


def uncommented():
    return re.sub(r"^#(?=[a-z_]+ = |\[)", "", SHIPPED.read_text(encoding="utf-8"), flags=re.MULTILINE)


def test_every_line_of_it_is_right():
    """With all examples at once the rules do not hold, but every key and every value is known."""
    found = shape(tomllib.loads(uncommented()))
    assert found.findings == ()
    assert found.config.model_copy(update={"peers": (), "negotiation": Config().negotiation}) == Config().model_copy(
        update={"listeners": found.config.listeners}
    )


def test_each_key_is_in_it_once_and_in_order():
    keys = re.findall(r"^#?([a-z_]+) = ", SHIPPED.read_text(encoding="utf-8"), re.MULTILINE)
    plain = [
        name
        for section in top_sections().values()
        for name, field in section.model_fields.items()
        if not str(field.annotation).startswith("dict")
    ]
    examples = {"uncompressed", "ct", "ct_only"}
    assert [key for key in keys if key not in examples] == ["config_version", *plain]


def test_each_key_has_help_and_is_in_the_manual():
    text = MANUAL.read_text(encoding="utf-8")
    for name, section in top_sections().items():
        part = re.search(rf"^## \[+{name}\]+\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)[1]
        for key in section.model_fields:
            assert about(section, key).help, (name, key)
            assert f"`{key}`" in part, (name, key)


def test_defaults_that_are_shown_otherwise_are_the_defaults():
    for name, section in top_sections().items():
        for key in section.model_fields:
            told = about(section, key)
            if told.shown and not told.example and not str(section.model_fields[key].annotation).startswith("dict"):
                config = parse(f"[{name}]\n{key} = {told.shown}", "x", not_yet=())
                assert getattr(getattr(config, name), key) == section.model_fields[key].default, (name, key)


def test_help_fits_into_the_file():
    assert max(map(len, SHIPPED.read_text(encoding="utf-8").splitlines())) <= 120
    assert about(Logging, "level").option == "-q -v -d -ll"
