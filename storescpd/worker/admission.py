"""The places that one connection takes, and whether it gets them."""

from dataclasses import dataclass

from storescpd.worker.scoreboard import Slot, peer_key
from storescpd.worker.settings import Places


@dataclass(slots=True)
class Control:
    """What the accept loop tells the threads of its worker."""

    stopping: bool = False
    """Abort between objects: the time to drain is over."""


class Admission:
    """One connection's claims on the scoreboard; ``release`` gives back whatever it holds."""

    def __init__(self, slot: Slot, places: Places, address: str, control: Control) -> None:
        self._slot = slot
        self._places = places
        self._address = address
        self._control = control
        self._peer: bytes | None = None

    @property
    def stopping(self) -> bool:
        """The association is to be aborted as soon as no object is under way."""
        return self._control.stopping

    def associate(self) -> bool:
        """Take the place of an association, unless the daemon or the peer has as many as it may."""
        scoreboard, places = self._slot.scoreboard, self._places
        peer = peer_key(self._address)
        with scoreboard.locked():
            if places.associations and scoreboard.associations() >= places.associations:
                return False
            if places.associations_per_peer and scoreboard.associations_of(peer) >= places.associations_per_peer:
                return False
            self._slot.add_association(peer)
        self._peer = peer
        return True

    def release(self) -> None:
        """Give the places back: the association's, where there was one, and the connection's."""
        with self._slot.scoreboard.locked():
            if self._peer is not None:
                self._slot.remove_association(self._peer)
                self._peer = None
            self._slot.add_connections(-1)
