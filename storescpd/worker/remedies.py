"""What to do so that a sender gets what it was refused; nothing is advised that the configuration would refuse."""

from typing import Final, NamedTuple

from storescpd.config.negotiation import COMPRESSED
from storescpd.config.rules.negotiation import not_a_storage_class
from storescpd.config.texts import is_uid
from storescpd.data.preferences import preferences
from storescpd.data.sop_classes import VERIFICATION
from storescpd.wire.codes import ContextResult
from storescpd.wire.items import ProposedContext

NOT_STORAGE: Final = "not a storage service: switch it off at the sender"
_NO_UID: Final = "not a UID: report it to the vendor of the sender"
_EXTRA: Final = "negotiation.extra_sop_classes accepts them"
_UNKNOWN_SYNTAX: Final = "nobody can read that transfer syntax here: let the sender offer Explicit VR Little Endian"
_RECODED: Final = (
    'only compressed, which encoding.transfer_syntax cannot turn into another one: set it to "same", or let the sender '
    "send uncompressed"
)
_WIDER: Final = ("uncompressed", "deflated", "all")
"""Preferences that take all that narrower ones do, from the narrowest on."""


class Remedies(NamedTuple):
    """For those who are served by one policy."""

    profile: str = ""
    """The profile that decides; empty: none."""
    recodes: bool = False
    """What comes is written in another transfer syntax: encoding.transfer_syntax is not ``same``."""

    def of(self, proposed: ProposedContext, result: ContextResult) -> str:
        """What to do about a context that got this result."""
        uid = proposed.abstract_syntax
        if not is_uid(uid):
            return _NO_UID
        if uid != VERIFICATION and not_a_storage_class(uid) is not None:
            return NOT_STORAGE
        if result is ContextResult.NO_REASON:
            return (
                f"profile {self.profile} wants a role that the sender did not propose: take the class out of its roles"
            )
        if self.profile:
            return f"profile {self.profile} decides: add class and transfer syntax to its presentation_contexts"
        if result is ContextResult.ABSTRACT_SYNTAX_NOT_SUPPORTED:
            return _EXTRA
        return self._of_syntaxes(proposed)

    def _of_syntaxes(self, proposed: ProposedContext) -> str:
        known = preferences("little")
        offered = set(proposed.transfer_syntaxes)
        for name in _WIDER:
            if offered & set(known[name]):
                if self.recodes and name in COMPRESSED:
                    return _RECODED
                return f'negotiation.prefer = "{name}" accepts them'
        return _UNKNOWN_SYNTAX
