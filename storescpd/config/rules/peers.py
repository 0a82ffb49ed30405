"""[[peers]]: matchers that can hold, tables that can be reached, keys that can differ by sender."""

import re
from collections.abc import Iterator

from storescpd.config.peers import ALLOWED, MATCHERS, SECTIONS
from storescpd.config.problems import Finding, KeyPath
from storescpd.config.root import Config
from storescpd.config.words import joined, nearest

_SUBJECT = re.compile(r"[A-Za-z]+ ?= ?.+")


def keys_that_can_differ(config: Config) -> Iterator[Finding]:
    """Some keys are for the whole daemon."""
    for index, peer in enumerate(config.peers):
        for name, allowed in ALLOWED.items():
            for said in sorted(getattr(peer, name).model_fields_set - allowed):
                key: KeyPath = ("peers", index, name, said)
                remedy = f"move it to [{name}]; of these keys, a peer can have {joined(sorted(allowed))}"
                yield Finding(key, "cannot differ by peer", remedy, misplaced=True)


def listeners_exist(config: Config) -> Iterator[Finding]:
    """A matcher that names no listener never holds."""
    names = [listener.name for listener in config.listeners]
    for index, peer in enumerate(config.peers):
        if names and peer.listener is not None and peer.listener not in names:
            guess = nearest(peer.listener, names)
            remedy = (
                f'did you mean "{guess}"?' if guess else f"write one of the names in [[listeners]]: {joined(names)}"
            )
            key: KeyPath = ("peers", index, "listener")
            yield Finding(key, f'there is no listener "{peer.listener}"', remedy, (("listeners",),))


def certificates_are_seen(config: Config) -> Iterator[Finding]:
    """A certificate is known only where one is asked for."""
    for index, peer in enumerate(config.peers):
        if peer.certificate_subject is None:
            continue
        key: KeyPath = ("peers", index, "certificate_subject")
        if not _SUBJECT.fullmatch(peer.certificate_subject):
            message = f'"{peer.certificate_subject}" is not an attribute of a subject'
            yield Finding(key, message, 'write one, such as "CN=ct1.example.org"')
        where = [listener for listener in config.listeners if peer.listener in {None, listener.name}]
        if where and not any(listener.tls for listener in where):
            message = "needs a listener with tls = true: without TLS there is no certificate"
            yield Finding(
                key, message, "write tls = true there, or remove it", (("listeners",), (*key[:2], "listener"))
            )
        if config.tls.peer_certificate == "ignore":
            message = 'does not go with tls.peer_certificate = "ignore"'
            yield Finding(key, message, 'write peer_certificate = "require"', (("tls", "peer_certificate"),))


def refused_peers_have_nothing(config: Config) -> Iterator[Finding]:
    """Who is rejected stores nothing."""
    for index, peer in enumerate(config.peers):
        for name in (name for name in SECTIONS if name in peer.model_fields_set and not peer.accept):
            key: KeyPath = ("peers", index, name)
            remedy = "remove it, or write accept = true"
            yield Finding(key, "has no meaning with accept = false", remedy, (("peers", index, "accept"),))


def all_are_reached(config: Config) -> Iterator[Finding]:
    """The first table whose matchers hold wins."""
    for index, peer in enumerate(config.peers[:-1]):
        if not any(getattr(peer, name) is not None for name in MATCHERS):
            matchers = tuple(("peers", index, name) for name in MATCHERS)
            message = "has no matcher and so is for everyone: the tables after it are never used"
            yield Finding(("peers", index), message, f"move it to the end, or add one of {joined(MATCHERS)}", matchers)
            return


RULES = (keys_that_can_differ, listeners_exist, certificates_are_seen, refused_peers_have_nothing, all_are_reached)
