"""Exit statuses."""

from enum import IntEnum


class Exit(IntEnum):
    """What the commands end with; 78 is EX_CONFIG of sysexits.h, after which the service unit does not restart."""

    OK = 0
    FAILURE = 1
    USAGE = 2
    CONFIG = 78
