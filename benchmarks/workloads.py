"""What is measured: which objects, over how many associations, how many of them."""

from dataclasses import dataclass

from benchmarks.generate import BIG, CT, CT_UNDEFINED, ENHANCED, SR, Kind


@dataclass(frozen=True, slots=True)
class Workload:
    """One row of the report."""

    name: str
    kind: Kind
    objects: int
    """In all, for a fast receiver."""
    associations: int = 1
    per_association: int = 0
    """A new association after so many objects; 0: one for all."""
    contexts: int = 1
    """Proposed in each association."""
    idle: int = 0
    """Other associations that are open meanwhile; only for receivers that serve several at once."""
    tls: bool = False
    """TLS 1.3, with a certificate at either end; only for receivers that serve it."""
    command: tuple[str, ...] = ()
    """A program that sends a directory of files, its name filled in with the port, instead of our own sender."""

    @property
    def text(self) -> str:
        """What it is, in words."""
        each = f", {self.per_association} an association" if self.per_association else ""
        proposed = f", {self.contexts} contexts" if self.contexts > 1 else ""
        plural = "s" if self.associations > 1 else ""
        beside = f", beside {self.idle} idle ones" if self.idle else ""
        under = ", TLS 1.3" if self.tls else ""
        by = f", sent by {self.command[0]}" if self.command else ""
        return f"{self.kind.name}, {self.associations} association{plural}{each}{proposed}{beside}{under}{by}"


W1 = Workload("W1", CT, 400)
W1B = Workload("W1b", CT_UNDEFINED, 400)
W2 = Workload("W2", SR, 2000)
W3 = Workload("W3", BIG, 2)
W4 = Workload("W4", CT, 480, associations=8)
W5 = tuple(
    Workload(f"W5-{senders}x{contexts}", SR, 480, associations=senders, per_association=1, contexts=contexts)
    for senders in (1, 8)
    for contexts in (1, 64, 128)
)
W6 = Workload("W6", ENHANCED, 16)
W7 = Workload("W7", CT, 400, idle=200)
W8 = (
    Workload("W8-W1", CT, 400, tls=True),
    Workload("W8-W4", CT, 480, associations=8, tls=True),
)
W9 = (
    Workload("W9-storescu", CT, 200, command=("storescu", "127.0.0.1", "{port}", "+sd", "{directory}")),
    Workload("W9-dcmsend", CT, 200, command=("dcmsend", "127.0.0.1", "{port}", "+sd", "{directory}")),
)

QUICK = (W1, W4)
FULL = (W1, W1B, W2, W3, W4, *W5, W6, W7, *W8, *W9)
