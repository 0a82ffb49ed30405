"""Value types that measure: durations, sizes, octal modes."""

import math
import re
from decimal import Decimal
from typing import Annotated

from pydantic import BeforeValidator

from storescpd.config.refusal import described, refusal
from storescpd.config.shown import Shown
from storescpd.config.words import VERY_CLOSE, nearest
from storescpd.data.limits import LONGEST_WAIT

_QUANTITY = r"(\d+(?:\.\d+)?)\s*([A-Za-z]*)"

_SECONDS = {
    **dict.fromkeys(("", "s", "sec", "second", "seconds"), Decimal(1)),
    **dict.fromkeys(("ms", "millisecond", "milliseconds"), Decimal("0.001")),
    **dict.fromkeys(("min", "minute", "minutes"), Decimal(60)),
    **dict.fromkeys(("h", "hour", "hours"), Decimal(3600)),
    **dict.fromkeys(("d", "day", "days"), Decimal(86400)),
    **dict.fromkeys(("week", "weeks"), Decimal(7 * 86400)),
}
_BYTES = {
    "": 1, "B": 1,
    "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12,
    "KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40,
}  # fmt: skip
_BYTES_BY_LOWER_CASE = {name.lower(): factor for name, factor in _BYTES.items()}

LARGEST = 2**63 - 1

_DURATION_REMEDY = 'write seconds such as 90 or 0.5, or "90 s", "2 min", "1 h", "30 days"'
_SIZE_REMEDY = 'write bytes such as 65536, or "64 KiB", "500 MB", "1 GiB"'
_NO_LIMIT = frozenset({"unlimited", "infinite", "infinity", "inf", "never", "none", "off", "forever", "disabled"})
_DURATIONS_MEANT = {"m": "min", "mins": "min", "hr": "h", "hrs": "h", "secs": "s", "msec": "ms"}
_LONG = {"month": 30, "months": 30, "year": 365, "years": 365, "y": 365}
"""Days."""
_SIZES_MEANT = {
    "k": "KiB", "m": "MiB", "g": "GiB", "t": "TiB",
    "byte": "B", "kilobyte": "KB", "megabyte": "MB", "gigabyte": "GB", "terabyte": "TB",
}  # fmt: skip


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def parse_duration(value: object) -> float:
    """Seconds from 90, 0.5 or ``"2 min"``; raises a refusal."""
    if isinstance(value, str):
        match = re.fullmatch(_QUANTITY, value.strip(), re.ASCII)
        factor = _SECONDS.get(match[2].lower()) if match else None
        if match is None or factor is None:
            raise refusal(f'"{value}" is not a duration', _duration_remedy(value))
        seconds = float(Decimal(match[1]) * factor)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        seconds = float(min(value, LARGEST))
    else:
        raise refusal(f"must be a duration, not {described(value)}", _DURATION_REMEDY)
    if math.isnan(seconds) or seconds < 0:
        raise refusal("a duration cannot be negative", _DURATION_REMEDY)
    if seconds > LONGEST_WAIT:
        raise refusal("a duration cannot be longer than a hundred years", _DURATION_REMEDY)
    return seconds


def _duration_remedy(value: str) -> str:
    text = value.strip().lower()
    if text in _NO_LIMIT:
        return "write a time; storescpd.toml(5) says which keys take 0 for no limit"
    if text.startswith("-"):
        return "a duration cannot be negative: " + _DURATION_REMEDY
    match = re.fullmatch(_QUANTITY, text.replace(",", "."), re.ASCII)
    if match is None:
        return _DURATION_REMEDY + "; with one unit only"
    number, unit = match.groups()
    if unit in _LONG:
        return f'write days, such as "{_LONG[unit]} days"'
    meant = _DURATIONS_MEANT.get(unit) or nearest(unit, _SECONDS, VERY_CLOSE)
    return _DURATION_REMEDY if meant is None else f'did you mean "{f"{number} {meant}".strip()}"?'


def parse_limit(value: object) -> float:
    """A duration that must be there: more than zero seconds."""
    seconds = parse_duration(value)
    if seconds == 0:
        raise refusal("must be more than 0 seconds", "this wait cannot be unlimited; " + _DURATION_REMEDY)
    return seconds


