"""What the keeper knows of the associations that are open now. Nothing of it has to survive the keeper."""

from dataclasses import dataclass, field

from storescpd.studies.messages import Sender, StudyKey


@dataclass(eq=False, slots=True)
class Association:
    """One connection of a worker: it serves one association at a time."""

    sender: Sender | None = None
    current: StudyKey | None = None
    """The study of its last object."""
    busy: bool = False
    """A command has come and is not over."""
    lease: int | None = None
    """The episode whose directory its object is being moved to."""
    token: str = ""
    """Of the object that it has been given a place for."""
    awaits: str = ""
    """Token of a reception whose hooks it waits for."""


@dataclass(slots=True)
class Associations:
    """All of them."""

    open: list[Association] = field(default_factory=list)

    def holds(self, episode: int, key: StudyKey) -> bool:
        """Whether something of this episode is under way: a peer that sends the study is not quiet."""
        return any(one.lease == episode or (one.busy and one.current == key) for one in self.open)

    def leases(self, episode: int) -> bool:
        """Whether an object is being moved into it."""
        return any(one.lease == episode for one in self.open)

    def stores(self, token: str) -> bool:
        """Whether this object is still being stored."""
        return any(one.token == token for one in self.open)

    def another_has(self, key: StudyKey, than: Association) -> bool:
        """Whether a study is the current one of another association."""
        return any(one.current == key for one in self.open if one is not than)

    def busy(self) -> bool:
        """Whether any command is under way."""
        return any(one.busy for one in self.open)
