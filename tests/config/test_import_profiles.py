"""``--import-profiles``: an association profile file as TOML tables that mean the same."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from storescpd.config import parse
from storescpd.config.negotiation_profiles import profiles
from storescpd.config.profile_file import parse_profiles
from storescpd.config.profile_tables import profile_tables
from tests.config.profile_files import BASE, CASES, changed
from tests.support.tools import need

ROOT = Path(__file__).parents[2]


def imported(path):
    """Exit status, standard output, standard error."""
    done = subprocess.run(
        [sys.executable, "-m", "storescpd", "--import-profiles", str(path)],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout, done.stderr


def of_file(path, name):
    return profiles(parse(f"[negotiation]\nprofile_file = '{path}'\nprofile = '{name}'", "x", not_yet=()))[name]


def of_tables(tables, name):
    return profiles(parse(f"[negotiation]\nprofile = '{name}'\n{tables}", "x", not_yet=()))[name]


LOADABLE = [case for case, (line, _) in CASES.items() if not line and case != "names with other characters"]
"""Names in small letters come out as such; the others can be compared word for word."""


@pytest.mark.parametrize(
    "case", ["as it is", "gap", "contexts twice", "key twice", "no roles", "long UID", "1023 bytes"]
)
def test_the_tables_load_to_the_same_profile(tmp_path, case):
    line, edits = CASES[case]
    path = tmp_path / "profiles.cfg"
    path.write_text(changed(edits))
    status, tables, said = imported(path)
    if line:
        assert (status, tables) == (78, "")
        assert f"profiles.cfg:{line}:" in said
    else:
        assert status == 0
        assert of_tables(tables, "P") == of_file(path, "P")


def test_all_cases_at_once():
    for case in LOADABLE:
        text = changed(CASES[case][1])
        found = parse_profiles(text, "f").model_dump(exclude_unset=True)
        assert tomllib.loads(profile_tables(text, "f")[0])["negotiation"] == plain(found), case


def plain(value):
    if isinstance(value, dict):
        return {key: plain(inner) for key, inner in value.items() if inner not in ({}, "", ())}
    return [plain(inner) for inner in value] if isinstance(value, list | tuple) else value


@pytest.mark.parametrize("name", ["Default", "AllDICOM"])
def test_the_file_of_dcmtk(name):
    path = "/etc/dcmtk/storescp.cfg"
    need(path)
    status, tables, said = imported(path)
    assert (status, said) == (0, "")
    assert of_tables(tables, name) == of_file(path, name)
    assert len(of_file(path, name).transfer_syntaxes) == 128


def test_names_keep_their_spelling(tmp_path):
    path = tmp_path / "profiles.cfg"
    path.write_text(
        BASE.replace("[C]", "[Ct-and Mr]").replace("s=C\n", "s= ct-andmr\n").replace("[P]", "[ My Profile ]")
    )
    _, tables, _ = imported(path)
    assert list(tomllib.loads(tables)["negotiation"]["presentation_contexts"]) == ["Ct-andMr"]
    assert tomllib.loads(tables)["negotiation"]["profiles"]["MyProfile"]["presentation_contexts"] == "Ct-andMr"


def test_what_storescp_passes_over_is_told(tmp_path):
    path = tmp_path / "profiles.cfg"
    path.write_text(
        changed([("PresentationContext4", "PresentationContext5"), ("[P]\n", "[P]\nRoles=R\n")])
        + "[[Profile]]\n[X]\nPresentationContexts=none\n[[Profiles]]\n[Z]\nPresentationContexts=C\n[[Something else]]\n"
    )
    status, tables, said = imported(path)
    assert status == 0
    assert list(tomllib.loads(tables)["negotiation"]["profiles"]) == ["P"]
    lines = [line.removeprefix(f"{path}:") for line in said.splitlines()]
    assert lines == [
        "12:22: [C] PRESENTATIONCONTEXT5: note: there is no PRESENTATIONCONTEXT4, so it is not read (leave no gaps)",
        "23:7: [P] ROLES: note: is not known and not read (remove it, or correct the key)",
        "27:1: [[PROFILE]]: note: is not known and not read (did you mean [[PROFILES]]?)",
        "30:1: [[PROFILES]]: note: stands in the file twice; the first alone is read (move its sections there)",
        "33:1: [[SOMETHINGELSE]]: note: is not known and not read (remove it, or correct its name)",
    ]


def test_a_class_that_is_twice_in_an_unused_list_becomes_a_comment(tmp_path):
    path = tmp_path / "profiles.cfg"
    again = "[D]\nPresentationContext1=CTImageStorage\\U\nPresentationContext2=1.2.840.10008.5.1.4.1.1.2\\I\n[[SCPSCU"
    path.write_text(BASE.replace("[[SCPSCU", again))
    _, tables, _ = imported(path)
    assert of_tables(tables, "P") == of_file(path, "P")
    assert re.findall("^    # (.*)$", tables, re.MULTILINE) == [
        'twice in this list: { sop_class = "1.2.840.10008.5.1.4.1.1.2", transfer_syntaxes = "I" },'
    ]


def test_a_file_that_is_not_there(tmp_path):
    status, tables, said = imported(tmp_path / "x.cfg")
    assert (status, tables) == (78, "")
    assert "cannot be read: No such file" in said
