"""Why a request is rejected: the triple for the peer, the words for the operator (contract: order of the checks)."""

from typing import NamedTuple

from storescpd.access.titles import recognised
from storescpd.association import Negotiation, Policy
from storescpd.association.negotiation import (
    CALLED_TITLE_NOT_RECOGNIZED,
    CALLING_TITLE_NOT_RECOGNIZED,
    LOCAL_LIMIT_EXCEEDED,
    title_rejection,
)
from storescpd.wire.request import APPLICATION_CONTEXT, PROTOCOL_VERSION, AssociateRJ, AssociateRQ
from storescpd.worker.admission import Admission
from storescpd.worker.settings import Service, Titles


class Rejected(NamedTuple):
    """A request that is turned down."""

    answer: AssociateRJ
    cause: str


def rejected(
    request: AssociateRQ, negotiation: Negotiation, service: Service, titles: Titles, admission: Admission
) -> Rejected | None:
    """Whether a request is rejected, and why; where it is not, it has a place now."""
    if negotiation.rejection is not None:
        return Rejected(negotiation.rejection, _unacceptable(request, service.agreements.default.policy))
    blank = title_rejection(request)
    if blank is not None:
        which = "called" if blank == CALLED_TITLE_NOT_RECOGNIZED else "calling"
        return Rejected(blank, f"the {which} title is blank")
    return _unwelcome(request, service, titles) or _without_place(admission)


def _unacceptable(request: AssociateRQ, policy: Policy) -> str:
    """In the order of ``negotiation``'s own checks."""
    if not request.protocol_version & PROTOCOL_VERSION:
        return f"protocol version {request.protocol_version}: there is only version 1"
    if policy.refuse:
        return "testing.refuse is on"
    if not request.presentation_contexts:
        return "the request proposes no presentation context"
    if request.application_context != APPLICATION_CONTEXT:
        return f"application context {request.application_context or 'missing'} is not {APPLICATION_CONTEXT}"
    return "the sender gives no implementation class UID (association.reject_without_implementation_uid)"


def _unwelcome(request: AssociateRQ, service: Service, titles: Titles) -> Rejected | None:
    """Called title, calling title, peer."""
    called, calling = request.called_ae_title, request.calling_ae_title
    if titles.called is not None and not recognised(called, titles.called):
        cause = f"called title {called} is neither association.ae_title nor in association.accepted_called_ae_titles"
        return Rejected(CALLED_TITLE_NOT_RECOGNIZED, cause)
    if titles.calling is not None and not recognised(calling, titles.calling):
        cause = f"calling title {calling} is not in association.calling_ae_titles"
        return Rejected(CALLING_TITLE_NOT_RECOGNIZED, cause)
    if not service.accept:
        return Rejected(CALLING_TITLE_NOT_RECOGNIZED, f"[[peers]] number {service.number} does not accept")
    return None


def _without_place(admission: Admission) -> Rejected | None:
    full = admission.associate()
    return None if full is None else Rejected(LOCAL_LIMIT_EXCEEDED, full)
