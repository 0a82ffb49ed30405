"""[process]: how many processes there are, what they may hold at once, and how they end."""

from typing import Literal

from storescpd.config.quantities import Duration, Umask
from storescpd.config.section import Section, setting
from storescpd.config.texts import Text, Workers

MOST = 1_000_000
"""More than one host can serve, and few enough for a table in shared memory."""


class Process(Section):
    """Processes, limits over all of them, stopping and reloading."""

    workers: Workers = setting(
        "auto", 'receive processes; "auto": one a usable processor (affinity, cgroup quota), 8 at most'
    )
    max_associations: int = setting(
        200,
        "associations at once, over all workers and also those of before a reload",
        option="--max-associations",
        ge=1,
        le=MOST,
    )
    max_associations_per_peer: int = setting(0, "of these, from one IP address; 0: no limit of its own", ge=0, le=MOST)
    max_connections: int = setting(1000, "TCP connections at once; beyond it the newest are closed", ge=1, le=MOST)
    when_full: Literal["reject", "wait"] = setting(
        "reject",
        "reject: answer A-ASSOCIATE-RJ 2/3/2 (local limit exceeded); wait: leave others in the backlog",
        option="--single-process, --max-associations",
    )
    drain_timeout: Duration = setting(30.0, "after a stop, open associations get this long, then A-ABORT", unit="s")
    reload_drain_timeout: Duration = setting(
        0.0, "after a reload, associations of the old workers get this long; 0: no limit, none is cut", unit="s"
    )
    umask: Umask = setting(0o027, "of files other than stored objects", unit="octal", shown='"0027"')
    user: Text = setting("", "user to become when started as root; under systemd the unit says it")
    group: Text = setting("", "group to become when started as root; empty: the user's own")
