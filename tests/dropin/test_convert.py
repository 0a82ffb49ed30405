"""``storescpd --convert``: what it prints is the same configuration, but for what the manual names."""

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from storescpd.cli.check import check_config
from storescpd.cli.convert import convert_line
from storescpd.cli.storescp.command_files import expanded
from storescpd.cli.storescp.errors import CommandLineError
from storescpd.cli.storescp.line import read
from storescpd.cli.storescp.model import config_of
from storescpd.cli.storescp.refusals import check, check_log, check_parameters
from storescpd.cli.storescp.table import EXCLUSIVE
from storescpd.config import Config, ConfigError, parse
from storescpd.config.negotiation_profiles import profiles
from tests.dropin import cases
from tests.dropin.random_lines import random_lines
from tests.studies.studies import SUCCESS, associate, lines, store, tree
from tests.support.build import PATH
from tests.support.certificates import issue
from tests.support.daemon import ROOT
from tests.support.daemon import storescpd as daemon
from tests.support.processes import eventually, free_port

MIGRATING = ROOT / "docs/migrating.md"
LEFT_TO_THE_DAEMON = set(re.findall(r"`([a-z]+\.[a-z_]+)`", MIGRATING.read_text().split("## ")[1]))
"""The keys of the manual's table."""
STORESCP = {
    "process.workers": 1, "process.max_associations": 1, "process.when_full": "wait", "association.host_lookup": True,
    "association.idle_timeout": 60.0, "association.dimse_timeout": 60.0, "storage.durability": "none",
    "storage.min_free": 0, "hooks.concurrency": 0, "logging.level": "warning", "logging.destination": "stderr",
    "logging.format": "storescp", "logging.patient_data": True, "logging.lines_per_peer": 0,
}  # fmt: skip
"""What storescp does unasked (storescp facts 1, 11.1); modes depend on its caller."""


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    cases.prepare(tmp_path)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def converted(words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> str:
    capsys.readouterr()
    assert convert_line(words) == 0
    return capsys.readouterr().out


def umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def built(words: tuple[str, ...]) -> Config:
    """What the storescp command serves by."""
    return config_of(read(expanded(words)), umask())


def flat(config: Config) -> dict[str, Any]:
    """Every key of the sections, and those of the one listener."""
    found: dict[str, Any] = {}
    for section, keys in config.model_dump().items():
        if isinstance(keys, dict):
            found |= {f"{section}.{key}": value for key, value in keys.items()}
        else:
            found[section] = keys
    return found


NEGOTIATION = ("profile_file", "transfer_syntaxes", "presentation_contexts", "roles", "extended", "profiles")


def compare(words: tuple[str, ...], text: str) -> None:
    """Key by key: equal, or in the manual."""
    theirs, ours, daemon = flat(built(words)), flat(parse(text, "converted")), flat(Config())
    profile = theirs["negotiation.profile"]
    if profile:
        assert profiles(built(words))[profile] == profiles(parse(text, "converted"))[profile]
    for key in (f"negotiation.{name}" for name in NEGOTIATION):
        theirs.pop(key), ours.pop(key)
    if theirs["studies.scope"] == "daemon":
        compare_ends(theirs, ours)
    for key in theirs:
        if ours[key] == theirs[key] or as_absolute(theirs[key]) == ours[key]:
            continue
        if key.startswith("hooks.") and not (theirs["hooks.on_reception"] or theirs["hooks.on_end_of_study"]):
            continue
        assert key in LEFT_TO_THE_DAEMON, (words, key, theirs[key], ours[key])
        assert ours[key] == daemon[key], (words, key)
        assert theirs[key] == STORESCP.get(key, theirs[key]), (words, key)


def compare_ends(theirs: dict[str, Any], ours: dict[str, Any]) -> None:
    """Many senders at once: a study has its own timer with -tos, and is ended by its sender's next one without."""
    timer = theirs["studies.end_of_study_timeout"]
    assert ours.pop("studies.scope") == ("none" if timer else "peer")
    assert ours.pop("studies.end_of_study_timeout") == (timer or 3600)
    if timer:
        assert ours.pop("association.idle_timeout") == Config().association.idle_timeout
        del theirs["association.idle_timeout"]
    del theirs["studies.scope"], theirs["studies.end_of_study_timeout"]


def as_absolute(value: object) -> object:
    if isinstance(value, tuple | list):
        return type(value)(map(os.path.abspath, value)) if value else value
    return os.path.abspath(value) if isinstance(value, str) and value else value


def good(text: str, directory: Path) -> bool:
    """Whether --check-config says so, on a port that is free."""
    path = directory / "converted.toml"
    path.write_text(text.replace(f"port = {PORT}", f"port = {free_port()}"))
    return check_config(path) == 0


def accepted(words: tuple[str, ...]) -> bool:
    try:
        line = read(expanded(words))
        check_parameters(line)
        check_log(line)
        check(line)
        config_of(line, umask())
    except CommandLineError:
        return False
    return not any(line.has(name) for name in EXCLUSIVE)


PORT = "48104"
LINES = [tuple(PORT if word == cases.PORT else word for word in words) for words in cases.alone()]
RANDOM = [(*words, PORT) for words in random_lines()]


@pytest.mark.parametrize("lines", [LINES, RANDOM], ids=["each option", "by chance"])
def test_the_same_configuration(lines, here, capsys):
    kept = [words for words in lines if accepted(words)]
    assert len(kept) > 100
    checked = 0
    for words in kept:
        text = converted(words, capsys)
        compare(words, text)
        if "tls" not in " ".join(words):
            assert good(text, here), (words, capsys.readouterr().err)
            checked += 1
    assert checked > 100


def test_every_line_says_where_it_comes_from(capsys):
    for words in LINES:
        # The tables of a profile file are as they are.
        if not accepted(words) or "--config-file" in words or "-xf" in words:
            continue
        for line in converted(words, capsys).splitlines():
            if re.match(r"[a-z_]+ = ", line) and line != "config_version = 1":
                assert re.search(r"  # \S", line), (words, line)


@pytest.mark.parametrize("option", ["-ss", "-su"])
@pytest.mark.parametrize("timer", [("-tos", "2"), ()])
def test_senders_that_come_at_once_each_have_their_studies(option, timer, here, tmp_path, capsys):
    """storescp serves the second when the first has gone; by its rule each object would end the other's study."""
    words = (option, "P", "-xcs", f"echo $STORESCPD_OBJECTS >> {tmp_path}/log", *timer, PORT)
    text = converted(words, capsys)
    assert good(text, here)
    assert "scope" not in capsys.readouterr().err
    said = tomllib.loads(text)
    settings = {name: said[name] for name in ("naming", "studies", "hooks")}
    (here / "in").mkdir()
    with daemon(here / "in", settings) as running:
        one, other = (associate(running.port, calling=calling) for calling in ("CT1", "MR1"))
        for number in range(10):
            assert (store(one, "A", number), store(other, "B", number)) == (SUCCESS, SUCCESS)
        assert (store(one, "C", 0), store(other, "D", 0)) == (SUCCESS, SUCCESS)
        one.release(), other.release()
        told = ["10", "10"] if not timer else ["1", "1", "10", "10"]
        eventually(lambda: sorted(lines(tmp_path / "log")) == told)
    assert len(tree(here / "in")) == 4


def test_with_tls(here, capsys):
    pair = issue(here, "server")
    words = ("+tls", str(pair.key_file), str(pair.certificate_file), "+cf", "server.crt", "-ic", PORT)
    text = converted(words, capsys)
    compare(words, text)
    assert tomllib.loads(text)["tls"]["ca_files"] == [str(here / "server.crt")]
    assert good(text, here)


def test_a_password_is_shown_once(capsys):
    assert converted(("+tls", "k", "c", "+pw", "secret#", PORT), capsys).count("secret#") == 1


def test_command_files_are_put_in_place(here, capsys):
    (here / "options").write_text(f"-v -od 'elsewhere' {PORT}")
    found = tomllib.loads(converted(("@options",), capsys))
    assert found["storage"]["directory"] == str(here / "elsewhere")
    assert found["logging"] == {"level": "info"}


def test_the_tables_of_a_profile_file_are_included(capsys):
    found = tomllib.loads(converted(("-xf", cases.PROFILES, "Default", PORT), capsys))
    assert "profile_file" not in found["negotiation"]
    assert found["negotiation"]["profile"] in found["negotiation"]["profiles"]


@pytest.mark.parametrize("value", ['"', "\\", "a\nb = 1", "\x7f#", "[x]", "é", "'''"])
def test_values_that_look_like_toml(value, capsys):
    found = tomllib.loads(converted(("-xcr", f"echo {value}", PORT), capsys))
    assert found["hooks"]["on_reception"] == f"echo {value}"


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (("--fork", "-ss", "x", PORT), "--fork: "),
        (("-su", "", "-tos", "30", PORT), "-tos 30: storescp serves one sender at a time"),
        (("-ss", "x", PORT), "-ss x: storescp serves one sender at a time"),
        (("--refuse", PORT), "allow_in_service"),
        (("--inetd",), "--inetd: "),
        (("104",), "port 104"),
        (("+tls", "k", "c", PORT), "password_file"),
        (("-ts", "5", PORT), "--socket-timeout: "),
    ],
)
def test_what_changes_in_meaning_is_said_twice(words, text, capsys):
    assert convert_line(words) == 0
    told = capsys.readouterr()
    assert text in told.err
    assert text in "".join(line for line in told.out.splitlines() if line.startswith("#"))


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ((), "Missing parameter port"),
        (("-z", PORT), "Unknown option -z"),
        (("--version",), "nothing to convert"),
        (("@missing",), "Cannot open command file 'missing'"),
        (("-xf", "missing", "Default", PORT), "missing"),
        (("-fe", "\udcff", PORT), "UTF-8"),
    ],
)
def test_what_cannot_be_converted(words, text, capsys):
    assert convert_line(words) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert text in told.err


