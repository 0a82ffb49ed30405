"""The parameters of an association as storescp lists them (storescp facts 10.4): titles, sizes, contexts.

They are kept as they are and become text only where a log wants them.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from storescpd.association import Negotiation, Policy
from storescpd.data.sop_classes import SOP_CLASSES
from storescpd.data.transfer_syntaxes import TRANSFER_SYNTAXES
from storescpd.telemetry.blocks import ruled
from storescpd.wire import codec
from storescpd.wire.codes import ContextResult, PduType
from storescpd.wire.items import AnsweredContext, ProposedContext
from storescpd.wire.request import AssociateRQ
from storescpd.wire.sub_items import ExtendedNegotiation, RoleSelection

LARGEST_SEND, SMALLEST_SEND = 131072, 4096
"""Bytes of a PDU that storescp sends at the most, and at the least that it reckons with."""
_PDV_OVERHEAD = 12
"""Bytes: headers of a PDU and its one PDV."""
_ROLES = {(False, False): "None", (True, False): "SCU", (False, True): "SCP", (True, True): "SCP/SCU"}
_RESULTS = {
    ContextResult.ACCEPTANCE: "Accepted",
    ContextResult.USER_REJECTION: "User Rejection",
    ContextResult.NO_REASON: "No Reason",
    ContextResult.ABSTRACT_SYNTAX_NOT_SUPPORTED: "Abstract Syntax Not Supported",
    ContextResult.TRANSFER_SYNTAXES_NOT_SUPPORTED: "Transfer Syntaxes Not Supported",
}


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a peer asks for."""

    request: AssociateRQ
    ours: Policy

    def __str__(self) -> str:
        contexts = [
            f"{one.context_id}:{one.abstract_syntax}:{'|'.join(one.transfer_syntaxes)}"
            for one in self.request.presentation_contexts
        ]
        return ",".join(contexts)

    def lines(self) -> Iterator[str]:
        """All of it."""
        request = self.request
        yield ruled("BEGIN A-ASSOCIATE-RQ")
        yield from _titles(request, self.ours, "")
        roles = _by_class(request.user_information.roles)
        yield "Presentation Contexts:"
        for context in request.presentation_contexts:
            yield f"  Context ID:        {context.context_id} (Proposed)"
            yield from _proposed(context, roles)
            yield "    Proposed Transfer Syntax(es):"
            for syntax in context.transfer_syntaxes:
                yield f"      {_syntax(syntax)}"
        yield from _negotiated(request.user_information.extended, ())
        yield from _identity(request)
        yield ruled("END A-ASSOCIATE-RQ")


@dataclass(frozen=True, slots=True)
class Agreement:
    """What it gets."""

    request: AssociateRQ
    negotiation: Negotiation
    ours: Policy

    def __str__(self) -> str:
        contexts = self.negotiation.contexts.values()
        return ",".join(f"{one.context_id}:{one.abstract_syntax}:{one.transfer_syntax}" for one in contexts)

    def lines(self) -> Iterator[str]:
        """All of it."""
        request, answer = self.request, self._answer()
        yield ruled("BEGIN A-ASSOCIATE-AC")
        yield from _titles(request, self.ours, request.called_ae_title)
        proposed = {one.context_id: one for one in reversed(request.presentation_contexts)}
        wanted, given = _by_class(request.user_information.roles), _by_class(answer.user_information.roles)
        yield "Presentation Contexts:"
        for context in answer.answered:
            yield from _answered(context, proposed[context.context_id], wanted, given)
        yield from _negotiated(request.user_information.extended, answer.user_information.extended)
        yield from _identity(request)
        yield ruled("END A-ASSOCIATE-AC")

    def _answer(self) -> codec.AssociateBody:
        # The items of the answer are remembered encoded: they are what the peer gets.
        pdu = codec.associate(PduType.A_ASSOCIATE_AC, "", "", self.negotiation.items)
        return codec.associate_body("A-ASSOCIATE-AC", pdu[codec.HEADER.size :])


def max_send_pdv(request: AssociateRQ) -> int:
    """What storescp calls so: the longest value that it would send to a peer."""
    announced = request.user_information.maximum_length or LARGEST_SEND
    return max(min(announced, LARGEST_SEND) & ~1, SMALLEST_SEND) - _PDV_OVERHEAD


def _titles(request: AssociateRQ, ours: Policy, responding: str) -> Iterator[str]:
    theirs = request.user_information
    told = {
        "Our Implementation Class UID:": ours.implementation_class_uid,
        "Our Implementation Version Name:": ours.implementation_version_name,
        "Their Implementation Class UID:": theirs.implementation_class_uid,
        "Their Implementation Version Name:": theirs.implementation_version_name,
    }
    for name, value in told.items():
        yield f"{name:<34} {value}"
    told = {
        "Application Context Name:": request.application_context,
        "Calling Application Name:": request.calling_ae_title,
        "Called Application Name:": request.called_ae_title,
        "Responding Application Name:": responding,
        "Our Max PDU Receive Size:": str(ours.max_pdu),
        "Their Max PDU Receive Size:": str(theirs.maximum_length or 0),
    }
    for name, value in told.items():
        yield f"{name:<28} {value}"


def _by_class(roles: tuple[RoleSelection, ...]) -> dict[str, str]:
    return {one.sop_class: _ROLES[one.scu, one.scp] for one in roles}


def _proposed(context: ProposedContext, roles: Mapping[str, str]) -> Iterator[str]:
    yield f"    Abstract Syntax: {_class(context.abstract_syntax)}"
    yield f"    Proposed SCP/SCU Role: {roles.get(context.abstract_syntax, 'Default')}"


def _answered(
    context: AnsweredContext, proposed: ProposedContext, wanted: Mapping[str, str], given: Mapping[str, str]
) -> Iterator[str]:
    yield f"  Context ID:        {context.context_id} ({_RESULTS.get(context.result, context.result.name)})"
    yield from _proposed(proposed, wanted)
    accepted = context.result is ContextResult.ACCEPTANCE
    role = given.get(proposed.abstract_syntax, "Default") if accepted else "Default"
    yield f"    Accepted SCP/SCU Role: {role}"
    if accepted:
        yield f"    Accepted Transfer Syntax: {_syntax(context.transfer_syntax)}"


def _negotiated(requested: tuple[ExtendedNegotiation, ...], accepted: tuple[ExtendedNegotiation, ...]) -> Iterator[str]:
    for title, items in (("Requested Extended Negotiation:", requested), ("Accepted Extended Negotiation:", accepted)):
        if not items:
            yield f"{title:<31} none"
            continue
        yield title
        for one in items:
            yield f"  {_class(one.sop_class)} ({one.sop_class})"
            yield f"    [{', '.join(f'0x{byte:02x}' for byte in one.information)}]"


def _identity(request: AssociateRQ) -> Iterator[str]:
    identity = request.user_information.user_identity
    # Whose password it is must not be read in a log.
    told = "none" if identity is None else f"type {identity.identity_type}"
    yield f"Requested User Identity Negotiation: {told}"
    yield "User Identity Negotiation Response:  none"


def _class(uid: str) -> str:
    known = SOP_CLASSES.get(uid)
    return uid if known is None else f"={known.name}"


def _syntax(uid: str) -> str:
    known = TRANSFER_SYNTAXES.get(uid)
    return f"={known.name}" if known is not None and known.name else uid
