"""File names (storescp facts 2.1, 2.2)."""

import re

_FORBIDDEN = re.compile(r"[^ \-.:@0-9A-Z_a-z]")


def sanitised(text: str) -> str:
    """The text with every character outside storescp's allow-list replaced by ``_``, one for one."""
    return _FORBIDDEN.sub("_", text)


def default_name(code: str, sop_instance_uid: str, extension: str) -> str:
    """``CT.1.2.3`` and the extension as it is; the code is the modality code of the affected SOP class."""
    return f"{code}.{sanitised(sop_instance_uid)}{extension}"
