"""Sizes as people say them."""

from typing import Final

_STEP: Final = 1024
_UNITS: Final = ("bytes", "KiB", "MiB", "GiB", "TiB", "PiB")


def size(count: int) -> str:
    """A number of bytes in the largest unit of which there is one: ``1.2 GiB``."""
    amount, unit = float(count), 0
    while amount >= _STEP and unit < len(_UNITS) - 1:
        amount, unit = amount / _STEP, unit + 1
    text = f"{amount:.1f}".removesuffix(".0")
    return f"{text} {_UNITS[unit]}"
