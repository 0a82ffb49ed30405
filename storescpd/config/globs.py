"""Which titles a shell pattern can be for: AE titles have 16 characters at most, of a known set."""

from fnmatch import fnmatchcase
from functools import lru_cache

from storescpd.data.limits import AE_TITLE_LENGTH

_CHARACTERS = frozenset(chr(code) for code in range(0x20, 0x7F)) - {"\\"}
"""PS3.5 6.2, VR AE."""
_Piece = frozenset[str] | None
"""The characters that one place can have; ``None``: any text, also none."""


def possible(pattern: str) -> bool:
    """Whether any title can match."""
    pieces = [piece for piece in _pieces(pattern) if piece is not None]
    return len(pieces) <= AE_TITLE_LENGTH and all(pieces)


def may_meet(first: str, second: str) -> bool:
    """Whether one title can match both patterns; of patterns that no title matches, true."""
    if not possible(first) or not possible(second):
        return True
    return _meet(_pieces(first), _pieces(second))


def within(narrow: str, wide: str) -> bool:
    """Whether a title, or a pattern that is one, is matched by ``wide``; of real patterns only what is plain to see."""
    is_title = not any(sign in narrow for sign in "*?[")
    return fnmatchcase(narrow, wide) if is_title else wide.strip("*") == "" and bool(wide)


@lru_cache(maxsize=256)
def _pieces(pattern: str) -> tuple[_Piece, ...]:
    """As fnmatch(3) reads it."""
    pieces: list[_Piece] = []
    at = 0
    while at < len(pattern):
        sign = pattern[at]
        end = pattern.find("]", at + (3 if pattern[at + 1 : at + 2] == "!" else 2)) if sign == "[" else -1
        if sign == "*":
            # Several are one; so no pattern of a title is longer than 33 pieces.
            pieces += [] if pieces[-1:] == [None] else [None]
        elif end > 0:
            part = pattern[at : end + 1]
            pieces.append(frozenset(one for one in _CHARACTERS if fnmatchcase(one, part)))
            at = end
        else:
            pieces.append(_CHARACTERS if sign == "?" else _CHARACTERS & {sign})
        at += 1
    return tuple(pieces)


@lru_cache(maxsize=4096)
def _meet(first: tuple[_Piece, ...], second: tuple[_Piece, ...]) -> bool:
    if not first or not second:
        return all(piece is None for piece in (*first, *second))
    if first[0] is None:
        return _meet(first[1:], second) or _meet(first, second[1:])
    if second[0] is None:
        return _meet(first, second[1:]) or _meet(first[1:], second)
    return bool(first[0] & second[0]) and _meet(first[1:], second[1:])
