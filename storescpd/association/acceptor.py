"""The acceptor: PDUs in, events and answers out (PS3.8 section 9.2, acceptor's half).

It stops after each event that the driver must answer before anything else is read: the answer to a request decides
what the next bytes mean, and the response to a C-STORE goes out before the next command is looked at.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from storescpd.association.dimse import Expecting, MessageReader
from storescpd.association.events import (
    STORE_ENDED,
    Aborted,
    AssociationRequested,
    Event,
    Fragments,
    ReleaseRequested,
    StoreEnded,
    Violation,
)
from storescpd.association.negotiation import Negotiation, NegotiationCache
from storescpd.association.responses import fits_one, fragment
from storescpd.association.states import TRANSITIONS, Action, State
from storescpd.wire import codec
from storescpd.wire.codec import FRAGMENT, HEADER, PDV_HEADER, PDV_OVERHEAD
from storescpd.wire.codes import AbortReason, AbortSource, PduType
from storescpd.wire.errors import WireError
from storescpd.wire.request import AssociateRJ, AssociateRQ

if TYPE_CHECKING:
    from storescpd.wire.command import CEchoRQ, CStoreRQ

MAX_ASSOCIATE_LENGTH: Final = 1048576
"""Bytes of an A-ASSOCIATE-RQ, storescp's own limit since 3.6.4 (storescp facts 4.1 step 7)."""
MAX_CONTROL_LENGTH: Final = 4096
"""Bytes of the PDUs that have four; room for what a later edition may append."""

_P_DATA: Final = int(PduType.P_DATA_TF)
_LAST: Final = codec.LAST
_WHOLE_COMMAND: Final = codec.COMMAND | codec.LAST
_KINDS: Final = {int(kind): kind for kind in PduType}

_USER_ABORT: Final = codec.abort(AbortSource.SERVICE_USER, AbortReason.NOT_SPECIFIED)
_PROVIDER_ABORT: Final = codec.abort(AbortSource.SERVICE_PROVIDER, AbortReason.UNEXPECTED_PDU)
_UNEXPECTED: Final = {Action.ABORT_AS_USER: _USER_ABORT, Action.ABORT_AS_PROVIDER: _PROVIDER_ABORT}


def _header(view: memoryview, position: int) -> tuple[int, int]:
    number, length = HEADER.unpack_from(view, position)
    return number, length


def _value_ends(body: memoryview) -> list[int]:
    """Where each PDV ends; found before any is taken, because of a PDU that does not add up nothing counts."""
    if not body:
        raise WireError("P-DATA-TF", 0, "no PDV in it")
    ends: list[int] = []
    position = 0
    while position < len(body):
        if len(body) - position < PDV_HEADER.size:
            raise WireError("PDV", position, "header is cut short")
        length = PDV_HEADER.unpack_from(body, position)[0]
        end = position + 4 + length
        if length < PDV_OVERHEAD or end > len(body):
            raise WireError("PDV", position, f"length {length} does not fit its PDU")
        ends.append(end)
        position = end
    return ends


