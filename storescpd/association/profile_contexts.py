"""Contexts, roles and extended negotiation with a profile (storescp facts 7.4, 7.6; PS3.7 D.3.3.4, D.3.3.5).

Of several contexts with one id, storescp lets the last decide result and transfer syntax, but takes class and proposed
role from the first, and a role once answered stays when a later one is refused; so do we.
"""

from collections.abc import Iterable, Mapping

from storescpd.association.answers import SYNTAX_OF_REFUSED, Answer, Decision, RoleProblem, RoleWarning
from storescpd.association.policy import Profile, Role
from storescpd.wire.codes import ContextResult
from storescpd.wire.items import ProposedContext
from storescpd.wire.sub_items import ExtendedNegotiation, RoleSelection

Roles = tuple[bool, bool]
"""SCU and SCP, as in a role selection item."""

NEITHER: Roles = (False, False)
BOTH: Roles = (True, True)

_ALLOWED: Mapping[Role, Roles] = {Role.SCU: (True, False), Role.SCP: (False, True), Role.BOTH: BOTH}


def by_profile(contexts: Iterable[ProposedContext], proposals: Iterable[RoleSelection], profile: Profile) -> Answer:
    """Decide every context by its class alone."""
    proposed = _first_of_each(proposals)
    firsts: dict[int, ProposedContext] = {}
    decisions: dict[int, Decision] = {}
    answers: dict[int, tuple[RoleSelection | None, RoleWarning | None]] = {}
    for context in contexts:
        number = context.context_id
        first = firsts.setdefault(number, context)
        decision = _decide(first, context, profile)
        role, warning = answers.get(number, (None, None))
        if decision.accepted:
            allowed = profile.roles.get(context.abstract_syntax)
            decision, role, warning = _with_role(decision, allowed, proposed.get(first.abstract_syntax))
        decisions[number], answers[number] = decision, (role, warning)
    return Answer(
        decisions,
        tuple(role for role, _ in answers.values() if role is not None),
        _extended(decisions.values(), profile),
        tuple(dict.fromkeys([warning for _, warning in answers.values() if warning is not None])),
    )


def _first_of_each(proposals: Iterable[RoleSelection]) -> dict[str, Roles]:
    """By class; of several items for one class storescp reads the first."""
    roles: dict[str, Roles] = {}
    for proposal in proposals:
        roles.setdefault(proposal.sop_class, (proposal.scu, proposal.scp))
    return roles


def _decide(first: ProposedContext, context: ProposedContext, profile: Profile) -> Decision:
    wanted = profile.transfer_syntaxes.get(context.abstract_syntax)
    if wanted is None:
        return Decision(first, ContextResult.ABSTRACT_SYNTAX_NOT_SUPPORTED, SYNTAX_OF_REFUSED)
    for syntax in wanted:
        if syntax in context.transfer_syntaxes:
            return Decision(first, ContextResult.ACCEPTANCE, syntax)
    return Decision(first, ContextResult.TRANSFER_SYNTAXES_NOT_SUPPORTED, SYNTAX_OF_REFUSED)


def _with_role(
    decision: Decision, allowed: Role | None, proposed: Roles | None
) -> tuple[Decision, RoleSelection | None, RoleWarning | None]:
    """What becomes of an accepted context, the answered role and what to warn of."""
    sop_class = decision.proposed.abstract_syntax
    if allowed is None or (proposed is None and allowed is not Role.SCP):
        return decision, None, None
    if proposed is None:
        refused = Decision(decision.proposed, ContextResult.NO_REASON, SYNTAX_OF_REFUSED)
        return refused, None, RoleWarning(sop_class, RoleProblem.DEFAULT_REFUSED)
    scu, scp = answered_role(allowed, proposed)
    problem = None
    if proposed == NEITHER:
        problem = RoleProblem.NONE_PROPOSED
    elif (scu, scp) == NEITHER:
        problem = RoleProblem.NONE_LEFT
    return decision, RoleSelection(sop_class, scu=scu, scp=scp), problem and RoleWarning(sop_class, problem)


def answered_role(allowed: Role, proposed: Roles) -> Roles:
    """The roles that both sides want; neither proposed is taken for both."""
    wanted = BOTH if proposed == NEITHER else proposed
    permitted = _ALLOWED[allowed]
    return wanted[0] and permitted[0], wanted[1] and permitted[1]


def _extended(decisions: Iterable[Decision], profile: Profile) -> tuple[ExtendedNegotiation, ...]:
    """For every class with an accepted context, proposed or not, in the profile's order."""
    if not profile.extended:
        return ()
    accepted = {decision.proposed.abstract_syntax for decision in decisions if decision.accepted}
    return tuple(
        ExtendedNegotiation(sop_class, information)
        for sop_class, information in profile.extended.items()
        if sop_class in accepted
    )
