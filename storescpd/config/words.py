"""Guessing what a misspelt word was meant to be."""

import re
from collections.abc import Iterable

CLOSE = 0.6
"""difflib's own ratio for "good enough"."""
VERY_CLOSE = 0.85


def nearest(word: str, known: Iterable[str], cutoff: float = CLOSE) -> str | None:
    """The known word most like this one; capitals, hyphens and underscores do not count."""
    # Most files have no misspelt word.
    import difflib  # noqa: PLC0415

    by_shape = {_shape(candidate): candidate for candidate in known}
    matches = difflib.get_close_matches(_shape(word), by_shape, n=1, cutoff=cutoff)
    return by_shape[matches[0]] if matches else None


def _shape(word: str) -> str:
    return re.sub("[-_ ]", "", word).lower()


def joined(words: Iterable[str], conjunction: str = "or") -> str:
    """``a, b or c``; of no words nothing."""
    *most, last = [*words] or [""]
    return f"{', '.join(most)} {conjunction} {last}" if most else last
