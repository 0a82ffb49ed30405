"""Who comes, and to whom."""

from collections.abc import Callable
from dataclasses import dataclass

from storescpd.access.unnamed import UNKNOWN


class RuleError(Exception):
    """A rule says what is not understood, or what is not done here; the text says what."""


def nameless() -> str:
    """The name of a host that is not looked up."""
    return UNKNOWN


def no_file(path: str) -> str:
    """Where nothing is to be read."""
    raise FileNotFoundError(path)


@dataclass(frozen=True, slots=True)
class Host:
    """One end of a connection."""

    address: str
    name: Callable[[], str] = nameless
    """Called only where a rule asks for the name; ``UNKNOWN`` and ``PARANOID`` are answers too."""


@dataclass(frozen=True, slots=True)
class Request:
    """What is decided about."""

    daemon: str
    client: Host
    server: Host
    read: Callable[[str], str] = no_file
    """The text of a file that a pattern names; raises OSError or ValueError."""
