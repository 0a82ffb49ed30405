"""Drives an `Acceptor` in memory, as a worker would over a socket, and writes down what happens."""

from collections.abc import Iterable

from storescpd.association import (
    Aborted,
    Acceptor,
    AssociationRequested,
    EchoRequested,
    Event,
    Fragments,
    NegotiationCache,
    Policy,
    ReleaseRequested,
    StoreBegun,
    StoreEnded,
    Violation,
)
from storescpd.association.negotiation import title_rejection
from storescpd.data.sop_classes import SOP_CLASSES, VERIFICATION
from storescpd.wire.errors import WireError

IMPLICIT = "1.2.840.10008.1.2"
EXPLICIT = "1.2.840.10008.1.2.1"
BIG = "1.2.840.10008.1.2.2"

POLICY = Policy(
    implementation_class_uid="1.2.276.0.7230010.3.0.3.6.7",
    implementation_version_name="OFFIS_DCMTK_367",
    abstract_syntaxes=frozenset({VERIFICATION} | {uid for uid, row in SOP_CLASSES.items() if "7" in row.accepted}),
    transfer_syntaxes=(EXPLICIT, BIG, IMPLICIT),
)
"""What storescp 3.6.7 takes without options, so that its answers can be compared byte for byte."""


class Driver:
    """One association and what came of it."""

    def __init__(self, policy: Policy = POLICY, cache: NegotiationCache | None = None) -> None:
        chosen = cache or NegotiationCache(policy)
        self.acceptor = Acceptor(lambda _called, _calling: chosen, chosen.policy.max_pdu)
        self.sent = bytearray()
        """Everything that was answered."""
        self.story: list[tuple[object, ...]] = []
        """What happened, with the data of consecutive fragments joined."""
        self.ended = False
        self._unread = b""
        self._begun: StoreBegun | None = None

    def feed(self, data: bytes) -> None:
        """Take what has come; what comes after the end is lost, as behind a closed socket."""
        self._unread += data
        while self._unread and not self.ended:
            events, used = self.acceptor.receive(memoryview(self._unread))
            for event in events:
                self._handle(event)
            self._unread = self._unread[used:]
            if not used:
                return

    def play(self, chunks: Iterable[bytes]) -> "Driver":
        """Feed several pieces."""
        for chunk in chunks:
            self.feed(chunk)
        return self

    def _handle(self, event: Event) -> None:
        match event:
            case AssociationRequested(request, negotiation):
                self._note("requested", request.called_ae_title, request.calling_ae_title)
                rejection = negotiation.rejection or title_rejection(request)
                if rejection is None:
                    self.sent += self.acceptor.accept(negotiation.items)
                else:
                    self._end(self.acceptor.reject(rejection))
            case StoreBegun(context, command):
                self._begun = event
                self._note("store", context, command)
            case Fragments(views):
                self._add(b"".join(views))
            case StoreEnded():
                self._note("stored")
                self._respond()
            case EchoRequested(context, command):
                self._note("echo", context, command)
                self._answer(lambda: self.acceptor.echo_response(context.context_id, command))
            case ReleaseRequested():
                self._note("release")
                self._end(self.acceptor.release())
            case Aborted(source, reason):
                self._note("aborted", source, reason)
                self._end(b"")
            case Violation(reply, _):
                self._note("violation")
                self._end(reply)

    def _respond(self) -> None:
        begun = self._begun
        if begun is None:
            raise RuntimeError("an object ended that had not begun")
        self._answer(lambda: self.acceptor.store_response(begun.context.context_id, begun.command, 0))

    def _answer(self, response) -> None:
        try:
            self.sent += response()
        except WireError:
            self._end(self.acceptor.abort())

    def _note(self, *what: object) -> None:
        self.story.append(what)

    def _add(self, data: bytes) -> None:
        if self.story and self.story[-1][0] == "data":
            data = self.story.pop()[1] + data
        self._note("data", data)

    def _end(self, last_words: bytes) -> None:
        self.sent += last_words
        self.ended = True


def promiscuous(policy: Policy, known: Iterable[str]) -> Policy:
    """The same policy with everything accepted that is not known."""
    return policy._replace(known_uids=frozenset(known))