def test_displaced_options_are_named(capsys):
    text = converted(("+xb", "+xa", PORT), capsys)
    assert "# Displaced by what comes after it: +xb\n" in text
    assert tomllib.loads(text)["negotiation"] == {"prefer": "all"}


def storescpd(*arguments: str, cwd: Path = ROOT) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "storescpd", *arguments],
        cwd=cwd, capture_output=True, text=True, check=False, env={**os.environ, "PYTHONPATH": PATH},
    )  # fmt: skip


def indented(text: str) -> str:
    return "".join(f"    {line}".rstrip() + "\n" for line in text.splitlines())


def test_the_example_in_the_manual(tmp_path):
    manual, example = MIGRATING.read_text(), (ROOT / "etc/storescp.options").read_text()
    assert f"\n{indented(example)}\n" in manual
    told = storescpd("--convert", "--", "@etc/storescp.options")
    assert told.returncode == 0
    assert manual.endswith(f"\n{indented(told.stdout)}")
    mine = told.stdout.replace('"/var/lib/storescpd"', f'"{tmp_path}"').replace("11112  #", f"{free_port()}  #")
    (tmp_path / "example.toml").write_text(mine)
    assert storescpd("--config", str(tmp_path / "example.toml"), "--check-config").returncode == 0


def test_arguments_are_for_conversion_alone():
    assert storescpd("--check-config", "104").returncode == 2
    with pytest.raises(ConfigError):
        parse("arguments = 1", "x")


