"""Command files are read as storescp reads them: it shows with --arguments what it has understood."""

import random
import subprocess
from pathlib import Path

import pytest

from storescpd.cli.storescp.command_files import expanded, words
from storescpd.cli.storescp.errors import CommandLineError
from storescpd.cli.storescp.line import read
from storescpd.cli.storescp.refusals import check_parameters
from tests.dropin.verdicts import taken_port
from tests.support.tools import need

CASES = (
    "-aet a  -aet\tb\r\n-aet c\n\n",
    '-aet "a b" -aet \'c "d" e\' -aet "it\'s"',
    '-aet a"b c"d -aet x',
    "-aet \"\" -aet '' -aet e",
    "-aet #no -aet \\n -aet a\\ -aet @nested",
    '-aet a"b"-aet c',
    '-aet "open to the end -aet x\n',
    "-aet 'open\n",
    '-aet "two\nlines"',
    "",
    " \n\t",
)


def by_chance() -> list[str]:
    rng = random.Random(10_2)
    pieces = ("-aet", " ", " ", "\n", "\t", '"', "'", "a", "bc", "#", "\\", "@x")
    return ["-aet " + "".join(rng.choices(pieces, k=rng.randint(3, 14))) for _ in range(60)]


def theirs(path: Path, port: str) -> str:
    """How many arguments storescp has understood, and which, empty ones left out; or why not."""
    line = ["storescp", "--arguments", f"@{path}", port]
    done = subprocess.run(line, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    told = [line.removeprefix("I: ") for line in done.stderr.split("\n") if line.startswith("I: ")]
    if not told:
        return done.stderr.splitlines()[-1]
    # The last line of it is always empty.
    return "\n".join(told[:-1]).removeprefix("calling 'storescp' with ").rstrip("\n")


def ours(path: Path, port: str) -> str:
    try:
        line = read(expanded(["--arguments", f"@{path}", port]))
        check_parameters(line)
    except CommandLineError as error:
        return f"error: {error}"
    return f"{len(line.words)} arguments: " + "".join(f"'{word}' " for word in line.words if word)


@pytest.mark.parametrize("text", [*CASES, *by_chance()], ids=repr)
def test_words_are_storescps(text: str, tmp_path: Path):
    need("storescp")
    path = tmp_path / "line.cmd"
    path.write_text(text, newline="")
    with taken_port() as port:
        assert ours(path, port) == theirs(path, port)


def test_a_file_may_stand_anywhere(tmp_path: Path):
    path = tmp_path / "value"
    path.write_text("a 'b c'")
    assert expanded(["-ss", f"@{path}", "@", f"@{path}"]) == ["-ss", "a", "b c", "@", "a", "b c"]


def test_what_is_no_text_is_kept(tmp_path: Path):
    path = tmp_path / "odd"
    path.write_bytes(b"-fe \xff\xfe")
    assert expanded([f"@{path}"]) == ["-fe", "\udcff\udcfe"]
    assert words("-fe \udcff") == ["-fe", "\udcff"]
