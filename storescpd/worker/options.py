"""Socket options of every connection. Linux hands them down from a listening socket to what it accepts."""

import math
import socket
import struct

GRACE = 0.2
"""Seconds that a receive waits in the kernel before its buffer is lent to others (see ``transport``)."""
LONGEST_KEEPALIVE = 32767
"""Seconds; MAX_TCP_KEEPIDLE and MAX_TCP_KEEPINTVL of Linux, which refuses more."""
_TIMEVAL = struct.Struct("ll")


def timeval(seconds: float) -> bytes:
    """A struct timeval; 0 is no time-out, so the least of all others is a microsecond."""
    return _TIMEVAL.pack(*divmod(max(round(seconds * 1_000_000), int(seconds > 0)), 1_000_000))


def set_options(sock: socket.socket, send_timeout: float, keepalive: float) -> None:
    """Answers leave at once, waits end, and dead peers are noticed within twice ``keepalive`` seconds; 0 is off.

    What is off is switched off: a reload finds the socket with the options of before.
    """
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, timeval(GRACE))
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, timeval(send_timeout))
    seconds = min(math.ceil(keepalive), LONGEST_KEEPALIVE)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, int(seconds > 0))
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, seconds * 1000)
    if seconds:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, seconds)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, max(seconds // 4, 1))
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 4)
