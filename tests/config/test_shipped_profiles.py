"""The shipped profiles: the counts and lists of storescp's newest file (storescp facts 7.5), twice the same."""

from pathlib import Path

import pytest

from storescpd.config import load, parse
from storescpd.config.negotiation_profiles import profiles
from storescpd.config.reference import generated_files
from storescpd.data.sop_classes import SOP_CLASSES

ETC = Path(__file__).parents[2] / "etc"
ROOT = "1.2.840.10008.1.2"
CT, RT_PLAN, HARDCOPY, VERIFICATION, HANGING_PROTOCOL = (
    "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.481.5", "1.2.840.10008.5.1.1.30", "1.2.840.10008.1.1",
    "1.2.840.10008.5.1.4.38.1",
)  # fmt: skip
UNCOMPRESSED = (f"{ROOT}.1", f"{ROOT}.2", ROOT)
ANY_FIRST = (f"{ROOT}.4.50", f"{ROOT}.4.51")
ANY_LAST = (f"{ROOT}.8.1", f"{ROOT}.1.99", f"{ROOT}.1.98", *UNCOMPRESSED)


def of_file(name):
    text = f"[negotiation]\nprofile_file = '{ETC}/profiles.cfg'\nprofile = '{name}'"
    return profiles(parse(text, "x"))[name]


@pytest.mark.parametrize("name", ["Default", "AllDICOM"])
def test_both_files_say_the_same(name, tmp_path):
    path = tmp_path / "storescpd.toml"
    path.write_text(f"[negotiation]\nprofile = '{name}'\n" + (ETC / "profiles.toml").read_text())
    assert profiles(load(path))[name] == of_file(name)


@pytest.mark.parametrize(("name", "count"), [("Default", 212), ("AllDICOM", 180)])
def test_contents(name, count):
    found = of_file(name)
    accepted = found.transfer_syntaxes
    assert len(accepted) == count
    assert (dict(found.roles), dict(found.extended)) == ({}, {})
    assert accepted[VERIFICATION] == UNCOMPRESSED
    assert accepted[RT_PLAN] == accepted[HANGING_PROTOCOL] == (f"{ROOT}.1.99", *UNCOMPRESSED)
    assert len(accepted[CT]) == 53 == len(set(accepted[CT]))
    assert (accepted[CT][:2], accepted[CT][-6:]) == (ANY_FIRST, ANY_LAST)
    assert (HARDCOPY in accepted) == (name == "Default")


def test_they_are_in_step_with_the_table():
    for name, column in (("Default", "generic"), ("AllDICOM", "all_dicom")):
        accepted = of_file(name).transfer_syntaxes
        letters = {3: "U", 4: "Z", 53: "A"}
        assert {uid: letters[len(syntaxes)] for uid, syntaxes in accepted.items()} == {
            uid: letter for uid, row in SOP_CLASSES.items() if (letter := getattr(row, column)) != "-"
        }


@pytest.mark.parametrize("name", ["etc/profiles.cfg", "etc/profiles.toml"])
def test_they_are_what_is_generated(name):
    assert (ETC.parent / name).read_text() == generated_files()[name], "run python -m storescpd.config.reference"


def test_what_their_heads_tell_to_write(tmp_path):
    for name in ("profiles.cfg", "profiles.toml"):
        lines = (ETC / name).read_text().splitlines()
        told = "\n".join(line.removeprefix("#   ") for line in lines if line.startswith("#   "))
        if name.endswith("toml"):
            told = told[told.rindex("[negotiation]") :]
        config = parse(told.replace("/etc/storescpd", str(ETC)), "x")
        assert list(profiles(config)) == ["Default"]
