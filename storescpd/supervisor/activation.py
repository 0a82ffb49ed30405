"""Sockets that systemd has bound: it keeps them over restarts of the daemon, and who connects meanwhile just waits."""

import os
import socket
from collections.abc import Mapping, Sequence

from storescpd.config.passed import PassedSocket

VARIABLES = ("LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES")


def adopt(sockets: Sequence[PassedSocket]) -> Mapping[PassedSocket, socket.socket]:
    """Take passed sockets over. Neither they nor the variables that name them are for hooks.

    Closing them leaves systemd's own descriptors alone; shutdown(2) would not.
    """
    for name in VARIABLES:
        os.environ.pop(name, None)
    taken = {}
    for passed in sockets:
        taken[passed] = socket.socket(fileno=passed.descriptor)
        os.set_inheritable(passed.descriptor, False)
        taken[passed].settimeout(0)
    return taken
