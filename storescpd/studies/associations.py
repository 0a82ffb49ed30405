"""What the keeper knows of the associations that are open now. Nothing of it has to survive the keeper."""

import math
import os
from dataclasses import dataclass, field

from storescpd.studies.messages import Sender, StudyKey
from storescpd.studies.pulse import Phase, Signs, look, mark


@dataclass(eq=False, slots=True)
class Association:
    """One connection of a worker: it serves one association at a time."""

    pulse: int | None = None
    """Descriptor of the signs of life that its worker gives; ``None``: it gives none."""
    sender: Sender | None = None
    current: StudyKey | None = None
    """The study of its last object."""
    serial: int = 0
    """Which association of the connection ``current`` is of."""
    lease: int | None = None
    """The episode whose directory its object is being moved to."""
    token: str = ""
    """Of the object that it has been given a place for."""
    awaits: str = ""
    """Token of a reception whose hooks it waits for."""
    repeats: bool = False
    """Its next record may be one that an earlier keeper has entered."""

    def signs(self) -> Signs:
        """What its worker shows."""
        return look(self.pulse)

    def renew(self) -> None:
        """Forget the study of an association that is over."""
        serial = self.signs().serial
        if serial != self.serial:
            self.serial, self.current = serial, None

    def has(self, key: StudyKey) -> bool:
        """Whether a study is the current one of the association that is open."""
        return self._has(key, self.signs())

    def _has(self, key: StudyKey, signs: Signs) -> bool:
        if signs.phase is Phase.OVER:
            return False
        if signs.mark:
            return signs.mark == mark(key)
        # Its worker has died while it wrote the mark, or nothing has been read yet: the last study that was asked for.
        return signs.mark is None or (self.current == key and signs.serial == self.serial)

    def sends(self, key: StudyKey) -> bool:
        """Whether an object of a study is under way; before its study is known that is the one of the last object."""
        signs = self.signs()
        return signs.busy and self._has(key, signs)

    def close(self) -> None:
        """The connection is over."""
        if self.pulse is not None:
            os.close(self.pulse)
            self.pulse = None


@dataclass(slots=True)
class Associations:
    """All of them."""

    open: list[Association] = field(default_factory=list)

    def holds(self, episode: int, key: StudyKey) -> bool:
        """Whether something of this episode is under way: a peer that sends the study is not quiet."""
        return any(one.lease == episode or one.sends(key) for one in self.open)

    def leases(self, episode: int) -> bool:
        """Whether an object is being moved into it."""
        return any(one.lease == episode for one in self.open)

    def leased(self) -> set[int]:
        """The episodes that objects are being moved into."""
        return {one.lease for one in self.open if one.lease is not None}

    def stores(self, token: str) -> bool:
        """Whether this object is still being stored."""
        return any(one.token == token for one in self.open)

    def heard_of(self, key: StudyKey) -> float:
        """When something of a study moved last, stored or not, by the monotonic clock in seconds."""
        wanted = mark(key)
        return max((signs.latest for one in self.open if (signs := one.signs()).mark == wanted), default=-math.inf)

    def another_has(self, key: StudyKey, than: Association) -> bool:
        """Whether a study is the current one of another association."""
        return any(one.has(key) for one in self.open if one is not than)

    def busy(self) -> bool:
        """Whether any command is under way."""
        return any(one.signs().busy for one in self.open)

    def latest(self) -> float:
        """When the network last moved for any of them, by the monotonic clock in seconds."""
        return max((one.signs().latest for one in self.open), default=-math.inf)
