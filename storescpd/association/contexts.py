"""Presentation contexts without a profile: one list of transfer syntaxes for all (storescp facts 4.2 to 4.4)."""

from collections.abc import Iterable
from enum import IntEnum, auto

from storescpd.association.answers import SYNTAX_OF_REFUSED, Decision
from storescpd.association.policy import Policy
from storescpd.data.sop_classes import VERIFICATION
from storescpd.wire.codes import ContextResult
from storescpd.wire.items import ProposedContext


class _Rank(IntEnum):
    """Which of several contexts with one id counts: the highest (storescp negotiates in these passes)."""

    UNWANTED = auto()
    UNREADABLE = auto()
    VERIFICATION = auto()
    STORAGE = auto()
    UNKNOWN = auto()


_Ranked = tuple[tuple[_Rank, int], Decision]
"""The number is higher the more the transfer syntax is wanted."""


def by_preference(contexts: Iterable[ProposedContext], policy: Policy) -> dict[int, Decision]:
    """Decide every context; those with one id get one answer, at the place of the first of them."""
    best: dict[int, _Ranked] = {}
    for proposed in contexts:
        ranked = _decide(proposed, policy)
        rival = best.get(proposed.context_id)
        if rival is None or ranked[0] > rival[0]:
            best[proposed.context_id] = ranked
    return {number: decision for number, (_, decision) in best.items()}


def _decide(proposed: ProposedContext, policy: Policy) -> _Ranked:
    rank = _rank(proposed.abstract_syntax, policy)
    if rank is _Rank.UNWANTED:
        result = ContextResult.ABSTRACT_SYNTAX_NOT_SUPPORTED
        return (rank, 0), Decision(proposed, result, SYNTAX_OF_REFUSED)
    for number, syntax in enumerate(policy.transfer_syntaxes):
        if syntax in proposed.transfer_syntaxes:
            return (rank, -number), Decision(proposed, ContextResult.ACCEPTANCE, syntax)
    result = ContextResult.TRANSFER_SYNTAXES_NOT_SUPPORTED
    return (_Rank.UNREADABLE, 0), Decision(proposed, result, SYNTAX_OF_REFUSED)


def _rank(abstract_syntax: str, policy: Policy) -> _Rank:
    if abstract_syntax in policy.abstract_syntaxes:
        return _Rank.VERIFICATION if abstract_syntax == VERIFICATION else _Rank.STORAGE
    if policy.known_uids is None or abstract_syntax in policy.known_uids:
        return _Rank.UNWANTED
    return _Rank.UNKNOWN
