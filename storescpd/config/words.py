"""Guessing what a misspelt word was meant to be."""

import re
from collections.abc import Iterable

CLOSE = 0.6
"""difflib's own ratio for "good enough"."""
VERY_CLOSE = 0.85
_SHORTEST = 3
"""Letters that an abbreviation needs to be taken for one."""


def nearest(word: str, known: Iterable[str], cutoff: float = CLOSE) -> str | None:
    """The known word most like this one; capitals, hyphens and underscores do not count."""
    # Most files have no misspelt word.
    import difflib  # noqa: PLC0415

    by_shape = {_shape(candidate): candidate for candidate in known}
    shape = _shape(word)
    matches = difflib.get_close_matches(shape, by_shape, n=1, cutoff=cutoff)
    if matches:
        return by_shape[matches[0]]
    begun = [candidate for candidate in by_shape if len(shape) >= _SHORTEST and candidate.startswith(shape)]
    return by_shape[begun[0]] if len(begun) == 1 and cutoff == CLOSE else None


def near(word: str, known: Iterable[str]) -> list[str]:
    """The known words that are like this one, the most alike first, three at most."""
    import difflib  # noqa: PLC0415

    by_shape = {_shape(candidate): candidate for candidate in known}
    shape = _shape(word)
    if shape in by_shape:
        return [by_shape[shape]]
    matches = difflib.get_close_matches(shape, by_shape, n=3, cutoff=CLOSE)
    return [by_shape[match] for match in matches if match.startswith(matches[0][:3])]


def _shape(word: str) -> str:
    return re.sub("[-_ ]", "", word).lower()


def joined(words: Iterable[str], conjunction: str = "or") -> str:
    """``a, b or c``; of no words nothing."""
    *most, last = [*words] or [""]
    return f"{', '.join(most)} {conjunction} {last}" if most else last
