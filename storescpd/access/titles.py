"""AE titles against patterns."""

from collections.abc import Iterable
from fnmatch import fnmatchcase

_ESCAPED = str.maketrans({sign: f"[{sign}]" for sign in "*?["})


def literal(title: str) -> str:
    """A pattern that is no title's but this one."""
    return title.translate(_ESCAPED)


def recognised(title: str, patterns: Iterable[str]) -> bool:
    """Whether one of the case-sensitive shell patterns is the title's; blanks around the title do not count."""
    stripped = title.strip(" \0")
    return any(fnmatchcase(stripped, pattern) for pattern in patterns)
