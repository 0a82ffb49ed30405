"""Numbers as storescp reads them (storescp facts 10.1): as scanf(3) does, so what follows the digits does not count."""

import re

_INTEGER = re.compile(r"\s*([+-]?)0*([0-9]+)", re.ASCII)
_DIGITS = 30
"""So many of a number are read: it is out of any range then, and Python refuses numbers of thousands of digits."""


def scanned(text: str) -> int | None:
    """The whole number that a text begins with; ``None`` where it begins with none."""
    match = _INTEGER.match(text)
    return int(match[1] + match[2][:_DIGITS]) if match else None


def number(text: str) -> int:
    """The same of a text that is known to begin with one; raises ValueError."""
    found = scanned(text)
    if found is None:
        raise ValueError(f"{text!r} does not begin with a number")
    return found
