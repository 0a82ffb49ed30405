"""Command lines as people run them: the options of public scripts, in our own words and with harmless values.

Each is started as it stands, one object is sent, and the same files lie in the same directories.
"""

import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.compare import stored
from tests.support.objects import ct
from tests.support.processes import eventually
from tests.support.rawclient import RawAssociation
from tests.support.reference import OURS, THEIRS, storescp
from tests.support.scenes import associate, store
from tests.support.tools import need

OUT = "{out}"
"""The output directory, which the scripts write into commands; it is passed with -od."""
IMAGE = ct(1024)
_TIME = re.compile(r"\d{8}_\d{9}")
_MADE_UID = re.compile(r"(?<=\.X\.)[0-9.]*[0-9]")
RECORD = f"{OUT}.ran"


@dataclass(frozen=True, slots=True)
class Script:
    """Somebody's command line."""

    source: str
    """The repository on GitHub, and the file in it."""
    options: tuple[str, ...]
    """All but the output directory and the port."""
    ran: int = 0
    """Lines that its commands write."""


def record(words: str) -> str:
    """A command that notes what it was told."""
    return f"echo {words} >> {RECORD}"


SCRIPTS = (
    Script(
        "mercure-imaging/mercure receiver.sh",
        ("--fork", "--promiscuous", "+xa", "+uf", "-xcr", record("#f #a #c http://127.0.0.1:8080"), ),
        ran=1,
    ),
    Script(
        "mercure-imaging/mercure receiver.sh, without compression",
        ("--fork", "--promiscuous", "+uf", "-xcr", record("#f")),
        ran=1,
    ),
    Script("maicobernal/segmentation config/start-storescp.sh", ("-v", "-aet", "HIPPOAI", "--sort-on-study-uid", "st")),
    Script(
        "Isisphinx/script storescp.sh",
        ("-d", "-v", "--fork", "-ta", "60", "-aet", "ISISPACS", "-xcr", record("#f")),
        ran=1,
    ),
    Script("FNNDSC/pypx storescp.sh", ("-pm", "-sp", "-xcr", record("--xcrdir #p --xcrfile #f --verbosity 0")), ran=1),
    Script(
        "opendicom/pipedicom 3.Ejecutables/PCS2/dcmtk/storescp/storescp/storescp.sh",
        ("-ll", "debug", "--fork", "+xe", "-pm", "+te", "-aet", "PCS", "-pdu", "131072", "-dhl", "-up", "-g", "-e",
         "-su", "", "-uf", "-xcr", record("#a #r #p #f #c")),
        ran=1,
    ),
    Script(
        "guruevi/DCMAnonymize receiver.sh",
        ("--promiscuous", "-ss", "study", "-tos", "1", "+uf", "-xcs", record("#p")),
        ran=1,
    ),
    Script(
        "lacontelab/tabs bin/tabs_start_dicomserver.sh",
        ("--aetitle", "STORESCP_TABS", "--filename-extension", ".dcm", "--eostudy-timeout", "1", "--sort-conc-studies",
         "sorted", "--exec-on-eostudy", record("#p")),
        ran=1,
    ),
    Script(
        "mmiv-center/Research-Information-System documentation/NekoMed/README.md",
        ("-aet", "DOG", "--sort-on-study-uid", "MYDATA", "--eostudy-timeout", "1", "--exec-sync", "--exec-on-eostudy",
         record("#r #a #c #p"), "-fe", ".dcm"),
        ran=1,
    ),
)  # fmt: skip


def outcome(program: tuple[str, ...], script: Script, directory: Path) -> tuple[dict[str, object], list[str], object]:
    """Files, what the commands wrote, and what was answered; without what is time, chance or the directory."""
    options = [option.replace(OUT, str(directory)) for option in script.options]
    ran = Path(RECORD.replace(OUT, str(directory)))
    with storescp(directory, *options, program=program) as receiver:
        with associate(receiver.port) as association:
            status = store(association, IMAGE, 1)
            contexts = association.accepted, association.peer_max_pdu
            association.release()
        if script.ran:
            eventually(lambda: ran.exists() and ran.read_text().count("\n") == script.ran)
        with RawAssociation(receiver.port) as association:
            association.release()
        files = {normal(str(name), directory): content for name, content in stored(directory).items()}
    told = [normal(line, directory) for line in ran.read_text().splitlines()] if script.ran else []
    return files, told, (status, contexts)


def normal(text: str, directory: Path) -> str:
    return _TIME.sub("TIME", _MADE_UID.sub("UID", text.replace(str(directory), "OUT")))


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.source)
def test_it_works_unchanged(script, tmp_path):
    need("storescp")
    theirs = outcome(THEIRS, script, tmp_path / "theirs")
    assert len(theirs[0]) == 1
    assert outcome(OURS, script, tmp_path / "ours") == theirs


def test_enough_of_them():
    assert len({script.source.split()[0] for script in SCRIPTS}) >= 8
