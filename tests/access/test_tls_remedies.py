"""Whoever does what the log says about a failed handshake gets through: each remedy that names a key is applied."""

import re
import ssl
from collections.abc import Callable
from typing import NamedTuple

import pytest
import tomli_w

from storescpd.access.tls.suites import PROFILES
from storescpd.config import parse
from storescpd.worker import tls_failures
from storescpd.worker.settings import settings
from storescpd.worker.strangers import look
from storescpd.worker.tls_failures import Failure, failure
from tests.support.certificates import Pair, client_context, issue, revoke
from tests.support.hospital import config, hospital

Settings = dict[str, object]
_ROUNDS = 20
"""Of records; a handshake takes four."""


class Pki(NamedTuple):
    """Two hospitals that do not know each other, and a server whose certificate has expired."""

    own: dict[str, Pair]
    authority: Pair
    stranger: Pair
    expired: Pair
    old_list: str
    list_of_stranger: str


@pytest.fixture(scope="module")
def pki(tmp_path_factory):
    own = hospital(tmp_path_factory.mktemp("pki"))
    folder, old = tmp_path_factory.mktemp("other"), tmp_path_factory.mktemp("old")
    authority = issue(folder, "ca2")
    return Pki(
        own,
        authority,
        issue(folder, "ct2", authority),
        issue(folder, "server", own["ca"], days=(-9, -1)),
        str(revoke(old, own["ca"], days=(-9, -1))),
        str(revoke(folder, authority)),
    )


def first_words(sender: ssl.SSLContext) -> bytes:
    """What a sender says first."""
    written = ssl.MemoryBIO()
    with pytest.raises(ssl.SSLWantReadError):
        sender.wrap_bio(ssl.MemoryBIO(), written).do_handshake()
    return written.read()


def handshake(said: Settings, sender: ssl.SSLContext) -> Failure | None:
    """With a port of a configuration that has to load: what the log would say, or nothing."""
    port = settings(parse(tomli_w.dumps(said), "remedied"), alone=True).tls["dicom"].context()
    inwards, outwards = ssl.MemoryBIO(), ssl.MemoryBIO()
    server, client = port.wrap_bio(inwards, outwards, server_side=True), sender.wrap_bio(outwards, inwards)
    first = first_words(sender)
    for _ in range(_ROUNDS):
        try:
            client.do_handshake()
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLError:
            # Its alert is on the way.
            assert inwards.pending
        try:
            server.do_handshake()
        except ssl.SSLWantReadError:
            continue
        except ssl.SSLError as error:
            return failure(first, error)
        client.do_handshake()
        return None
    raise AssertionError("neither side went on")


def old_sender(pki: Pki) -> ssl.SSLContext:
    sender = client_context(pki.own["ca"], pki.own["valid"])
    sender.set_ciphers("ALL:@SECLEVEL=0")
    # That they are deprecated is what this sender is about.
    with pytest.warns(DeprecationWarning, match="TLSv1"):
        sender.minimum_version, sender.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
    return sender


def poor_sender(pki: Pki) -> ssl.SSLContext:
    sender = client_context(pki.own["ca"], pki.own["valid"])
    sender.set_ciphers("AES128-SHA:@SECLEVEL=0")
    sender.maximum_version = ssl.TLSVersion.TLSv1_2
    return sender


def known(pki: Pki) -> ssl.SSLContext:
    return client_context(pki.own["ca"], pki.own["valid"])


def foreign(pki: Pki) -> ssl.SSLContext:
    return client_context(pki.own["ca"], pki.stranger)


def both(pki: Pki) -> list[str]:
    return [str(one.certificate_file) for one in (pki.own["ca"], pki.authority)]


def own_list(pki: Pki) -> str:
    return str(pki.own["ca"].certificate_file.with_suffix(".crl"))


def _wider() -> list[Callable[[Pki], Settings]]:
    return [lambda pki, name=name: config(pki.own, profile=name) for name in PROFILES if name]


class Case(NamedTuple):
    """A failure, and what its remedy tells to do."""

    before: Callable[[Pki], Settings]
    sender: Callable[[Pki], ssl.SSLContext]
    remedy: str
    after: list[Callable[[Pki], Settings]]
    """Each way; of profiles one is enough."""
    sender_after: Callable[[Pki], ssl.SSLContext] | None = None


def plain(pki: Pki) -> Settings:
    return config(pki.own)


CASES = {
    "an old version": Case(plain, old_sender, tls_failures._OFFER, _wider()),
    "an old suite": Case(plain, poor_sender, tls_failures._OFFER, _wider()),
    "no certificate": Case(
        plain,
        lambda pki: client_context(pki.own["ca"], None),
        tls_failures._NONE,
        [lambda pki: config(pki.own, peer_certificate="verify")],
    ),
    "a foreign authority": Case(
        lambda pki: config(pki.own, crl_check="none", crl_files=[]),
        foreign,
        tls_failures._OWN,
        [lambda pki: config(pki.own, crl_check="none", crl_files=[], ca_files=both(pki))],
    ),
    "no list of that authority": Case(
        lambda pki: config(pki.own, ca_files=both(pki)),
        foreign,
        tls_failures._VERIFICATIONS[3],
        [
            lambda pki: config(pki.own, ca_files=both(pki), crl_files=[own_list(pki), pki.list_of_stranger]),
            lambda pki: config(pki.own, ca_files=both(pki), crl_check="none", crl_files=[]),
        ],
    ),
    "an old list": Case(
        lambda pki: config(pki.own, crl_files=[pki.old_list]), known, tls_failures._VERIFICATIONS[12], [plain]
    ),
    "our certificate has expired": Case(
        lambda pki: config(
            pki.own, key=str(pki.expired.key_file), certificate=str(pki.expired.certificate_file)
        ),
        known,
        "renew tls.certificate",
        [plain],
    ),
    "a sender that does not trust us": Case(
        plain,
        lambda pki: client_context(pki.authority, pki.own["valid"]),
        tls_failures._TRUST,
        [plain],
        known,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_the_remedy_helps(name, pki):
    case = CASES[name]
    found = handshake(case.before(pki), case.sender(pki))
    assert found is not None
    assert found.remedy == case.remedy
    sender = case.sender_after or case.sender
    outcomes = [handshake(after(pki), sender(pki)) for after in case.after]
    if case.remedy == tls_failures._OFFER:
        assert None in outcomes
    else:
        assert outcomes == [None] * len(case.after)


def test_tls_at_a_plain_port(pki):
    """The first words of a real sender; then the port is given TLS, as the remedy says."""
    seen = look(first_words(known(pki)), tls=False)
    assert "set tls = true for this listener" in seen.remedy
    assert handshake(plain(pki), known(pki)) is None


def test_every_remedy_that_names_a_key_is_applied_here():
    texts = {remedy for _, remedy in tls_failures._REASONS.values()} | {*tls_failures._VERIFICATIONS.values()}
    texts.add(tls_failures._OWN)
    named = {text for text in texts if re.search(r"\btls\.[a-z]", text)}
    assert named == {case.remedy for case in CASES.values()}
