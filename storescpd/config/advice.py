"""What is allowed and can hardly be meant; said by ``--check-config`` alone, as notes."""

import re
from collections.abc import Iterator
from ipaddress import IPv4Network, IPv6Network

from storescpd.config.addresses import Network
from storescpd.config.globs import may_meet, possible, within
from storescpd.config.peers import MATCHERS, Peer
from storescpd.config.positions import Positions
from storescpd.config.problems import Finding, KeyPath
from storescpd.config.root import Config

_REGULAR = re.compile(r"^\^|\$$|\.\*|\.\+|\\[dwsDWS.]|\[[^\]]*\][+*?{]|^\(.*\)$|\|")
_TRANSLATED = (
    (r"^\^|\$$", ""),
    (r"\\d", "[0-9]"),
    (r"\.\*", "*"),
    (r"\.\+", "?*"),
    (r"(\])[+*]", r"\1*"),
    (r"\\\.", "."),
)


def advice(config: Config) -> Iterator[Finding]:
    """All notes."""
    yield from _patterns(config)
    yield from _titles_kept_out(config)
    yield from _networks_kept_out(config)
    yield from _shadowed(config)
    yield from _placeholders(config)


def _named(config: Config) -> Iterator[tuple[KeyPath, str]]:
    for name in ("calling_ae_titles", "accepted_called_ae_titles"):
        for index, pattern in enumerate(getattr(config.association, name)):
            yield ("association", name, index), pattern
    for index, peer in enumerate(config.peers):
        for name in ("calling_ae_title", "called_ae_title"):
            pattern = getattr(peer, name)
            if pattern is not None:
                yield ("peers", index, name), pattern


def _patterns(config: Config) -> Iterator[Finding]:
    for key, pattern in _named(config):
        if _REGULAR.search(pattern):
            message = f'"{pattern}" looks like a regular expression; this is a shell pattern, in which * is any text'
            yield Finding(
                key, message, f'write "{_as_shell_pattern(pattern)}"' if "|" not in pattern else _EACH, note=True
            )
        elif "%" in pattern:
            remedy = f'write "{pattern.replace("%", "*")}", if any text is meant'
            yield Finding(key, f'"{pattern}" is a shell pattern, in which % is nothing special', remedy, note=True)
        elif re.search(r"[,;]", pattern):
            yield Finding(key, f'"{pattern}" is one title, not several', _EACH, note=True)
        elif not possible(pattern):
            message = (
                f'"{pattern}" is no title\'s: they have 16 characters at most, printable ASCII without backslashes'
            )
            yield Finding(key, message, "correct it: it never holds", note=True)


def cut_short(positions: Positions, text: str) -> Iterator[Finding]:
    """``"echo "#f""`` ends before the ``#``, which begins a comment."""
    lines = text.split("\n")
    for key, place in positions.values.items():
        rest = lines[place.line - 1][place.column - 1 :].rstrip()
        match = re.match(r'"[^"\\]*"#.*"', rest)
        if match is not None:
            message = "the text ends before the #, which begins a comment"
            remedy = f"write '{rest[1:-1]}'" if rest.endswith('"') and "'" not in rest else "use single quotes outside"
            yield Finding(key, message, remedy, note=True)


_EACH = "write each title as a pattern of its own"


def _as_shell_pattern(pattern: str) -> str:
    for what, instead in _TRANSLATED:
        pattern = re.sub(what, instead, pattern)
    return pattern.strip("()")


def _titles_kept_out(config: Config) -> Iterator[Finding]:
    """Rules for senders that are rejected before rules are looked at."""
    association = config.association
    called = (association.ae_title.translate(_LITERAL), *association.accepted_called_ae_titles)
    kept = {
        "calling_ae_title": association.calling_ae_titles,
        "called_ae_title": called if association.check_called_ae_title else (),
    }
    lists = {"calling_ae_title": "calling_ae_titles", "called_ae_title": "accepted_called_ae_titles"}
    for index, peer in enumerate(config.peers):
        for name, accepted in kept.items():
            pattern = getattr(peer, name)
            if pattern is None or not accepted or any(may_meet(pattern, one) for one in accepted):
                continue
            message = f'never holds: association.{lists[name]} rejects "{pattern}" before'
            concerns: tuple[KeyPath, ...] = (("association",),)
            yield Finding(("peers", index, name), message, "add it there, or remove this table", concerns, note=True)


_LITERAL = str.maketrans({sign: f"[{sign}]" for sign in "*?["})


def _networks_kept_out(config: Config) -> Iterator[Finding]:
    access = config.access
    for index, peer in enumerate(config.peers):
        own = peer.network
        if own is None:
            continue
        denied = next((one for one in access.deny if _inside(own, one)), None)
        outside = access.allow and not any(own.overlaps(one) for one in access.allow)
        if denied is not None or outside:
            reason = f"access.deny has {denied}" if denied is not None else "access.allow has no address of it"
            remedy = "correct one of them, or remove this table"
            yield Finding(("peers", index, "network"), f"never holds: {reason}", remedy, (("access",),), note=True)


def _inside(inner: Network, outer: Network) -> bool:
    if isinstance(inner, IPv4Network):
        return isinstance(outer, IPv4Network) and inner.subnet_of(outer)
    return isinstance(outer, IPv6Network) and inner.subnet_of(outer)


def _shadowed(config: Config) -> Iterator[Finding]:
    """The first table whose matchers hold is used."""
    for index, peer in enumerate(config.peers):
        for number, earlier in enumerate(config.peers[:index]):
            if any(getattr(earlier, name) is not None for name in MATCHERS) and _covers(earlier, peer):
                message = f"is never used: [[peers]] number {number + 1} is for the same senders, and comes first"
                remedy = "move it before that table, or remove it"
                yield Finding(("peers", index), message, remedy, (("peers", number),), note=True)
                break


def _covers(earlier: Peer, later: Peer) -> bool:
    """Whether whoever is meant by the later table is meant by the earlier one."""
    for name in MATCHERS:
        wide, narrow = getattr(earlier, name), getattr(later, name)
        if wide is None or wide == narrow:
            continue
        if narrow is None or name in {"listener", "certificate_subject"}:
            return False
        if name == "network":
            if not _inside(narrow, wide):
                return False
        elif not within(narrow, wide):
            return False
    return True


def _placeholders(config: Config) -> Iterator[Finding]:
    line = config.hooks.on_end_of_study
    if isinstance(line, str) and "#f" in line:
        remedy = "remove it; #p is the directory of the study"
        message = "a study has no #f, which stands for one file"
        yield Finding(("hooks", "on_end_of_study"), message, remedy, note=True)
