"""Both programs as their scripts start them: found by the name of storescp, with words as a shell has split them."""

import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from tests.dropin.commands import Zygote
from tests.dropin.observing import files_in
from tests.studies.studies import SUCCESS, associate, store
from tests.support.build import PATH
from tests.support.compare import Stored
from tests.support.processes import alive, end, eventually, free_port, group
from tests.support.reference import PROGRAM, listening

_TIME = re.compile(r"(?<!\d)\d{17}(?!\d)|\d{8}_\d{9}")
_SAME_TIME = re.compile(r"TIME_\d{4}(?=\.)")
_UID = re.compile(r"(?<=\.X\.)[0-9.]*[0-9]")
TOOL = """#!/bin/sh
# A step of its own: several run at once.
for word; do line="$line|$word"; done
echo "$line" >> {told}
"""
LOGGER = """\
log4cplus.rootLogger = INFO, file
log4cplus.appender.file = log4cplus::FileAppender
log4cplus.appender.file.File = {here}/station.log
log4cplus.appender.file.ImmediateFlush = true
log4cplus.appender.file.layout = log4cplus::PatternLayout
log4cplus.appender.file.layout.ConversionPattern = %m%n
"""
PROFILES = Path("/etc/dcmtk/storescp.cfg")
"""As DCMTK's package has it."""


class Place(NamedTuple):
    """Where one program works."""

    root: Path

    @property
    def out(self) -> Path:
        return self.root / "out"

    @property
    def told(self) -> Path:
        """What the tool was told, a line each."""
        return self.root / "told"

    @property
    def log(self) -> Path:
        """What was printed."""
        return self.root / "log"

    @property
    def here(self) -> Path:
        return self.root / "here"

    def words(self, line: str, port: int) -> list[str]:
        """The words of a line behind the name of the program."""
        filled = line.format(out=self.out, port=port, here=self.here, tool=self.here / "tool")
        return shlex.split(filled)[1:]

    def plain(self, text: str) -> str:
        """A text without what differs between two runs."""
        return _UID.sub("UID", _TIME.sub("TIME", text.replace(str(self.root), "ROOT")))


def place(root: Path) -> Place:
    """Make a place and the files of the script in it."""
    made = Place(root)
    made.out.mkdir(parents=True)
    made.here.mkdir()
    tool = made.here / "tool"
    tool.write_text(TOOL.format(told=made.told))
    tool.chmod(0o755)
    (made.here / "storescp.cfg").write_bytes(PROFILES.read_bytes())
    (made.here / "logger.cfg").write_text(LOGGER.format(here=made.here))
    (made.here / "options").write_text("--verbose\n-aet 'IN A FILE' +xa\n")
    return made


class Running(NamedTuple):
    """A program that listens."""

    pid: int
    port: int


@contextmanager
def running(place: Place, line: str, starter: Zygote | None) -> Iterator[Running]:
    """Start storescp by its line, DCMTK's where there is no starter; end all of it."""
    process: subprocess.Popen[bytes] | None = None
    while True:
        port = free_port()
        words = place.words(line, port)
        if starter is None:
            process = popen([PROGRAM], words, place)
            pid = process.pid
        else:
            pid = starter.start(words, place.log)
        if _listens(pid, port):
            break
        if "in use" not in (said := place.log.read_text()) and "listens there" not in said:
            raise RuntimeError(f"{line}: {said}")
    try:
        yield Running(pid, port)
    finally:
        members = group(pid)
        end(pid, signal.SIGTERM)
        if process:
            process.wait(30)
        eventually(lambda: not [member for member in members if alive(member)])


def _listens(pid: int, port: int) -> bool:
    eventually(lambda: not alive(pid) or listening(port, pid))
    return alive(pid)


def popen(program: Sequence[str], words: Sequence[str], place: Place, **options: object) -> "subprocess.Popen[bytes]":
    """A program in a process group of its own, whose output goes to the log."""
    with place.log.open("ab") as log:
        return subprocess.Popen(
            [*program, *words], stdin=subprocess.DEVNULL, stdout=log, stderr=log, process_group=0, cwd=place.root,
            env={**os.environ, "PYTHONPATH": PATH, "TCP_NODELAY": "1"}, **options,
        )  # fmt: skip


def ours(folder: Path) -> str:
    """Our command as it is installed: a script whose name is storescp."""
    script = folder / "storescp"
    if not script.exists():
        script.write_text(
            f"#!{sys.executable}\nimport sys\nfrom storescpd.cli.storescp.command import main\nsys.exit(main())\n"
        )
        script.chmod(0o755)
    return str(script)


def send(port: int) -> None:
    """Two objects of one study, then one of another."""
    for studies in (("A", "A"), ("B",)):
        with associate(port, calling="MODALITY", called="STORESCP") as association:
            for number, study in enumerate(studies, 1):
                assert store(association, study, number) == SUCCESS
            association.release()


class Seen(NamedTuple):
    """What a script sees of a run."""

    files: list[tuple[str, "Stored | bytes"]]
    """Names, without what is time or chance in them, and contents."""
    told: list[str]
    said: list[str]
    named: str
    """What process lists call it."""


def name(pid: int) -> str:
    """What process lists call a process."""
    return Path(f"/proc/{pid}/comm").read_text().strip()


def lines(path: Path) -> list[str]:
    return path.read_text(errors="replace").splitlines() if path.exists() else []


def files(place: Place) -> list[tuple[str, "Stored | bytes"]]:
    """Of names that chance has made the order says nothing, nor do numbers of what came within one millisecond."""
    found = [(_SAME_TIME.sub("TIME", name), content) for name, content in files_in(place.out)]
    return sorted(found, key=lambda pair: (pair[0], repr(pair[1])))
