"""Whether the dictionaries that ``DCMDICTPATH`` names can be used, without what reads them.

A start is refused where none of the files can be read and understood. One whose lines are all of the usual form is
enough to know that it is not; whatever else is in a file is left to those who read it.
"""

import os
import re

_LARGEST = 4 << 20
"""Bytes; DCMTK's own has a quarter of a million."""
_VR = (
    "AE|AS|AT|CS|DA|DS|DT|FD|FL|IS|LO|LT|OB|OD|OF|OL|OV|OW|PN|SH|SL|SQ|SS|ST|SV|TM|UC|UI|UL|UN|UR|US|UT|UV"
    "|ox|px|lt|xs|up|na"
)
_NUMBER = r"(?:[0-9A-Fa-f]{1,4}(?:-(?:[eouEOU]-)?[0-9A-Fa-f]{1,4})?|[0-9A-Fa-f]{2}[xX]{2})"
_ENTRY = rf'\({_NUMBER},(?:"[^"\n]*",)?{_NUMBER}\)\t(?:{_VR})\t[^\n]*'
_FILE = re.compile(rf"(?:(?:#[^\n]*|[ \t]*|{_ENTRY})\n)*")


def is_plain(variable: str) -> bool:
    """Whether one of the files that the variable lists can be used for sure; nothing listed is as good."""
    listed = [path for path in variable.split(":") if path]
    return not listed or any(map(_is_usual, listed))


def _is_usual(path: str) -> bool:
    try:
        if not os.path.isfile(path) or os.path.getsize(path) > _LARGEST:
            return False
        with open(path, encoding="latin-1") as file:
            return _FILE.fullmatch(file.read(_LARGEST)) is not None
    except OSError:
        return False
