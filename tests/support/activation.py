"""Sockets passed to a daemon as systemd passes them (sd_listen_fds(3)), by a parent that keeps them."""

import fcntl
import socket
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

FREE = 100
"""Descriptors from here on are copied to those from 3 on without standing in their way."""

_LAUNCHER = """
import os, sys
fds, names, *command = sys.argv[1:]
numbers = [int(word) for word in fds.split(",")]
for place, number in enumerate(numbers, 3):
    os.dup2(number, place)
os.environ["LISTEN_PID"] = str(os.getpid())
os.environ["LISTEN_FDS"] = str(len(numbers))
if names:
    os.environ["LISTEN_FDNAMES"] = names
os.execvp(command[0], command)
"""


@dataclass(frozen=True, slots=True)
class Passing:
    """What `storescpd` of tests.support.daemon takes to pass sockets on."""

    prefix: tuple[str, ...]
    pass_fds: tuple[int, ...]


@contextmanager
def passing(sockets: Sequence[socket.socket], names: str) -> Iterator[Passing]:
    """Pass sockets under names with colons between them; without names LISTEN_FDNAMES is not set."""
    fds = tuple(fcntl.fcntl(sock, fcntl.F_DUPFD_CLOEXEC, FREE) for sock in sockets)
    copies = [socket.socket(fileno=fd) for fd in fds]
    try:
        yield Passing((sys.executable, "-c", _LAUNCHER, ",".join(map(str, fds)), names), fds)
    finally:
        for copy in copies:
            copy.close()