class Acceptor:
    """One association, from the first byte to the last.

    ``choose`` gives the negotiation for a called and a calling title; ``max_pdu`` is the same in all of them.
    """

    def __init__(self, choose: Callable[[str, str], NegotiationCache], max_pdu: int) -> None:
        self._choose = choose
        self._max_pdu = max_pdu
        self._peer_max_pdu = 0
        self._state = State.AWAITING_REQUEST
        self._request: AssociateRQ | None = None
        self._messages = MessageReader({})

    @property
    def established(self) -> bool:
        """The association is open."""
        return self._state is State.ESTABLISHED

    @property
    def message_begun(self) -> bool:
        """A command or a data set has begun and is not complete."""
        return self._messages.begun

    def receive(self, view: memoryview) -> tuple[list[Event], int]:
        """Take what has come; returns events and the number of bytes that were used up.

        What is left is the beginning of a PDU, or follows an event that wants its answer first: call again with it.
        Never raises: what the peer may not send ends in one ``Violation``.
        """
        events: list[Event] = []
        position = 0
        if self._state is State.CLOSING:
            return events, len(view)
        try:
            while True:
                start = position
                if self._messages.expecting is Expecting.DATA:
                    position, waiting = self._take_fragments(view, position, events)
                    if waiting:
                        return events, position
                    start = position
                elif self._state is State.ESTABLISHED:
                    position = self._take_whole_command(view, position, events)
                    if position != start:
                        return events, position
                position = self._take_pdu(view, position, events)
                if position == start or (events and not isinstance(events[-1], Fragments)):
                    return events, position
        except WireError as error:
            return [*events, self._violation(_USER_ABORT, str(error))], len(view)

    def needed(self, view: memoryview) -> int:
        """Length in bytes of the PDU that ``view`` begins with, as far as its header tells."""
        if len(view) < HEADER.size:
            return HEADER.size
        return HEADER.size + _header(view, 0)[1]

    def _take_fragments(self, view: memoryview, position: int, events: list[Event]) -> tuple[int, bool]:
        """The way of nearly every byte: P-DATA-TF with one PDV of the data set under way; all else is left.

        Returns where to go on, and whether all that is left is the beginning of one more of these.
        """
        views: list[memoryview] = []
        unpack = FRAGMENT.unpack_from
        context_id = self._messages.context_id
        max_pdu = self._max_pdu
        end = len(view)
        last = waiting = False
        while not last and end - position >= 12:
            # Typed, so that the compiled build computes with machine words.
            header: tuple[int, int, int, int, int] = unpack(view, position)
            kind, length, pdv_length, context, control = header
            if kind != _P_DATA or context != context_id or pdv_length != length - 4:
                break
            if control & ~_LAST or length > max_pdu or length < 6 or length % 2:
                break
            stop = position + 6 + length
            if stop > end:
                waiting = True
                break
            last = control == _LAST
            if length > 6:
                views.append(view[position + 12 : stop])
            position = stop
        if views:
            events.append(Fragments(views))
        if last:
            self._messages.data_ended()
            events.append(STORE_ENDED)
        return position, waiting

    def _take_whole_command(self, view: memoryview, position: int, events: list[Event]) -> int:
        """The way of nearly every command: a P-DATA-TF with all of it in one PDV; all else is left."""
        if len(view) - position < FRAGMENT.size:
            return position
        kind, length, pdv_length, context_id, control = FRAGMENT.unpack_from(view, position)
        if kind != _P_DATA or control != _WHOLE_COMMAND or pdv_length != length - 4 or not 6 <= length <= self._max_pdu:
            return position
        stop = position + HEADER.size + int(length)
        if stop > len(view):
            return position
        self._messages.take(context_id, control, view[position + FRAGMENT.size : stop], events)
        return stop

    def _take_pdu(self, view: memoryview, position: int, events: list[Event]) -> int:
        if (events and isinstance(events[-1], StoreEnded)) or len(view) - position < HEADER.size:
            return position
        number, length = _header(view, position)
        kind = self._admitted(number, length, events)
        if kind is None:
            return len(view)
        start = position + HEADER.size
        if len(view) - start < length:
            return position
        action, self._state = TRANSITIONS[self._state, kind]
        self._act(action, view[start : start + length], events)
        return start + length

    def _admitted(self, number: int, length: int, events: list[Event]) -> PduType | None:
        """The PDU's type, when it may come now and is no longer than it may be; the header alone decides."""
        # A first PDU that makes no sense comes from no DICOM peer: storescp closes without a word (storescp facts 4.1).
        reply = b"" if self._state is State.AWAITING_REQUEST else _USER_ABORT
        kind = _KINDS.get(number)
        if kind is None:
            events.append(self._violation(reply, f"unknown PDU type 0x{number:02X}"))
            return None
        unexpected = _UNEXPECTED.get(TRANSITIONS[self._state, kind][0])
        if unexpected is not None:
            events.append(self._violation(unexpected, f"unexpected {kind.name}"))
            return None
        limit = self._limit(kind)
        if length > limit:
            events.append(self._violation(reply, f"{kind.name} of {length} bytes, at most {limit} are allowed"))
            return None
        return kind

    def _limit(self, kind: PduType) -> int:
        if kind is PduType.P_DATA_TF:
            return self._max_pdu
        return MAX_ASSOCIATE_LENGTH if kind is PduType.A_ASSOCIATE_RQ else MAX_CONTROL_LENGTH

    def _act(self, action: Action, body: memoryview, events: list[Event]) -> None:
        if action is Action.TAKE_DATA:
            self._take_values(body, events)
        elif action is Action.NEGOTIATE:
            self._request, negotiation = self._negotiate(bytes(body))
            events.append(AssociationRequested(self._request, negotiation))
            self._messages = MessageReader(negotiation.contexts, any_encoding=negotiation.any_encoding)
        elif action is Action.ANSWER_RELEASE:
            events.append(ReleaseRequested())
        elif action is Action.NOTE_ABORT:
            events.append(Aborted(*bytes(body[2:4])) if len(body) >= 4 else Aborted(0, 0))

    def _negotiate(self, body: bytes) -> tuple[AssociateRQ, Negotiation]:
        """What is agreed to may depend on who asks whom: the titles choose."""
        return self._choose(*codec.titles(body)).lookup(body)

    def _take_values(self, body: memoryview, events: list[Event]) -> None:
        start = 0
        for end in _value_ends(body):
            _, context_id, control = PDV_HEADER.unpack_from(body, start)
            self._messages.take(context_id, control, body[start + PDV_HEADER.size : end], events)
            start = end

    def _violation(self, reply: bytes, reason: str) -> Violation:
        self._state = State.CLOSING
        return Violation(reply, reason)

    def accept(self, items: bytes) -> bytes:
        """A-ASSOCIATE-AC with these encoded items; the titles are the request's own."""
        request = self._asked()
        self._state = State.ESTABLISHED
        self._peer_max_pdu = request.user_information.maximum_length or 0
        return codec.associate(PduType.A_ASSOCIATE_AC, request.called_ae_title, request.calling_ae_title, items)

    def _asked(self) -> AssociateRQ:
        if self._request is None:
            raise RuntimeError("no association was requested")
        return self._request

    def reject(self, rejection: AssociateRJ) -> bytes:
        """A-ASSOCIATE-RJ."""
        self._state = State.CLOSING
        return codec.rejection(rejection)

    def store_response(self, context_id: int, request: "CStoreRQ", status: int, error_comment: str = "") -> bytes:
        """C-STORE-RSP in the PDUs that the peer takes.

        The comment is left out where it would make several PDUs of one: few peers announce so little, and what they
        make of a response in parts is not known.

        Raises:
            WireError: the peer's maximum length leaves no room for any response.
        """
        from storescpd.wire import command  # noqa: PLC0415 - see dimse

        sop_class, instance = request.affected_sop_class_uid, request.affected_sop_instance_uid
        response = command.store_response(request.message_id, sop_class, instance, status, error_comment)
        if error_comment and not fits_one(response, self._peer_max_pdu):
            response = command.store_response(request.message_id, sop_class, instance, status)
        return fragment(response, context_id, self._peer_max_pdu)

    def echo_response(self, context_id: int, request: "CEchoRQ") -> bytes:
        """C-ECHO-RSP with status 0000.

        Raises:
            WireError: the peer's maximum length leaves no room for any response.
        """
        from storescpd.wire import command  # noqa: PLC0415 - see dimse

        response = command.CEchoRSP(request.message_id, request.affected_sop_class_uid)
        return fragment(command.encode(response), context_id, self._peer_max_pdu)

    def abandon(self) -> None:
        """Give the message under way up; its late fragments are violations (storescp facts 4.9)."""
        self._messages.abandon()

    def release(self) -> bytes:
        """A-RELEASE-RP."""
        self._state = State.CLOSING
        return codec.release()

    def abort(self) -> bytes:
        """A-ABORT by the service user."""
        self._state = State.CLOSING
        return _USER_ABORT