@pytest.mark.parametrize(
    ("words", "silent"),
    [
        (("-ss", "x", PORT), ["--fork"]),
        (("-su", "x", "-xcr", "true", PORT), ["--fork", "slash", "names of patients"]),
        (("--inetd", "-su", "x"), ["process.workers", "process.when_full", "process.max_associations", "hooks."]),
        ((PORT,), ["hooks.", "names of patients"]),
        (("-fe", ".dcm", PORT), ["slash"]),
    ],
)
def test_what_does_not_concern_the_line_is_not_said(words, silent, capsys):
    assert convert_line(words) == 0
    told = capsys.readouterr()
    comments = "\n".join(line for line in told.out.splitlines() if line.startswith("#   "))
    for text in silent:
        assert text not in told.err + comments.replace("storescp " + " ".join(words), "")


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (("-su", "+B", PORT), "-su: +B is its PREFIX and no option"),
        (("-su", "+B", PORT), 'write -su "" +B'),
        (("--aetitle", "--fork", PORT), "--aetitle: --fork is its TITLE"),
    ],
)
def test_a_swallowed_option_is_told(words, text, capsys):
    assert convert_line(words) == 0
    assert text in capsys.readouterr().err


def test_a_value_that_only_looks_like_an_option_is_none(capsys):
    assert convert_line(("-su", "-x", "-aet", "+STORE", PORT)) == 0
    assert "no option" not in capsys.readouterr().err


@pytest.mark.parametrize(
    ("directory", "needed"),
    [
        ("/var/lib/storescpd/in", ""),
        ("/run/storescpd", ""),
        ("/srv/dicom", "ReadWritePaths=/srv/dicom"),
        ("/var/lib/storescpd2", "ReadWritePaths=/var/lib/storescpd2"),
        ("/home/pacs/in", "ProtectHome=tmpfs and BindPaths=/home/pacs/in"),
        ("/tmp/in", "BindPaths=/tmp/in"),
    ],
)
def test_what_the_packaged_service_may_not_write_to_is_told(directory, needed, capsys):
    assert convert_line(("-od", directory, PORT)) == 0
    found = [line for line in capsys.readouterr().err.splitlines() if "packaged service" in line]
    assert [line.split("under [Service]: ")[1] for line in found] == ([needed] if needed else [])


def test_a_line_for_inetd_is_converted_by_the_command():
    told = storescpd("--convert", "--", "--inetd", "-od", "/srv/dicom")
    assert told.returncode == 0
    assert "directory" in told.stdout
