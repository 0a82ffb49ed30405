"""Lines by chance are accepted by both commands or by none, and what is accepted means the same to a sender."""

import shlex
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.dropin import cases
from tests.dropin.cases import Words
from tests.dropin.commands import Zygote, serving, zygote
from tests.dropin.observing import Seen, observe
from tests.dropin.random_lines import COUNT, random_lines
from tests.dropin.verdicts import PORT, ours, taken_port, theirs
from tests.support.reference import storescp
from tests.support.tools import need

SHARES = 4
"""Parts of the lines, so that several processes can share them."""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    cases.prepare(tmp_path)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def seen_of_both(starter: Zygote, words: Words, directory: Path, number: int) -> tuple[Seen, Seen]:
    theirs_in, ours_in = directory / f"theirs{number}", directory / f"ours{number}"
    with storescp(theirs_in, *words) as reference:
        expected = observe(reference.port, theirs_in)
    with serving(starter, words, ours_in) as port:
        return expected, observe(port, ours_in)


@pytest.mark.parametrize("share", range(SHARES))
def test_the_same_to_a_sender(share: int, here: Path, monkeypatch: pytest.MonkeyPatch):
    need("storescp")
    lines = list(random_lines())[share::SHARES]
    with taken_port() as port, ThreadPoolExecutor(2) as pool:
        expected = list(pool.map(lambda words: theirs((*words, PORT), port, str(here)), lines))
        found = [ours((*words, PORT), port, monkeypatch) for words in lines]
    assert {line: (their, our) for line, their, our in zip(lines, expected, found, strict=True) if their != our} == {}
    accepted = [line for line, verdict in zip(lines, expected, strict=True) if verdict.accepted]
    # A generator that makes nothing but nonsense would prove nothing.
    assert COUNT / SHARES / 3 < len(accepted) < COUNT / SHARES * 0.8
    visible = [line for line in accepted if "+tls" not in line and "--enable-tls" not in line]
    with zygote(here) as starter, ThreadPoolExecutor(2) as pool:
        both = list(pool.map(lambda pair: seen_of_both(starter, pair[1], here, pair[0]), enumerate(visible)))
    differing = [
        f"{shlex.join(line)}\n  theirs {their}\n  ours   {our}"
        for line, (their, our) in zip(visible, both, strict=True)
        if their != our
    ]
    assert not differing, "\n".join([f"{len(differing)} of {len(visible)} differ", *differing])
    assert any(their.files for their, _ in both)
