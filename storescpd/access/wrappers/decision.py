"""First match in hosts.allow grants, then first match in hosts.deny denies, else it is granted."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import takewhile

from storescpd.access.unnamed import UNKNOWN
from storescpd.access.wrappers.hosts import Host, Request, RuleError
from storescpd.access.wrappers.options import granted
from storescpd.access.wrappers.patterns import host_matches, text_matches
from storescpd.access.wrappers.rules import EXCEPT, Rule, rules

Matches = Callable[[str, Request], bool]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was decided."""

    granted: bool
    cause: str
    """The file and line that decided; empty where none did."""
    defect: bool = False
    """It is a denial because something is not understood."""


def decide(allow: str, deny: str, request: Request) -> Verdict:
    """Decide by the texts of hosts.allow and hosts.deny."""
    for name, text, grants in (("hosts.allow", allow, True), ("hosts.deny", deny, False)):
        try:
            verdict = _by_file(name, text, request, grants=grants)
        except RuleError as error:
            return Verdict(granted=False, cause=f"{name}: {error}", defect=True)
        if verdict is not None:
            return verdict
    return Verdict(granted=True, cause="")


def defects(text: str, daemon: str, read: Callable[[str], str]) -> Iterator[str]:
    """What is not understood in a file, as far as it concerns a daemon, up to a line that is no rule."""
    nobody = Host("0.0.0.0")  # noqa: S104 - an address that nobody has
    request = Request(daemon, nobody, nobody, read)
    try:
        for rule in rules(text):
            for wrong in _wrong(rule, request):
                yield f"line {rule.line}: {wrong}"
    except RuleError as error:
        yield str(error)


def _wrong(rule: Rule, request: Request) -> Iterator[RuleError]:
    if not any(text_matches(_at(pattern)[0], request.daemon) for pattern in rule.daemons):
        return
    steps: list[Callable[[], bool]] = [partial(granted, rule.options, by_default=True)]
    steps += [partial(_client_matches, pattern, request) for pattern in rule.clients]
    for step in steps:
        try:
            step()
        except RuleError as error:
            yield error


def _by_file(name: str, text: str, request: Request, *, grants: bool) -> Verdict | None:
    """The first rule that applies; ``None`` where none does."""
    for rule in rules(text):
        try:
            if _applies(rule, request):
                return Verdict(granted(rule.options, by_default=grants), f"{name} line {rule.line}")
        except RuleError as error:
            raise RuleError(f"line {rule.line}: {error}") from error
    return None


def _applies(rule: Rule, request: Request) -> bool:
    return in_list(rule.daemons, request, _daemon_matches) and in_list(rule.clients, request, _client_matches)


def in_list(patterns: Sequence[str], request: Request, matches: Matches) -> bool:
    """``a b EXCEPT c d EXCEPT e`` is (a or b) and not ((c or d) and not e)."""
    parts = (any(matches(pattern, request) for pattern in part) for part in _split(patterns))
    # The first one that does not match decides, and what comes after it is not looked at.
    return sum(1 for _ in takewhile(bool, parts)) % 2 == 1


def _split(patterns: Sequence[str]) -> list[list[str]]:
    """The lists between the words EXCEPT."""
    parts: list[list[str]] = [[]]
    for pattern in patterns:
        if pattern.upper() == EXCEPT:
            parts.append([])
        else:
            parts[-1].append(pattern)
    return parts


def _daemon_matches(pattern: str, request: Request) -> bool:
    """``daemon`` or ``daemon@host``; a pattern that begins with @ is no host's."""
    daemon, host = _at(pattern)
    return text_matches(daemon, request.daemon) and (not host or host_matches(host, request.server, request))


def _client_matches(pattern: str, request: Request) -> bool:
    """``host`` or ``user@host``; nobody is asked for users, so all are unknown (storescp facts 9.1)."""
    user, host = _at(pattern)
    if host and pattern.startswith("["):
        raise RuleError(f"{pattern} is no user at a host")
    if not host:
        return host_matches(pattern, request.client, request)
    return host_matches(host, request.client, request) and text_matches(user, UNKNOWN)


def _at(pattern: str) -> tuple[str, str]:
    """What stands before and after the first @ that is not the first character."""
    before, found, after = pattern[1:].partition("@")
    return (pattern[0] + before, after) if found else (pattern, "")
