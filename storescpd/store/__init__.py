"""Objects on disk: PS3.10 file meta information, names, the atomic writer, the free-space guard.

An object is written to ``<directory>/.storescpd/incoming``, synced as configured, and then moved to its name: until
the move nothing old is touched, after it the new, complete copy stands.
"""

from storescpd.store.directory import Directory
from storescpd.store.errors import DuplicateError, NoStudyError, PlaceError, SpaceError, StorageError
from storescpd.store.meta import FileMeta
from storescpd.store.placing import Outcome, Place, Stored
from storescpd.store.settings import Durability, OnDuplicate, StorageSettings
from storescpd.store.writer import Writer

__all__ = [
    "Directory",
    "DuplicateError",
    "Durability",
    "FileMeta",
    "NoStudyError",
    "OnDuplicate",
    "Outcome",
    "Place",
    "PlaceError",
    "SpaceError",
    "StorageError",
    "StorageSettings",
    "Stored",
    "Writer",
]
