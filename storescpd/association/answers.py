"""What becomes of the presentation contexts of a request."""

from enum import Enum
from typing import TYPE_CHECKING, Final, NamedTuple

from storescpd.data.transfer_syntaxes import IMPLICIT_LITTLE
from storescpd.wire.codes import ContextResult
from storescpd.wire.items import ProposedContext

if TYPE_CHECKING:
    from storescpd.wire.sub_items import ExtendedNegotiation, RoleSelection

SYNTAX_OF_REFUSED: Final = IMPLICIT_LITTLE
"""What stands in the answer to a context that is refused (storescp facts 4.1)."""


class Decision(NamedTuple):
    """What becomes of one presentation context."""

    proposed: ProposedContext
    result: ContextResult
    syntax: str
    """The transfer syntax of the answer."""

    @property
    def accepted(self) -> bool:
        """Both sides may use it."""
        return self.result is ContextResult.ACCEPTANCE


class RoleProblem(Enum):
    """What a peer proposed that the profile does not go with, in words."""

    DEFAULT_REFUSED = "no role proposed, which means SCU, but the profile accepts SCP alone: context refused"
    NONE_LEFT = "the profile accepts the other role alone: no role accepted"
    NONE_PROPOSED = "neither role proposed: taken for both"


class RoleWarning(NamedTuple):
    """Something about roles that the operator should know."""

    sop_class: str
    problem: RoleProblem


class Answer(NamedTuple):
    """What is made of a request."""

    decisions: dict[int, Decision]
    """By context id, in the order of the answer."""
    roles: "tuple[RoleSelection, ...]" = ()
    """One for each accepted context whose class has roles, not one for each class: as storescp answers."""
    extended: "tuple[ExtendedNegotiation, ...]" = ()
    warnings: tuple[RoleWarning, ...] = ()
