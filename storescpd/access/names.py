"""Host names of peers, looked up with a deadline and confirmed (storescp facts 9.1, 9.2).

getnameinfo(3) has no deadline of its own, so it runs in a thread that is left alone when it is late; so many of them
can be under way at once and no more.
"""

import queue
import socket
import threading
from collections.abc import Callable
from ipaddress import IPv6Address

from storescpd.access.peers import plain
from storescpd.access.unnamed import PARANOID, UNKNOWN

PATIENCE = 5.0
"""Seconds for a name; resolv.conf(5) has 5 for one answer of one server."""
MOST_LOOKUPS = 64
"""Look-ups under way in a worker; beyond it names are unknown, until some have ended."""

Resolve = Callable[[str], str]


def confirmed_name(address: str) -> str:
    """The name of an address: ``UNKNOWN`` where it has none, ``PARANOID`` where the name leads elsewhere; may block."""
    try:
        name, _ = socket.getnameinfo((address, 0), socket.NI_NAMEREQD)
    except (OSError, UnicodeError):
        return UNKNOWN
    if _is_address(name):
        # Whoever owns the reverse zone would be whom he likes.
        return PARANOID
    try:
        found = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return PARANOID
    return name if plain(address) in {plain(str(place[0])) for *_, place in found} else PARANOID


def _is_address(name: str) -> bool:
    """In whatever notation: 0x0a010203 and 167838211 lead back to 10.1.2.3 as well, and have no dot."""
    try:
        socket.getaddrinfo(name, None, flags=socket.AI_NUMERICHOST)
    except (OSError, UnicodeError):
        return False
    return True


class Names:
    """Looks names up for the threads of one worker."""

    def __init__(self, resolve: Resolve = confirmed_name, patience: float = PATIENCE) -> None:
        self._resolve = resolve
        self._patience = patience
        self._places = threading.BoundedSemaphore(MOST_LOOKUPS)

    def name_of(self, address: str) -> str:
        """The name of a peer's address, ``UNKNOWN`` where there is none in time."""
        plain_address = plain(address)
        # A link-local address is only known with its zone.
        wanted = address if isinstance(plain_address, IPv6Address) else str(plain_address)
        answer: queue.SimpleQueue[str] = queue.SimpleQueue()
        if not self._places.acquire(blocking=False):
            return UNKNOWN
        try:
            threading.Thread(target=self._look_up, args=(wanted, answer), daemon=True).start()
        except (RuntimeError, MemoryError):
            self._places.release()
            return UNKNOWN
        try:
            return answer.get(timeout=self._patience)
        except queue.Empty:
            return UNKNOWN

    def _look_up(self, address: str, answer: "queue.SimpleQueue[str]") -> None:
        try:
            answer.put(self._resolve(address))
        finally:
            self._places.release()
