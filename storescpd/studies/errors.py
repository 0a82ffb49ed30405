"""Why the keeper cannot do its work."""


class LedgerError(Exception):
    """The ledger cannot be used; the text says why and what to do."""


class LockedError(LedgerError):
    """Another daemon uses the ledger."""


class KeeperError(Exception):
    """The keeper has refused, or could not be reached in time: the peer is answered A700."""
