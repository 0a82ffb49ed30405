"""What is measured: which objects, over how many associations, how many of them."""

from dataclasses import dataclass, replace

from benchmarks.generate import BIG, CT, CT_UNDEFINED, ENHANCED, SR, Kind
from benchmarks.running import Setting


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
    """Other associations that are open meanwhile."""
    beside: Kind | None = None
    """Another association sends these meanwhile, one after another; they are checked, and counted in nothing else."""
    together: bool = False
    """Only for receivers that serve several associations at once."""
    setting: Setting = Setting.MEMORY
    """Only for receivers that were started for it."""
    fresh: bool = False
    """Each receiver is started for each run, and nothing is sent to it before."""
    command: tuple[str, ...] = ()
    """A program that sends a directory of files, its name filled in with the port, instead of our own sender."""

    @property
    def text(self) -> str:
        """What it is, in words."""
        each = f", {self.per_association} an association" if self.per_association else ""
        proposed = f", {self.contexts} contexts" if self.contexts > 1 else ""
        plural = "s" if self.associations > 1 else ""
        idle = f", beside {self.idle} idle ones" if self.idle else ""
        beside = f", beside one with {self.beside.name}" if self.beside else ""
        setting = f", {self.setting}" if self.setting is not Setting.MEMORY else ""
        fresh = ", the first after a start" if self.fresh else ""
        by = f", sent by {self.command[0]}" if self.command else ""
        senders = f"{self.associations} association{plural}"
        return f"{self.kind.name}, {senders}{each}{proposed}{idle}{beside}{setting}{fresh}{by}"

    @property
    def stem(self) -> str:
        """Workloads that stand together and have this in common are measured in turn."""
        return self.name.partition("-")[0]


W1 = Workload("W1", CT, 400)
W1B = Workload("W1b", CT_UNDEFINED, 400)
W2 = Workload("W2", SR, 2000)
W2_2 = Workload("W2-2", SR, 2000, associations=2)
W3 = Workload("W3", BIG, 2)
W4 = Workload("W4", CT, 480, associations=8)
W5 = tuple(
    Workload(f"W5-{senders}x{contexts}", SR, 480, associations=senders, per_association=1, contexts=contexts)
    for senders in (1, 8)
    for contexts in (1, 64, 128)
)
W5_FIRST = tuple(
    Workload(f"W5-first{senders}", SR, 200, associations=senders, per_association=1, fresh=True) for senders in (1, 8)
)
W6 = Workload("W6", ENHANCED, 16)
W7 = Workload("W7", CT, 400, idle=200, together=True)
W8 = (
    Workload("W8-W1", CT, 400, setting=Setting.TLS),
    Workload("W8-W4", CT, 480, associations=8, setting=Setting.TLS),
)
W9 = (
    Workload("W9-storescu", CT, 200, command=("storescu", "127.0.0.1", "{port}", "+sd", "{directory}")),
    Workload("W9-dcmsend", CT, 200, command=("dcmsend", "127.0.0.1", "{port}", "+sd", "{directory}")),
)
W10 = (
    Workload("W10", CT, 400, setting=Setting.DISK),
    Workload("W10-8", CT, 480, associations=8, setting=Setting.DISK),
    Workload("W10-slow-1", CT, 96, setting=Setting.SLOW_DISK),
    Workload("W10-slow-8", CT, 480, associations=8, setting=Setting.SLOW_DISK),
)
W11 = Workload("W11", CT, 480, associations=8, setting=Setting.HOOKS)
W12 = (
    Workload("W12-alone", CT, 480, associations=8, together=True),
    Workload("W12-beside", CT, 480, associations=8, beside=ENHANCED, together=True),
)
W13 = tuple(replace(one, name=f"W13-{one.name}", setting=Setting.ENDS) for one in (W1, W2, W4))
W14 = tuple(replace(one, name=f"W14-{one.name}", setting=Setting.RECEPTION) for one in (W1, W4))
W15 = tuple(
    replace(one, name=f"W15-{one.name}", setting=Setting.JOURNALED)
    for one in (W1, W2, W4, Workload("W2-8", SR, 2000, associations=8))
)

QUICK = (W1, W4)
FULL = (W1, W1B, W2, W2_2, W3, W4, *W5, *W5_FIRST, W6, W7, *W8, *W9, *W10, W11, *W12, *W13, *W14, *W15)
