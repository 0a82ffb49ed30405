"""The manual pages: every option and every key is in them, and man itself has nothing to complain of."""

import re
import subprocess
import sys

import pytest

from storescpd.cli.manpages import main
from storescpd.config import roff
from storescpd.config.keys import top_sections
from tests.support.tools import need


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    directory = tmp_path_factory.mktemp("man")
    assert main([str(directory)]) == 0
    return directory


def rendered(path) -> str:
    need("man")
    shown = subprocess.run(
        ["man", "--local-file", "--warnings", "--encoding=ascii", str(path)],
        capture_output=True, text=True, check=True,
        env={"PATH": "/usr/bin:/bin", "MANWIDTH": "100", "LC_ALL": "C.UTF-8"},
    )  # fmt: skip
    assert shown.stderr == ""
    return shown.stdout


OPTION = re.compile(r"(?<![\w-])--[a-z0-9-]+")


def test_every_option_that_help_shows_is_in_the_page(pages):
    told = subprocess.run([sys.executable, "-m", "storescpd", "--help"], capture_output=True, text=True, check=True)
    options = set(OPTION.findall(told.stdout))
    assert len(options) > 8
    described = re.search(r"^OPTIONS\n(.*?)^[A-Z]", rendered(pages / "storescpd.8"), re.MULTILINE | re.DOTALL)[1]
    assert options <= set(OPTION.findall(described))


def test_every_option_of_storescp_is_in_the_page_of_the_drop_in(pages):
    need("/usr/bin/storescp")
    text = rendered(pages / "storescpd-storescp.1")
    told = subprocess.run(["/usr/bin/storescp", "--help"], capture_output=True, text=True, check=True).stdout
    options = set(re.findall(r"^ +(?:[+-]\S+ +)?(--[a-z0-9-]+)", told, re.MULTILINE))
    assert len(options) > 100
    assert options <= set(OPTION.findall(text))


def test_every_key_is_in_the_page(pages):
    text = rendered(pages / "storescpd.toml.5")
    for name, section in top_sections().items():
        part = re.search(rf"^ +\[+{name}\]+\n(.*?)(?=^ {{0,3}}\[|^[A-Z]|\Z)", text, re.MULTILINE | re.DOTALL)[1]
        for key in section.model_fields:
            assert re.search(rf"^ +{key}( |$)", part, re.MULTILINE), (name, key)


def test_text_that_roff_would_take_for_its_own_stands_as_it_is(tmp_path):
    page = tmp_path / "page.1"
    line = r".SH \n is no heading - a\b"
    parts = [".TH A 1", ".SH B", roff.item("`.TH`", line), roff.verbatim(".so /x"), ""]
    page.write_text("\n".join(parts))
    text = rendered(page)
    assert line in text
    assert ".so /x" in text
