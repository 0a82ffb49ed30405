"""What a sender proposed and did not get, told once for each sender: its next association proposes it again.

All workers share one table of a fixed size; where it is full, the oldest is told again.
"""

from typing import Final, NamedTuple

from storescpd.association import Negotiation
from storescpd.data.sop_classes import SOP_CLASSES
from storescpd.data.transfer_syntaxes import TRANSFER_SYNTAXES
from storescpd.wire.codes import ContextResult
from storescpd.wire.items import ProposedContext
from storescpd.worker.remedies import Remedies
from storescpd.worker.scoreboard import Scoreboard

_WORD: Final = (1 << 64) - 1


class Refused(NamedTuple):
    """What can be told in one line."""

    remedy: str
    classes: dict[str, list[str]]
    """By class, as people know it: the transfer syntaxes that it was proposed in, where they are the reason."""


class Refusals:
    """Seen from one worker; ``generation``: by another configuration all may be otherwise, and is told anew."""

    def __init__(self, scoreboard: Scoreboard, generation: int) -> None:
        self._told = scoreboard.told
        self._scoreboard = scoreboard
        self._generation = generation

    def news(self, address: str, calling: str, negotiation: Negotiation, remedies: Remedies) -> list[Refused]:
        """What was refused to this sender and was not told before, by the remedy."""
        all_of_it = self._number(address, calling, negotiation.refused)
        if self._told.is_told(all_of_it):
            return []
        with self._scoreboard.locked():
            fresh = [one for one in negotiation.refused if self._is_new(address, calling, *one)]
            self._told.tell(all_of_it)
        found: dict[str, Refused] = {}
        accepted = {context.abstract_syntax for context in negotiation.contexts.values()}
        for proposed, result in fresh:
            remedy = remedies.of(proposed, result)
            if proposed.abstract_syntax in accepted:
                remedy = f"accepted in other transfer syntaxes; for these: {remedy}"
            classes = found.setdefault(remedy, Refused(remedy, {})).classes
            syntaxes = classes.setdefault(class_name(proposed.abstract_syntax), [])
            if result is ContextResult.TRANSFER_SYNTAXES_NOT_SUPPORTED:
                syntaxes += [syntax_name(uid) for uid in proposed.transfer_syntaxes]
        return list(found.values())

    def _is_new(self, address: str, calling: str, proposed: ProposedContext, result: ContextResult) -> bool:
        thing = self._number(address, calling, proposed.abstract_syntax, proposed.transfer_syntaxes, result)
        if self._told.is_told(thing):
            return False
        self._told.tell(thing)
        return True

    def _number(self, *what: object) -> int:
        """One for the whole daemon: its processes are forked, and hash texts with one and the same secret."""
        return hash((self._generation, *what)) & _WORD or 1


def class_name(uid: str) -> str:
    """A SOP class as people know it, with its UID."""
    known = SOP_CLASSES.get(uid)
    return uid if known is None else f"{known.name}({uid})"


def syntax_name(uid: str) -> str:
    """A transfer syntax as people know it."""
    known = TRANSFER_SYNTAXES.get(uid)
    return uid if known is None else known.name
