"""The course of studies played to storescp and to us: the same directories, names, commands and order.

One worker, scope daemon and synchronous hooks are storescp's way to live (storescp facts 3.2 to 3.5).
"""

import itertools
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.studies.studies import ECHO, STAMP, SUCCESS, associate, lines, store
from tests.support.daemon import storescpd
from tests.support.processes import eventually
from tests.support.reference import storescp

HOOKS = {"xcr": "on_reception", "xcs": "on_end_of_study"}


@dataclass(frozen=True, slots=True)
class Script:
    """What a sender does. ``A1 B1``: objects; ``|``: another association; ``e``: C-ECHO; ``...``: quiet until the
    study has ended.
    """

    name: str
    steps: str
    sort: str = "study"
    prefix: str = "P"
    rename: bool = False
    filenames: str = "default"
    extension: str = ""
    timeout: int = 0

    def __repr__(self) -> str:
        return self.name

    def options(self, log: Path) -> list[str]:
        """For storescp."""
        sort = {"study": ["-ss", self.prefix], "study-uid": ["-su", self.prefix], "patient-name": ["-sp"]}[self.sort]
        made = [*sort, "-xs"]
        for hook in HOOKS:
            made += [f"-{hook}", command(hook, log)]
        if self.rename:
            made.append("-rns")
        if self.timeout:
            made += ["-tos", str(self.timeout)]
        made += {"default": [], "time": ["-tn"], "unique": ["+uf"]}[self.filenames]
        return made + (["-fe", self.extension] if self.extension else [])

    def settings(self, log: Path) -> dict[str, object]:
        """For storescpd."""
        prefix = {} if self.sort == "patient-name" else {"prefix": self.prefix}
        return {
            "naming": {"sort": self.sort, "filenames": self.filenames, "extension": self.extension, **prefix},
            "studies": {"scope": "daemon", "rename": self.rename, "end_of_study_timeout": self.timeout},
            "hooks": {"synchronous": True, **{key: command(hook, log) for hook, key in HOOKS.items()}},
        }


def command(hook: str, log: Path) -> str:
    # In a hook for the end of a study #f stands as it is, and would begin a comment.
    return f'echo {hook} "#p" "#f" from #a to #c >> {log}'


SCRIPTS = [
    Script("another study ends it", "A1 A2 B1 B2 C1"),
    Script("a study that comes again gets another directory", "A1 B1 A2 B2"),
    Script("an association is not a study", "A1 | A2 | B1 | B2"),
    Script("renaming counts over all classes", "A1 A2m A3s B1m B2 C1", rename=True),
    Script("by study UID", "A1 A2 B1", sort="study-uid"),
    Script("by study UID without prefix", "A1 B1", sort="study-uid", prefix=""),
    Script("by study UID, again into the same directory", "A1 B1 A2 C1", sort="study-uid"),
    Script("without prefix", "A1 B1", prefix=""),
    Script("by patient's name", "A1 A2 B1", sort="patient-name"),
    Script("with an extension", "A1 A2 B1", extension=".dcm"),
    Script("renaming drops the extension", "A1 A2 B1", extension=".dcm", rename=True),
    Script("quiet ends it", "A1 A2 ... A3 ...", timeout=2),
    Script("quiet ends it inside an association, and renames all", "A1 A2 ... B1 | B2 ...", timeout=2, rename=True),
    Script("time names", "A1 B1 C1", filenames="time", extension=".dcm"),
    Script("renamed time names", "A1 A2m B1", filenames="time", rename=True),
    Script("unique names", "A1 A2m B1", filenames="unique", extension=".dcm"),
    Script("renamed unique names", "A1 A2m B1", filenames="unique", rename=True),
    Script("echoes are no study", "A1 e A2 e B1 e"),
]


def play(script: Script, port: int, log: Path) -> list[int]:
    """Act it; the statuses."""
    statuses = []
    association = associate(port)
    for word in script.steps.split():
        if word == "|":
            association.release()
            association = associate(port)
        elif word == "e":
            assert association.echo(ECHO) == SUCCESS
        elif word == "...":
            before = sum(line.startswith("xcs") for line in lines(log))
            eventually(lambda seen=before: sum(line.startswith("xcs") for line in lines(log)) > seen)
        else:
            code = {"m": "MR", "s": "SC"}.get(word[-1], "CT")
            # The names of directories hold the millisecond: two studies must not share one, as they would in storescp.
            name = b"Doe^" + word[:1].encode()
            statuses.append(store(association, word[0], int(word[1]), code, name))
    # Synchronous hooks have run when the next command is answered.
    assert association.echo(ECHO) == SUCCESS
    association.release()
    return statuses


@contextmanager
def receiver(kind: str, script: Script, folder: Path) -> Iterator[tuple[int, Path]]:
    out, log = folder / "out", folder / "hooks.log"
    if kind == "storescp":
        with storescp(out, *script.options(log)) as reference:
            yield reference.port, log
    else:
        with storescpd(out, script.settings(log)) as daemon:
            yield daemon.port, log


def seen(folder: Path) -> tuple[list[str], dict[str, list[str]]]:
    """Commands in their order, and directories with their files; times are numbered as they appear."""
    text = _neutral("\n".join(lines(folder / "hooks.log")).replace(str(folder / "out"), "OUT"))
    times: dict[str, str] = {}
    for stamp in STAMP.findall(text):
        times.setdefault(stamp, f"T{len(times)}")
    commands = STAMP.sub(lambda match: times[match[0]], text).splitlines()
    folders = {}
    for path in (folder / "out").iterdir():
        if path.name != ".storescpd":
            named = STAMP.sub(lambda match: times.get(match[0], "?"), path.name)
            folders[named] = sorted(_neutral(file.name) for file in path.iterdir())
    return commands, folders


def _neutral(text: str) -> str:
    """Without what is never the same: the time of a file, and a UID that is made for it."""
    return re.sub(r"\.X\.[0-9.]+(?=\.|\b)", ".X.UID", re.sub(r"\b\d{17}\.", "TIME.", text))


@pytest.mark.parametrize("script", SCRIPTS, ids=repr)
def test_the_same_course(script, tmp_path):
    outcome = {}
    for kind in ("storescp", "storescpd"):
        folder = tmp_path / kind
        folder.mkdir()
        with receiver(kind, script, folder) as (port, log):
            statuses = play(script, port, log)
        outcome[kind] = (statuses, *seen(folder))
    assert outcome["storescpd"] == outcome["storescp"]
    commands = outcome["storescp"][1]
    sent = re.findall(r"[A-Z]\d", script.steps)
    ends = sum(one[0] != other[0] for one, other in itertools.pairwise(sent)) if "..." not in script.steps else 2
    assert [sum(line.startswith(hook) for line in commands) for hook in HOOKS] == [len(sent), ends]
