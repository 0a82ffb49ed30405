"""Why a journal cannot be used."""


class JournalError(Exception):
    """A record is not in the journal, or a journal cannot be read; the text says why and what to do."""


class NewerError(JournalError):
    """A newer version of the program has written it."""


class DamagedError(JournalError):
    """A segment cannot be read at all."""
