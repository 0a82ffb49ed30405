"""Texts to rules: lines, fields, lists (hosts_access(5), ACCESS CONTROL RULES)."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from storescpd.access.wrappers.hosts import RuleError

BLANK = " \t\r\n"
_BETWEEN = re.compile(rf"[{BLANK},]+")
_BETWEEN_IN_FILES = re.compile(rf"[{BLANK}\v\f]+")
_WITH_PAIRS = re.compile(r"(?:[^][]|\[[^][]*\])*")
EXCEPT = "EXCEPT"
"""The word between what is meant and what is not."""
LONGEST_LINE = 2047
"""Characters of a line, continued ones included; libwrap denies too where there are more."""


@dataclass(frozen=True, slots=True)
class Rule:
    """``daemons : clients : options``."""

    line: int
    """From 1; the first one of a continued line."""
    daemons: tuple[str, ...]
    clients: tuple[str, ...]
    options: tuple[str, ...]


def rules(text: str) -> Iterator[Rule]:
    """The rules of a file, in order.

    Raises:
        RuleError: a line is none; those before it have been yielded.
    """
    for number, line in _lines(text):
        if line.startswith("#") or not line.strip(BLANK):
            continue
        if not _is_plain(line):
            # No name, address or word has such a character: a no-break space or a mark of byte order would let all in.
            raise RuleError(f"line {number} has a character that is not ASCII")
        yield _rule(number, line)


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Lines with the number of their first one; a backslash before the end of a line takes in the next."""
    whole, first = "", 0
    # Not splitlines: only a newline ends a line.
    *complete, rest = text.split("\n")
    for number, line in enumerate(complete, 1):
        first = first or number
        whole += line
        if len(whole) > LONGEST_LINE:
            raise RuleError(f"line {first} is longer than {LONGEST_LINE} characters")
        if line.endswith("\\"):
            whole = whole[:-1]
            continue
        yield first, whole
        whole, first = "", 0
    if rest or first:
        # A file cut short would otherwise be one with other rules.
        raise RuleError("the last line has no end")


def _rule(number: int, line: str) -> Rule:
    daemons, found, rest = _cut(line)
    if not found:
        raise RuleError(f'line {number} has no ":"')
    clients, found, options = _cut(rest)
    if not all(map(_WITH_PAIRS.fullmatch, (daemons, clients))):
        # To libwrap the list goes on behind the colon.
        raise RuleError(f"line {number} has a bracket without its other half")
    lists = _words(daemons), _words(clients)
    if not all(map(_is_whole, lists)):
        raise RuleError(f"line {number} has an empty list")
    if any(word[1:].endswith("@") for words in lists for word in words):
        raise RuleError(f"line {number} has an @ without a host")
    return Rule(number, *lists, tuple(_options(options)) if found else ())


def _is_plain(text: str) -> bool:
    return text.isascii() and all(character.isprintable() or character in BLANK for character in text)


def _is_whole(patterns: Sequence[str]) -> bool:
    """Whether something stands before and after each EXCEPT."""
    words = [EXCEPT, *(pattern.upper() for pattern in patterns), EXCEPT]
    return (EXCEPT, EXCEPT) not in pairwise(words)


def _cut(text: str) -> tuple[str, bool, str]:
    """What stands before the first colon that is not in brackets, whether there is one, and what comes after it."""
    depth = 0
    for position, character in enumerate(text):
        if character == "[":
            depth = 1
        elif character == "]":
            depth = 0
        elif character == ":" and not depth:
            return text[:position], True, text[position + 1 :]
    return text, False, ""


def _words(text: str) -> tuple[str, ...]:
    """The elements of a list, which blanks and commas separate."""
    return tuple(word for word in _BETWEEN.split(text) if word)


def words_of_file(text: str) -> tuple[str, ...]:
    """The patterns of a file, which blanks alone separate.

    Raises:
        RuleError: one of them has what only lists have, and would never match.
    """
    found = tuple(word for word in _BETWEEN_IN_FILES.split(text) if word)
    for word in found:
        if not _is_plain(word) or "," in word or "@" in word:
            raise RuleError(f"{word!r} is no pattern of a file")
    return found


def _options(text: str) -> Iterator[str]:
    """The options, which colons separate; one behind a backslash belongs to the option."""
    option = ""
    rest = iter(text)
    for character in rest:
        if character == ":":
            yield option.strip(BLANK)
            option = ""
        elif character == "\\":
            following = next(rest, "")
            option += following if following == ":" else character + following
        else:
            option += character
    yield option.strip(BLANK)
