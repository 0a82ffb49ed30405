"""The port of a plain command line: open before anything large is loaded, so that whoever comes waits in its backlog.

A line is plain where nothing can be refused any more once the table of options has passed it. Every other line is
judged by the configuration first, and listens afterwards.
"""

# The module behind ``socket``, which takes as long to load as all that is read here.
import _socket
import os
from collections.abc import Mapping

from storescpd.cli.storescp import table_general as general
from storescpd.cli.storescp import table_network as network
from storescpd.cli.storescp import table_output as output
from storescpd.cli.storescp.line import Line
from storescpd.cli.storescp.refusals import port
from storescpd.supervisor.backlog import BACKLOG

_SECTIONS = (
    general.GENERAL, general.PROCESSES, network.PREFERENCES, network.OTHERS,
    output.DIRECTORY, output.BITS, output.FORMAT, output.SYNTAX, output.NEW_VR, output.GROUP_LENGTH,
    output.SEQUENCE_LENGTH, output.PADDING, output.UNKNOWN, output.DEFLATE, output.SORTING, output.NAMES, output.EVENTS,
)  # fmt: skip
_NEVER = frozenset({"--log-config", "--inetd"})
_PLAIN = frozenset(option.long for section in _SECTIONS for option in section.options) - _NEVER
_NAMES = frozenset({"--sort-conc-studies", "--sort-on-study-uid", "--filename-extension"})
"""Their values become parts of names."""
_DICTIONARIES = "DCMDICTPATH"


def early_port(line: Line, environment: Mapping[str, str] = os.environ) -> int | None:
    """The descriptor of a listening socket; ``None`` where something is to be looked at first, or goes wrong."""
    usable = _are_usable(environment.get(_DICTIONARIES, ""))
    return _listening(port(line)) if usable and _is_plain(line) else None


def _are_usable(dictionaries: str) -> bool:
    if not dictionaries:
        return True
    from storescpd.cli.storescp.plain_dictionary import is_plain

    return is_plain(dictionaries)


def _is_plain(line: Line) -> bool:
    for one in line.occurrences:
        text = "".join(one.values)
        plain = one.option.long in _PLAIN and text.isascii() and (not text or text.isprintable())
        if not plain or (one.option.long in _NAMES and "/" in text):
            return False
    directory = line.values("--output-directory")[0] if line.has("--output-directory") else "."
    return os.path.isdir(directory) and os.access(directory, os.R_OK | os.W_OK | os.X_OK)


def _listening(number: int) -> int | None:
    sock = _socket.socket(_socket.AF_INET, _socket.SOCK_STREAM)
    try:
        sock.setsockopt(_socket.SOL_SOCKET, _socket.SO_REUSEADDR, 1)
        sock.bind(("0.0.0.0", number))  # noqa: S104 - as storescp does
        sock.listen(BACKLOG)
    except OSError:
        # Tried again, and told, when all else is there.
        sock.close()
        return None
    return sock.detach()
