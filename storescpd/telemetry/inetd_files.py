"""The pair of files that storescp before 3.6 led its output to under inetd (storescp facts 9.3)."""

import os
import string
import tempfile

_PREFIX = "storescp_"
_LETTERS = string.ascii_letters + string.digits
_RANDOM = 6
"""Letters at the end, as mkstemp(3) fills in."""
_ATTEMPTS = 100
"""Names that are taken before something else must be wrong."""


def redirect() -> None:
    """Lead descriptors 1 and 2 to a fresh file each, in the temporary directory, for this user alone.

    Raises:
        OSError: they cannot be made.
    """
    for fd in (1, 2):
        made = _fresh(tempfile.gettempdir())
        os.dup2(made, fd, inheritable=True)
        os.close(made)


def _fresh(directory: str) -> int:
    for _ in range(_ATTEMPTS):
        name = _PREFIX + "".join(_LETTERS[byte % len(_LETTERS)] for byte in os.urandom(_RANDOM))
        try:
            return os.open(os.path.join(directory, name), os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        except FileExistsError:
            continue
    raise FileExistsError(f"no name for a log file in {directory}")
