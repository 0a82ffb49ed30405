"""Hosts without a name, in the words of TCP wrappers (hosts_access(5))."""

UNKNOWN = "unknown"
"""The name of a host, or of a user, of which nobody knows it."""
PARANOID = "paranoid"
"""The name of a host whose name does not lead back to its address."""


def shown(name: str, address: str) -> str:
    """A host in logs and in ``#r``: its name up to the first dot, its address where it has no name."""
    return address if name in {UNKNOWN, PARANOID} else name.partition(".")[0] or address
