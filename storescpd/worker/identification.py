"""Who we are in associations and in files."""

from storescpd import __version__

IMPLEMENTATION_CLASS_UID = "2.25.302071884190433204427340389614513146882"
"""Our own, made from a random UUID (PS3.5 B.2)."""
IMPLEMENTATION_VERSION_NAME = f"STORESCPD_{__version__}"[:16]
