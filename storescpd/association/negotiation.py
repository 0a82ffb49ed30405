"""The answer to an association request: its checks, its items, and a memory of it (storescp facts 4.1, 4.7)."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final, NamedTuple

from storescpd.association.answers import Answer, RoleWarning
from storescpd.association.contexts import by_preference
from storescpd.association.policy import Policy
from storescpd.wire import codec
from storescpd.wire.codes import ContextResult, RejectResult, RejectSource
from storescpd.wire.items import AnsweredContext, ProposedContext, UserInformation
from storescpd.wire.request import APPLICATION_CONTEXT, PROTOCOL_VERSION, AssociateRJ, AssociateRQ

# PS3.8 table 9-21. Blank titles and no contexts: storescp stays silent there, which holds the peer up.
UNSUPPORTED_VERSION: Final = AssociateRJ(RejectResult.PERMANENT, RejectSource.SERVICE_PROVIDER_ACSE, 2)
NO_REASON_GIVEN: Final = AssociateRJ(RejectResult.PERMANENT, RejectSource.SERVICE_PROVIDER_ACSE, 1)
REFUSED: Final = AssociateRJ(RejectResult.PERMANENT, RejectSource.SERVICE_USER, 1)
APPLICATION_CONTEXT_NOT_SUPPORTED: Final = AssociateRJ(RejectResult.PERMANENT, RejectSource.SERVICE_USER, 2)
CALLING_TITLE_NOT_RECOGNIZED: Final = AssociateRJ(RejectResult.PERMANENT, RejectSource.SERVICE_USER, 3)
CALLED_TITLE_NOT_RECOGNIZED: Final = AssociateRJ(RejectResult.PERMANENT, RejectSource.SERVICE_USER, 7)
LOCAL_LIMIT_EXCEEDED: Final = AssociateRJ(RejectResult.TRANSIENT, RejectSource.SERVICE_PROVIDER_PRESENTATION, 2)


MAX_REMEMBERED: Final = 65536
"""Bytes; 128 contexts with five transfer syntaxes each have some 25,000. A longer request is negotiated every time."""


class AcceptedContext(NamedTuple):
    """A presentation context that both sides know now."""

    context_id: int
    abstract_syntax: str
    transfer_syntax: str


class Negotiation(NamedTuple):
    """The outcome for one request, titles apart."""

    contexts: Mapping[int, AcceptedContext]
    refused: tuple[tuple[ProposedContext, ContextResult], ...]
    items: bytes
    """Encoded variable items of the A-ASSOCIATE-AC."""
    rejection: AssociateRJ | None = None
    """Set where the request is to be rejected whatever its titles are."""
    warnings: tuple[RoleWarning, ...] = ()
    """What the operator should know; a profile with roles alone warns."""
    any_encoding: bool = False
    """As in the policy."""


def title_rejection(request: AssociateRQ) -> AssociateRJ | None:
    """The rejection that blank titles deserve."""
    if not request.called_ae_title.strip(" "):
        return CALLED_TITLE_NOT_RECOGNIZED
    if not request.calling_ae_title.strip(" "):
        return CALLING_TITLE_NOT_RECOGNIZED
    return None


def negotiate(request: AssociateRQ, policy: Policy) -> Negotiation:
    """Decide every proposed context; contexts with one id get one answer, at the place of the first of them."""
    contexts, information = request.presentation_contexts, request.user_information
    if policy.profile is None:
        answer = Answer(by_preference(contexts, policy))
    else:
        from storescpd.association.profile_contexts import by_profile  # noqa: PLC0415 - few have a profile

        answer = by_profile(contexts, information.roles, policy.profile)
    decisions = answer.decisions
    accepted = {
        number: AcceptedContext(number, made.proposed.abstract_syntax, made.syntax)
        for number, made in decisions.items()
        if made.accepted
    }
    refused = tuple((made.proposed, made.result) for made in decisions.values() if not made.accepted)
    items = _answer_items(request, answer, policy)
    return Negotiation(accepted, refused, items, _rejection(request, policy), answer.warnings, policy.any_encoding)


def _rejection(request: AssociateRQ, policy: Policy) -> AssociateRJ | None:
    """The checks of storescp facts 4.1 in their order, steps 9 to 13."""
    if not request.protocol_version & PROTOCOL_VERSION:
        return UNSUPPORTED_VERSION
    if policy.refuse:
        return REFUSED
    if not request.presentation_contexts:
        return NO_REASON_GIVEN
    if request.application_context != APPLICATION_CONTEXT:
        return APPLICATION_CONTEXT_NOT_SUPPORTED
    if policy.require_implementation_class_uid and not request.user_information.implementation_class_uid:
        return REFUSED
    return None


def _answer_items(request: AssociateRQ, made: Answer, policy: Policy) -> bytes:
    """Application context, presentation contexts, user information: 51, 52, 53, 54, 55, 56 (storescp facts 4.1)."""
    contexts = [AnsweredContext(number, one.result, one.syntax) for number, one in made.decisions.items()]
    window = request.user_information.asynchronous_window
    information = UserInformation(
        maximum_length=policy.max_pdu,
        implementation_class_uid=policy.implementation_class_uid,
        implementation_version_name=policy.implementation_version_name,
        # Whatever window is proposed, there is one operation at a time.
        asynchronous_window=window and replace(window, invoked=1, performed=1),
        roles=made.roles,
        extended=made.extended,
    )
    return codec.answer_items(contexts, information)


class NegotiationCache:
    """Remembers the outcome of requests: who opens one association an image repeats itself.

    The key is the request without its titles. ``size`` and ``MAX_REMEMBERED`` bound the memory; when it is full it
    begins anew. Several threads may use it: each change is one operation of a dictionary.
    """

    def __init__(self, policy: Policy, size: int = 64) -> None:
        self.policy = policy
        self._size = size
        self._known: dict[bytes, tuple[AssociateRQ, Negotiation]] = {}

    def lookup(self, body: bytes) -> tuple[AssociateRQ, Negotiation]:
        """Request and outcome for the body of an A-ASSOCIATE-RQ.

        Raises:
            WireError: the body is malformed.
        """
        key = body[:2] + body[codec.ASSOCIATE_FIXED :]
        known = self._known.get(key)
        if known is None:
            request = codec.request(body)
            known = request, negotiate(request, self.policy)
            self._remember(key, known)
            return known
        request, negotiation = known
        called, calling = codec.titles(body)
        renamed = AssociateRQ(
            called,
            calling,
            request.application_context,
            request.presentation_contexts,
            request.user_information,
            request.protocol_version,
        )
        return renamed, negotiation

    def _remember(self, key: bytes, known: tuple[AssociateRQ, Negotiation]) -> None:
        if len(key) > MAX_REMEMBERED:
            return
        if len(self._known) >= self._size:
            self._known = {}
        self._known[key] = known
