"""Values as storescp writes them (storescp facts 6.1): text without trailing spaces, even lengths."""

from array import array

from storescpd.dataset.vr import Kind, ValueRepresentation

STRIPPED = frozenset({Kind.TEXT, Kind.UID})
"""Values whose end decides about their length."""
WHITE_SPACE = b" \t\n\v\f\r"
_NUL, _SPACE = b"\0", b" "
_ARRAY_CODES = {2: "H", 4: "I", 8: "Q"}


def canonical(value: bytes, vr: ValueRepresentation, swap: int) -> bytes:
    """The whole value as it is written, its byte order turned around in units of ``swap`` bytes."""
    kind = vr.kind
    if kind is Kind.TEXT:
        if len(value) & 1:
            return value + _NUL
        value = value.rstrip(_SPACE)
        return value + _SPACE if len(value) & 1 else value
    if kind is Kind.UID:
        value = value.translate(None, WHITE_SPACE).rstrip(_NUL)
        return value + _NUL if len(value) & 1 else value
    if len(value) & 1 and vr.mend_odd:
        value += _NUL
    return swapped(value, swap) if swap > 1 else value


def swapped(value: bytes, unit: int) -> bytes:
    """The value in the other byte order; an incomplete unit at its end stays as it is."""
    whole = len(value) - len(value) % unit
    numbers = array(_ARRAY_CODES[unit], value[:whole])
    numbers.byteswap()
    return numbers.tobytes() + value[whole:]
