"""Waits within which nobody can do what is waited for."""

from collections.abc import Iterator

from storescpd.config.problems import Finding
from storescpd.config.root import Config

_NOTHING = 0.001
"""Seconds. The way through two kernels takes as long where they are busy."""
_SHORT = 1.0
"""Seconds: a lost packet is sent again after one (RFC 6298 2.1)."""
_OF_EACH_OBJECT = ("dimse_timeout", "socket_timeout", "idle_timeout")
"""These can differ by peer."""


def waits_of_objects(config: Config) -> Iterator[Finding]:
    """While an object comes, and between two of them."""
    for name in _OF_EACH_OBJECT:
        yield from _judged(config, name, ", or 0 for no limit")


def waits_of_requests(config: Config) -> Iterator[Finding]:
    """Before the association is there."""
    yield from _judged(config, "acse_timeout", "")


def _judged(config: Config, name: str, instead: str) -> Iterator[Finding]:
    seconds: float = getattr(config.association, name)
    if not 0 < seconds < _SHORT:
        return
    hopeless = seconds < _NOTHING
    consequence = "every association would be aborted" if hopeless else "one lost packet ends an association"
    message = f"is {seconds:g} s: {consequence}"
    yield Finding(("association", name), message, f"write seconds, such as 30{instead}", note=not hopeless)


MERGEABLE = (waits_of_objects,)
GLOBAL = (waits_of_requests,)
