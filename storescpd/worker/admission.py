"""The places that one connection takes, and whether it gets them."""

import threading

from storescpd.worker.scoreboard import Slot, peer_key
from storescpd.worker.settings import Places


class Control:
    """What the accept loop and the threads of its worker tell each other."""

    def __init__(self) -> None:
        self.stopping = threading.Event()
        """Abort between objects: the time to drain is over."""
        self.freed = threading.Event()
        """A connection has ended."""


class Admission:
    """One connection's claims on the scoreboard; ``dissociate`` and ``disconnect`` give them back."""

    def __init__(self, slot: Slot, places: Places, control: Control, *, address: str, listener: str) -> None:
        self._slot = slot
        self._places = places
        self.address = address
        """The peer's IP address."""
        self.listener = listener
        """The name of the port that it came to."""
        self._control = control
        self._peer: bytes | None = None

    @property
    def stopping(self) -> bool:
        """The association is to be aborted as soon as no object is under way."""
        return self._control.stopping.is_set()

    def sleep(self, seconds: float) -> None:
        """Wait in the connection's own thread, until the worker stops at the most."""
        if seconds:
            self._control.stopping.wait(seconds)

    def associate(self) -> str | None:
        """Take the place of an association; returns why not, where the daemon or the peer has as many as it may."""
        peer = peer_key(self.address)
        if not self._take_one_of_many(peer):
            full = self._take_one_of_few(peer)
            if full is not None:
                return full
        self._peer = peer
        return None

    def _take_one_of_many(self, peer: bytes) -> bool:
        """Take a place where so many are left that all processes may take one at once: nobody waits for another."""
        scoreboard, limit = self._slot.scoreboard, self._places.associations
        if self._places.associations_per_peer:
            return False
        with scoreboard.among_threads:
            if limit and scoreboard.associations() + scoreboard.slots > limit:
                return False
            self._slot.add_association(peer)
            # Others may have taken all of them since we looked; they have seen ours too.
            if not limit or scoreboard.associations() <= limit:
                return True
            self._slot.remove_association(peer)
            return False

    def _take_one_of_few(self, peer: bytes) -> str | None:
        scoreboard, places = self._slot.scoreboard, self._places
        with scoreboard.locked():
            if places.associations:
                total = scoreboard.associations()
                if total >= places.associations:
                    return f"{total} associations are open (process.max_associations)"
            if places.associations_per_peer:
                own = scoreboard.associations_of(peer)
                if own >= places.associations_per_peer:
                    return f"{own} associations of {self.address} are open (process.max_associations_per_peer)"
            self._slot.add_association(peer)
            return None

    def dissociate(self) -> None:
        """Give the association's place back, if it has one."""
        if self._peer is not None:
            scoreboard = self._slot.scoreboard
            # Who counts a peer's associations must not meet its table half changed.
            with scoreboard.locked() if self._places.associations_per_peer else scoreboard.among_threads:
                self._slot.remove_association(self._peer)
            self._peer = None

    def stored(self) -> None:
        """An object was answered with success."""
        self._slot.count_object()

    def disconnect(self) -> None:
        """Give the connection's place back."""
        with self._slot.scoreboard.among_threads:
            self._slot.add_connections(-1)
        self._control.freed.set()
