"""Why an object could not be stored."""


class StorageError(Exception):
    """Nothing of this object is on disk: the peer is answered A700."""


class SpaceError(StorageError):
    """Less space or fewer inodes are free than have to stay so."""


class DuplicateError(Exception):
    """An object of that name exists and may not be replaced: the peer is answered C100."""


class PlaceError(Exception):
    """The directory that an object belongs to has no usable name or cannot be used: the peer is answered C000."""


class NoStudyError(PlaceError):
    """The data set does not say which study it belongs to, or says it in a way that nobody can keep."""
