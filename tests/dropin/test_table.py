"""The table of options beside what storescp 3.6.7 says of itself, the configuration, and the documentation."""

import re
import subprocess
from dataclasses import dataclass

import pytest

from storescpd.cli.storescp import reference
from storescpd.cli.storescp.command import main
from storescpd.cli.storescp.option import Era, Option
from storescpd.cli.storescp.table import ABOUT_LOG, AFTER_LOG, BEFORE_PORT, OPTIONS, SECTIONS
from storescpd.config import Config
from storescpd.config.keys import section_at
from storescpd.config.shape import shape
from tests.dropin.cases import KNOWN
from tests.support.build import ROOT
from tests.support.tools import need

_LINE = re.compile(r" +(?P<short>[-+]\S+)? +(?P<long>--\S+)(?: +(?P<rest>.*))?")


@dataclass(frozen=True, slots=True)
class Shown:
    """One option as a usage text shows it."""

    short: str
    values: int
    default: bool


def shown(text: str) -> dict[str, Shown]:
    """The options in a usage text, by long name."""
    found: dict[str, Shown] = {}
    body = text[text.index("general options") :]
    for block in re.split(r"\n(?= +[-+]\S* )", body):
        match = _LINE.match(block.splitlines()[0])
        if match is None:
            continue
        rest = match["rest"] or ""
        values = rest.partition(":")[0] if re.match(r"\[\w\]|[A-Z]+:|[A-Z]+, ", rest) else ""
        is_value = bool(re.match(r"\[\w\]\w|[A-Z]+: |[A-Z]+: ", rest))
        count = len(re.findall(r"\[\w\]", values)) if "[" in values else len(re.findall(r"[A-Z]+: ", rest))
        found[match["long"]] = Shown(match["short"] or "", count if is_value else 0, _is_default(block, is_value))
    return found


def _is_default(block: str, is_value: bool) -> bool:
    return not is_value and "(default)" in block


def table() -> dict[str, Shown]:
    return {option.long: Shown(option.short, len(option.arguments), option.default) for option in OPTIONS}


def test_storescp_shows_the_same_options():
    need("storescp")
    text = subprocess.run(["storescp", "--help"], capture_output=True, text=True, check=True).stdout
    theirs = shown(text)
    ours = {option.long: table()[option.long] for option in KNOWN}
    # The default profile is newer than storescp 3.6.7.
    assert theirs.pop("--profile-bcp195-nd") == Shown("+py", 0, default=True)
    assert ours.pop("--profile-bcp195-nd") == Shown("+py", 0, default=False)
    assert ours == theirs


def test_the_usage_text_shows_the_table(capsys: pytest.CaptureFixture[str]):
    assert main(["--help"]) == main([]) == 0
    first, second = capsys.readouterr().out.split("$storescpd: ")[1:]
    assert first == second
    assert shown(first) == table()


@pytest.mark.parametrize("option", [one for one in OPTIONS if one.sets], ids=lambda one: one.long)
def test_keys_exist(option: Option):
    for sets in option.sets:
        *path, name = sets.key
        section = section_at(tuple(path))
        assert section is not None
        assert name in section.model_fields


@pytest.mark.parametrize("option", [one for one in OPTIONS if one.default and one.sets], ids=lambda one: one.long)
def test_defaults_say_what_is_so_anyway(option: Option):
    for sets in option.sets:
        if sets.key in {("process", "max_associations"), ("tls", "prompt_password")}:
            # Set for every line, and for keys that have a password.
            continue
        found: object = Config() if sets.key[0] != "listeners" else shape({"listeners": [{}]}).config
        for part in sets.key:
            found = found[part] if isinstance(part, int) else getattr(found, str(part))
        assert found == sets.value


def test_every_check_is_made_once():
    made = [*BEFORE_PORT, *ABOUT_LOG, *AFTER_LOG]
    assert len(made) == len(set(made))
    checked = [one for one in OPTIONS if one.checks or any(value.least is not None for value in one.arguments)]
    assert set(checked) <= set(made)


def test_names_are_unique():
    names = [name for option in OPTIONS for name in option.names]
    assert len(names) == len(set(names))
    titles = [(section.chapter, section.title) for section in SECTIONS]
    assert len(titles) == len(set(titles))
    assert {option.era for option in OPTIONS} == set(Era)


def test_the_documentation_is_made_from_the_table():
    text = (ROOT / "docs/storescp.md").read_text()
    assert reference.BEGIN in text
    assert reference.with_options(text) == text
