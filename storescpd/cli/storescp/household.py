"""Where the command keeps what is its own: the output directory holds objects and nothing else.

What has to last over a restart lies in the user's state directory (XDG Base Directory Specification), in a folder that
is known by the path of the output directory. A home on a network file system cannot have a ledger, and some users have
no home: then it is /var/tmp.
"""

import os
import stat
from collections.abc import Iterator, Mapping

_OWN = "storescpd"
_MODE = 0o700
_LASTING = "/var/tmp"  # noqa: S108 - a folder of our own there, see _is_ours
_KEY = 16
"""Hexadecimal digits: output directories of one host are told apart."""
_NOTE = "directory"
"""File that says which output directory a folder is about."""


def aside(directory: str, variables: Mapping[str, str]) -> tuple[str, ...]:
    """Directories to make files in that nobody sees, the best first: the one above, else one of our own."""
    above = os.path.dirname(os.path.realpath(directory))
    try:
        alike = os.stat(above).st_dev == os.stat(directory).st_dev
        if alike and os.access(above, os.W_OK | os.X_OK, effective_ids=True):
            return (above,)
        return (_base(directory, variables, lasting=False),)
    except OSError:
        return ()


def memory_of(directory: str, variables: Mapping[str, str]) -> str:
    """The folder for the ledger of an output directory.

    Raises:
        OSError: there is none that can be used.
    """
    # It takes as long to load as all else that is done here, and only studies and hooks need it.
    import hashlib

    path = os.path.realpath(directory)
    key = hashlib.sha256(os.fsencode(path)).hexdigest()[:_KEY]
    folder = os.path.join(_base(path, variables, lasting=True), key)
    os.makedirs(folder, _MODE, exist_ok=True)
    with open(os.path.join(folder, _NOTE), "w", encoding="utf-8", errors="surrogateescape") as file:
        file.write(f"{path}\n")
    return folder


def _base(directory: str, variables: Mapping[str, str], *, lasting: bool) -> str:
    """The first directory that can be used, for a ledger too if it is to last; made where it is missing.

    Raises:
        OSError: there is none.
    """
    wrong: OSError | None = None
    # A home may be the output directory: then it is the last choice.
    for path in sorted(_candidates(variables), key=lambda path: _is_in(path, directory)):
        try:
            found = _usable(path)
            if lasting:
                _look_for_network(found)
        except OSError as error:
            wrong = error
        else:
            return found
    raise wrong or FileNotFoundError("no directory")


def _is_in(path: str, directory: str) -> bool:
    above = os.path.realpath(directory)
    return os.path.commonpath((os.path.realpath(path), above)) == above


def _candidates(variables: Mapping[str, str]) -> Iterator[str]:
    for variable, below in (("STATE_DIRECTORY", ""), ("XDG_STATE_HOME", _OWN), ("HOME", f".local/state/{_OWN}")):
        value = variables.get(variable, "").split(":")[0]
        if os.path.isabs(value):
            yield os.path.join(value, below)
    yield f"{_LASTING}/{_OWN}-{os.geteuid()}"


def _usable(path: str) -> str:
    """Make it, look whose it is and whether it can be written to; raises OSError."""
    os.makedirs(path, _MODE, exist_ok=True)
    found = os.lstat(path)
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o022:
        raise PermissionError(f"{path} is not ours alone")
    if not os.access(path, os.R_OK | os.W_OK | os.X_OK, effective_ids=True):
        raise PermissionError(f"{path} is not writable")
    return path


def _look_for_network(path: str) -> None:
    # A process of inetd has no ledger, and need not load what makes one.
    from storescpd.studies.ledger import on_network

    if on_network(path):
        raise OSError(f"{path} is on a network file system")
