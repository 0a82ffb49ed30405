"""Which SOP classes a sender could not get, told once for each sender: its next association proposes them again."""

import threading
from collections.abc import Iterable

from storescpd.association import Negotiation
from storescpd.data.sop_classes import SOP_CLASSES
from storescpd.data.transfer_syntaxes import UNCOMPRESSED
from storescpd.wire.codes import ContextResult
from storescpd.wire.items import ProposedContext

MOST_REMEMBERED = 4096
"""Pairs of sender and class; when they are more, all is told once again."""

_REMEDIES = {
    ContextResult.ABSTRACT_SYNTAX_NOT_SUPPORTED: "negotiation.extra_sop_classes, promiscuous or a profile accepts them",
    ContextResult.NO_REASON: "the profile wants a role that the sender does not propose",
}
_COMPRESSED = "only compressed syntaxes offered: negotiation.prefer or a profile accepts them"
_OTHER = "no transfer syntax that is accepted: negotiation.prefer or a profile says which are"


class Refusals:
    """What was told already, by the threads of one worker."""

    def __init__(self) -> None:
        self._told: set[tuple[str, str, str]] = set()
        self._lock = threading.Lock()

    def news(self, address: str, calling: str, negotiation: Negotiation) -> dict[str, list[str]]:
        """Names of SOP classes without any accepted context, by the remedy, that this sender was not told of before."""
        accepted = {context.abstract_syntax for context in negotiation.contexts.values()}
        found: dict[str, list[str]] = {}
        for proposed, result in negotiation.refused:
            uid = proposed.abstract_syntax
            if uid not in accepted and self._is_new((address, calling, uid)):
                found.setdefault(_remedy(proposed, result), []).append(class_name(uid))
        return found

    def _is_new(self, key: tuple[str, str, str]) -> bool:
        with self._lock:
            if key in self._told:
                return False
            if len(self._told) >= MOST_REMEMBERED:
                self._told.clear()
            self._told.add(key)
            return True


def _remedy(proposed: ProposedContext, result: ContextResult) -> str:
    if result is not ContextResult.TRANSFER_SYNTAXES_NOT_SUPPORTED:
        return _REMEDIES.get(result, result.name.lower())
    return _OTHER if _any_uncompressed(proposed.transfer_syntaxes) else _COMPRESSED


def _any_uncompressed(syntaxes: Iterable[str]) -> bool:
    return any(syntax in UNCOMPRESSED for syntax in syntaxes)


def class_name(uid: str) -> str:
    """A SOP class as people know it, with its UID."""
    known = SOP_CLASSES.get(uid)
    return uid if known is None else f"{known.name}({uid})"
