"""Every line that storescp 3.6.7 refuses is refused with its text, and every other is accepted (storescp facts 1)."""

import shlex
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.dropin import cases
from tests.dropin.cases import Words
from tests.dropin.verdicts import PORT, Verdict, ours, taken_port, theirs
from tests.support.tools import need

NO_LISTS = "needs tls.crl_files: there are no lists to look into"
DIFFERENT = {
    ("--enable-tls", ".", ".", "+crv", PORT): f"+crv: {NO_LISTS}",
    ("--enable-tls", ".", ".", "--enable-crl-vfy", PORT): f"--enable-crl-vfy: {NO_LISTS}",
    ("--enable-tls", ".", ".", "+cra", PORT): f"+cra: {NO_LISTS}",
    ("--enable-tls", ".", ".", "--enable-crl-all", PORT): f"--enable-crl-all: {NO_LISTS}",
    ("+pa", PORT): "--profile-aes only allowed with --enable-tls",
    ("--profile-aes", PORT): "--profile-aes only allowed with --enable-tls",
    ("--padding-create", "2147483648", "2", PORT): "Invalid value for option --padding-create (overflow: 2147483648)",
    ("--padding-create", "2", "2147483648", PORT): "Invalid value for option --padding-create (overflow: 2147483648)",
    ("-ss", "a/b", PORT): '-ss a/b: "a/b" contains a slash',
    ("-fe", "a/b", PORT): '-fe a/b: "a/b" contains a slash',
    ("+tls", "k", "c", "+cs", "word", PORT): "+cs word: word is not an IANA suite name",
}
"""Lines that storescp accepts or refuses otherwise, and what we say; docs/differences.md has the rows."""


@pytest.fixture(scope="module")
def port() -> Iterator[str]:
    with taken_port() as number:
        yield number


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    cases.prepare(tmp_path)
    (tmp_path / "empty.cfg").write_text("# nothing\n")
    monkeypatch.chdir(tmp_path)
    return str(tmp_path)


@pytest.mark.parametrize("kind", [cases.alone, cases.pairs, cases.values, cases.lines], ids=lambda kind: kind.__name__)
def test_the_verdict_is_storescps(kind, here: str, port: str, monkeypatch: pytest.MonkeyPatch):
    need("storescp")
    wanted = [words for words in dict.fromkeys(kind()) if words not in DIFFERENT]
    with ThreadPoolExecutor(2) as pool:
        expected = list(pool.map(lambda words: theirs(words, port, here), wanted))
    found = [ours(words, port, monkeypatch) for words in wanted]
    differing = [
        f"{shlex.join(words)}\n  theirs {their}\n  ours   {our}"
        for words, their, our in zip(wanted, expected, found, strict=True)
        if their != our
    ]
    assert not differing, "\n".join([f"{len(differing)} of {len(wanted)} differ", *differing])


@pytest.mark.parametrize("words", DIFFERENT, ids=shlex.join)
def test_what_is_said_otherwise(words: Words, here: str, port: str, monkeypatch: pytest.MonkeyPatch):
    need("storescp")
    found = ours(words, port, monkeypatch)
    assert found == Verdict(1, DIFFERENT[words])
    assert theirs(words, port, here) != found


@pytest.mark.parametrize(("words", "error"), cases.NEWEST, ids=[shlex.join(words) for words, _ in cases.NEWEST])
def test_newer_options(words: Words, error: str, here: str, port: str, monkeypatch: pytest.MonkeyPatch):
    expected = Verdict(1, error) if error else Verdict(0, accepted=True)
    assert ours(words, port, monkeypatch) == expected
