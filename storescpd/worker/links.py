"""Connections of a worker to the keeper, each for one association after another.

To connect costs both ends more than to record an object, and modalities open an association for each.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from storescpd.studies.link import Link

MOST_IDLE = 64
"""Connections that wait for an association: more are in use at once where a worker has many senders, and each needs two
descriptors here and there."""


class Links:
    """The connections that wait, for the ledger of one daemon."""

    def __init__(self, ledger: str) -> None:
        self._ledger = ledger
        self._idle: list[Link] = []

    def take(self) -> "Link":
        """A connection for an association, new if need be."""
        from storescpd.studies.link import Link  # noqa: PLC0415 - brings SQLite, and not everybody has a keeper

        try:
            return self._idle.pop()
        except IndexError:
            return Link(self._ledger)

    def give_back(self, link: "Link") -> None:
        """The association is over."""
        link.close()
        if len(self._idle) < MOST_IDLE:
            self._idle.append(link)
        else:
            link.disconnect()