def parse_size(value: object) -> int:
    """Bytes from 65536 or ``"64 KiB"``; raises a refusal."""
    if isinstance(value, str):
        match = re.fullmatch(_QUANTITY, value.strip(), re.ASCII)
        factor = _BYTES_BY_LOWER_CASE.get(match[2].lower()) if match else None
        if match is None or factor is None:
            raise refusal(f'"{value}" is not a size', _size_remedy(value))
        size = int(Decimal(match[1]) * factor)
    elif isinstance(value, int) and not isinstance(value, bool):
        size = value
    else:
        raise refusal(f"must be a size, not {described(value)}", _SIZE_REMEDY)
    if not 0 <= size <= LARGEST:
        raise refusal("a size must lie between 0 and 2**63 - 1 bytes", _SIZE_REMEDY)
    return size


def _size_remedy(value: str) -> str:
    text = value.strip().lower()
    if text in _NO_LIMIT:
        return "write a size; storescpd.toml(5) says which keys take 0 for no limit"
    if text.endswith("%"):
        return "a share of the disk is not possible here: " + _SIZE_REMEDY
    match = re.fullmatch(_QUANTITY, text.replace(",", "."), re.ASCII)
    if match is None:
        return _SIZE_REMEDY
    number, unit = match.groups()
    known = {name.lower(): name for name in _BYTES}
    meant = known.get(unit, _SIZES_MEANT.get(unit.removesuffix("s")))
    return _SIZE_REMEDY if meant is None else f'did you mean "{f"{number} {meant}".strip()}"?'


def _octal(value: object, example: str) -> int:
    remedy = f"write an octal number in quotes, such as {example}"
    if not isinstance(value, str):
        raise refusal(f"must be octal digits in quotes, not {described(value)}", remedy)
    digits = value.removeprefix("0o")
    if not re.fullmatch("[0-7]{3,5}", digits, re.ASCII) or int(digits, 8) > 0o7777:
        raise refusal(f'"{value}" is not an octal mode', remedy)
    if digits != value:
        raise refusal(f'"{value}" has a prefix', f'write "0{digits}"')
    return int(value, 8)


def parse_file_mode(value: object) -> int:
    """Permission bits of a file that its owner can read; no setuid, setgid or sticky bit."""
    mode = _octal(value, '"0640"')
    if mode > 0o777:
        raise refusal(f'"{value}" has set-id or sticky bits, which stored files must not have', 'write "0640"')
    if not mode & 0o400:
        raise refusal(f'"{value}" does not let the owner read the file', 'write "0640" or "0440"')
    return mode


def parse_directory_mode(value: object) -> int:
    """Permission bits of a directory in which its owner can work; setgid is allowed."""
    mode = _octal(value, '"0750" or "2750"')
    if mode & 0o700 != 0o700:
        raise refusal(f'"{value}" does not give the owner full access to the directory', 'write "0750" or "2750"')
    return mode


def parse_umask(value: object) -> int:
    """Bits that are taken away; the owner keeps all of theirs: without ``x`` nobody can work in a new directory."""
    mask = _octal(value, '"0027"')
    if mask > 0o777 or mask & 0o700:
        raise refusal(f'"{value}" would take away the owner\'s own access', 'write "0027" or "0022"')
    return mask


def number(value: float) -> int | float:
    """A duration as TOML shows it: whole seconds without a fraction."""
    return int(value) if value == int(value) else value


def octal(value: int) -> str:
    """A mode as TOML shows it."""
    return f"{value:04o}"


Duration = Annotated[float, BeforeValidator(parse_duration), Shown(number)]
"""Seconds, 0 included."""
Limit = Annotated[float, BeforeValidator(parse_limit), Shown(number)]
"""Seconds, more than 0."""
Size = Annotated[int, BeforeValidator(parse_size)]
"""Bytes."""
FileMode = Annotated[int, BeforeValidator(parse_file_mode), Shown(octal)]
DirectoryMode = Annotated[int, BeforeValidator(parse_directory_mode), Shown(octal)]
Umask = Annotated[int, BeforeValidator(parse_umask), Shown(octal)]
