"""Socket options of every connection."""

import logging
import math
import os
import re
import socket
import struct
from collections.abc import Mapping
from typing import NamedTuple

from storescpd.telemetry.events import log_event

GRACE = 0.2
"""Seconds that a receive waits in the kernel before its buffer is lent to others (see ``transport``)."""
LONGEST_KEEPALIVE = 32767
"""Seconds; MAX_TCP_KEEPIDLE and MAX_TCP_KEEPINTVL of Linux, which refuses more."""
NODELAY = "TCP_NODELAY"
BUFFER_LENGTH = "TCP_BUFFER_LENGTH"
"""Variables of the environment (storescp facts 10.5)."""
USUAL_BUFFER = 65536
"""Bytes that a buffer length of 0 stands for."""
LARGEST_BUFFER = 2**31 - 1
"""Bytes; an int of C. The kernel takes less anyway (net.core.rmem_max)."""
_TIMEVAL = struct.Struct("ll")
_NUMBER = re.compile(r"\s*[+-]?[0-9]+")

logger = logging.getLogger(__name__)


class SocketOptions(NamedTuple):
    """What is said of all connections; seconds, 0 for none."""

    send_timeout: float
    keepalive: float
    """Dead peers are noticed within twice this time."""
    nodelay: bool = True
    """Answers leave at once."""
    buffer_length: int | None = None
    """Bytes of both buffers; ``None`` leaves them to the kernel, which adapts them."""


def socket_options(send_timeout: float, keepalive: float, environment: Mapping[str, str] = os.environ) -> SocketOptions:
    """The options, with storescp's variables; one that is no number is a warning and counts as not set."""
    nodelay, length = _number(NODELAY, environment), _number(BUFFER_LENGTH, environment)
    if length is not None:
        length = min(length if length > 0 else USUAL_BUFFER, LARGEST_BUFFER)
    return SocketOptions(send_timeout, keepalive, nodelay != 0, length)


def _number(variable: str, environment: Mapping[str, str]) -> int | None:
    text = environment.get(variable, "")
    found = _NUMBER.match(text)
    if text and found is None:
        log_event(logger, logging.WARNING, "a variable of the environment is no number", variable=variable, value=text)
    return None if found is None else int(found[0])


def timeval(seconds: float) -> bytes:
    """A struct timeval; 0 is no time-out, so the least of all others is a microsecond."""
    return _TIMEVAL.pack(*divmod(max(round(seconds * 1_000_000), int(seconds > 0)), 1_000_000))


def set_buffers(sock: socket.socket, options: SocketOptions) -> None:
    """Also for listening sockets: what a connection is offered first depends on the length that these have."""
    if options.buffer_length is not None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, options.buffer_length)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, options.buffer_length)


def set_options(sock: socket.socket, options: SocketOptions) -> None:
    """Set the options of a connection.

    Linux would hand them down from the listening socket, but not to those that came before us: sockets are bound
    long before there is a worker, and systemd binds them before there is a daemon.
    """
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, int(options.nodelay))
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, timeval(GRACE))
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, timeval(options.send_timeout))
    set_buffers(sock, options)
    seconds = min(math.ceil(options.keepalive), LONGEST_KEEPALIVE)
    if seconds:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, seconds * 1000)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, seconds)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, max(seconds // 4, 1))
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 4)
