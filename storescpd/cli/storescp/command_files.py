"""Command files: ``@FILE`` stands for the words in it (storescp facts 10.2)."""

import os
import re
from collections.abc import Sequence

from storescpd.cli.storescp.errors import CommandLineError

_WORD = re.compile(r"""([^ \t\r\n"']*)(?:"([^"]*)("|\Z)|'([^']*)('|\Z))|([^ \t\r\n"']+)""")
"""Text up to a quote and what is quoted are one word, which the closing quote ends; or text without quotes."""


def expanded(arguments: Sequence[str]) -> list[str]:
    """The arguments with command files put in place; what stands in these is not looked at again.

    Raises:
        CommandLineError: a file cannot be read.
    """
    return [word for argument in arguments for word in _words_of(argument)]


def _words_of(argument: str) -> list[str]:
    if not argument.startswith("@") or len(argument) == 1:
        return [argument]
    try:
        with open(argument[1:], "rb") as file:
            return words(os.fsdecode(file.read()))
    except (OSError, ValueError) as error:
        raise CommandLineError(f"Cannot open command file '{argument[1:]}'") from error


def words(text: str) -> list[str]:
    """The words of a text."""
    return [word for match in _WORD.finditer(text) if (word := _word(match)) or _is_closed(match)]


def _word(match: re.Match[str]) -> str:
    plain, before, double, single = (match[group] or "" for group in (6, 1, 2, 4))
    return plain or before + double + single


def _is_closed(match: re.Match[str]) -> bool:
    """A quote that opens at the very end is no word; an empty one that is closed is."""
    return bool(match[3] or match[5])
