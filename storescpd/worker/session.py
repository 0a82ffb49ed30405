"""One connection from its first byte to its last: the loop that joins socket, acceptor and storage.

Every wait has a deadline (storescp facts 4.9; differences.md): the whole request within acse_timeout of the accept, a
begun PDU within socket_timeout and its length at 1 KiB/s, the next PDU of a data set within dimse_timeout, the next
command within idle_timeout, or acse_timeout where no context was accepted.
"""

import contextlib
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, NoReturn

from storescpd.access.peers import Peer
from storescpd.association import (
    Aborted,
    Acceptor,
    AssociationRequested,
    EchoRequested,
    Fragments,
    NegotiationCache,
    ReleaseRequested,
    StoreBegun,
    StoreEnded,
    Violation,
)
from storescpd.telemetry.events import TRIAL
from storescpd.wire.codes import Status
from storescpd.wire.errors import WireError
from storescpd.wire.request import AssociateRQ
from storescpd.worker.admission import Admission
from storescpd.worker.answering import Answer
from storescpd.worker.entry import enter
from storescpd.worker.journal import Journal
from storescpd.worker.outcome import EndedError, UnreadableError
from storescpd.worker.rejections import Rejected, rejected
from storescpd.worker.requests import CrowdedError
from storescpd.worker.settings import Settings
from storescpd.worker.strangers import FIRST_BYTES
from storescpd.worker.transport import DeadlineError, Transport

if TYPE_CHECKING:
    from storescpd.access.tls import Identity
    from storescpd.wire.command import CStoreRQ
    from storescpd.worker.clerks import Clerk
    from storescpd.worker.reception import Reception
    from storescpd.worker.trial import IgnoredReception

_SLOWEST: Final = 1024
"""Bytes a second at which a begun PDU must come at least; the contract's figure."""
LINGER: Final = 2.0
"""Seconds that a peer has to close after we released, rejected or aborted; storescp waits 180 and serves nobody."""


class Session:
    """Serves one connection in the calling thread."""

    def __init__(self, transport: Transport, settings: Settings, admission: Admission, journal: Journal) -> None:
        self._transport = transport
        self._settings = settings
        self._admission = admission
        self._journal = journal
        self._service = settings.service
        self._acceptor = Acceptor(self._choose, settings.service.agreements.default.policy.max_pdu)
        self._accepted_at = time.monotonic()
        self._begun_at = 0.0
        self._going_on = False
        self._idle_timeout = 0.0
        self._first = b""
        """What came first, until an association is asked for."""
        self._calling_ae_title = ""
        self._identity: Identity | None = None
        self._host = admission.address
        self._reception: Reception | IgnoredReception | None = None
        self._desk: Clerk | None = None
        self._trial = settings.trial
        self._command: CStoreRQ
        self._answer: Answer
        self._handlers: dict[type, Callable[..., None]] = {
            Fragments: self._on_fragments,
            StoreBegun: self._on_store_begun,
            StoreEnded: self._on_store_ended,
            EchoRequested: self._on_echo,
            AssociationRequested: self._on_request,
            ReleaseRequested: self._on_release,
            Aborted: self._on_aborted,
            Violation: self._on_violation,
        }

    @property
    def between_objects(self) -> bool:
        """No object is under way."""
        return self._reception is None

    def serve(self) -> None:
        """Serve until the association is over; closes the connection."""
        try:
            self._run()
        except EndedError as end:
            self._leave()
            self._journal.ended(str(end), end.cause, self._first)
            if end.linger:
                self._transport.half_close()
                self._transport.linger(LINGER)
        except Exception as error:
            self._journal.ended(f"defect: {error!r}")
            raise
        finally:
            self._leave()
            self._transport.close()
            try:
                self._write_seed()
            finally:
                # A worker that leaves waits for its connections, not for what comes after them.
                self._admission.disconnect()

    def _leave(self) -> None:
        """Nothing of the association is left but its connection."""
        self._give_up()
        if self._desk is not None:
            self._desk.close()
        self._admission.dissociate()

    def _give_up(self) -> None:
        """Leave nothing of an object that is not complete."""
        reception, self._reception = self._reception, None
        if reception is not None:
            reception.abandon()
            if self._desk is not None:
                self._desk.dropped()

    def _write_seed(self) -> None:
        path = self._settings.seed_file
        if not path or not self._calling_ae_title:
            return
        from storescpd.access.tls.seed import write_seed  # noqa: PLC0415 - few have such a file

        try:
            write_seed(path)
        except OSError as error:
            self._journal.warn(f"cannot write the random seed {path}: {error.strerror}")

    def _run(self) -> None:
        try:
            deadline = self._accepted_at + self._settings.acse_timeout
            self._host, self._identity = enter(
                self._transport, self._settings, self._admission, self._journal, deadline
            )
            self._converse()
        except DeadlineError:
            raise EndedError("timeout: the peer stopped reading") from None
        except CrowdedError as error:
            raise EndedError(f"given up: {error}") from None
        except OSError as error:
            raise EndedError(f"connection lost: {error.strerror or error}") from error

    def _converse(self) -> None:
        try:
            while True:
                self._receive()
                self._take()
        except WireError as error:
            self._abort(str(error))

    def _receive(self) -> None:
        transport, acceptor = self._transport, self._acceptor
        wanted = acceptor.needed(transport.unread) if transport.pending else 0
        going_on = wanted > 0 or acceptor.message_begun
        if going_on and not self._going_on:
            transport.acknowledge()
        try:
            received = transport.fill(self._deadline(wanted), wanted)
        except DeadlineError:
            self._on_silence(wanted)
            return
        if not received:
            self._obey_stop()
            raise EndedError("the peer closed the connection")
        if not acceptor.established:
            self._first = bytes(transport.unread[:FIRST_BYTES])
        if not wanted:
            self._begun_at = time.monotonic()
        if going_on:
            transport.acknowledge()
        self._going_on = going_on

    def _on_silence(self, wanted: int) -> None:
        """The deadline has passed: the association ends; between the PDUs of a data set maybe the object alone."""
        if wanted or self._reception is None:
            rest = "the rest of a PDU" if wanted else "the next command"
            awaited = rest if self._acceptor.established else "an association request"
            raise EndedError(f"timeout: the peer did not send {awaited}")
        self._journal.timed_out(self._command)
        if not self._service.deadlines.goes_on:
            self._abort("dimse_timeout: the peer did not go on with an object")
        self._give_up()
        self._acceptor.abandon()

    def _deadline(self, wanted: int) -> float | None:
        """Monotonic time in seconds until which something has to come, ``None`` for as long as it takes."""
        if not self._acceptor.established:
            return self._accepted_at + self._settings.acse_timeout
        deadlines = self._service.deadlines
        if wanted:
            return self._begun_at + deadlines.socket + wanted / _SLOWEST if deadlines.socket else None
        seconds = self._idle_timeout if self._reception is None else deadlines.dimse
        return time.monotonic() + seconds if seconds else None

    def _take(self) -> None:
        """Handle all complete PDUs that were received."""
        transport = self._transport
        while transport.pending:
            if self._acceptor.established:
                events, consumed = self._acceptor.receive(transport.unread)
            else:
                with transport.turn():
                    events, consumed = self._acceptor.receive(transport.unread)
            transport.consume(consumed)
            for event in events:
                self._handlers[type(event)](event)
            if not consumed:
                return
            if transport.pending:
                self._begun_at = time.monotonic()

    def _choose(self, called: str, calling: str) -> NegotiationCache:
        peer = Peer(calling, called, self._admission.listener, self._admission.address, self._identity)
        self._service = self._settings.service_for(peer)
        return self._service.agreements.at(self._admission.listener)

    def _on_request(self, event: AssociationRequested) -> None:
        self._transport.requested()
        request = event.request
        self._calling_ae_title = request.calling_ae_title
        self._journal.requested(request, self._service.agreements.default.policy)
        rejection = rejected(request, event.negotiation, self._service, self._settings.titles, self._admission)
        if rejection is not None:
            self._reject(rejection)
        # Who got no context can do nothing but leave.
        idle = self._service.deadlines.idle
        self._idle_timeout = idle if event.negotiation.contexts else self._settings.acse_timeout
        self._transport.send(self._acceptor.accept(event.negotiation.items))
        agreements = self._service.agreements
        remedies = agreements.remedies_at(self._admission.listener)
        self._journal.accepted(request, event.negotiation, agreements.default.policy, remedies)
        self._open_desk(request)
        if self._trial is not None:
            self._journal.warn(TRIAL)

    def _open_desk(self, request: AssociateRQ) -> None:
        # An association is answered before what stores its objects is loaded: inetd starts a process for each.
        from storescpd.store import StorageError  # noqa: PLC0415
        from storescpd.studies.messages import Sender  # noqa: PLC0415
        from storescpd.worker.clerks import clerk  # noqa: PLC0415

        try:
            storing = self._service.storing
        except StorageError as error:
            self._abort(str(error))
        here = self._admission
        sender = Sender(request.calling_ae_title, request.called_ae_title, here.address, here.listener, self._host)
        self._desk = clerk(storing.filing, storing.links, storing.directory.settings.directory, sender)
        if self._desk is not None:
            self._desk.opened()

    def _reject(self, rejection: Rejected) -> NoReturn:
        answer = rejection.answer
        triple = f"{answer.result:d}/{answer.source:d}/{answer.reason}"
        self._end(self._acceptor.reject(answer), f"rejected {triple}", rejection.cause)

    def _on_store_begun(self, event: StoreBegun) -> None:
        self._command = event.command
        self._journal.store_begun(event.context.context_id, event.command)
        self._reception = self._begin_reception(event)
        self._answer = Answer(self._acceptor, event.context, event.command, comments=self._service.comments)
        if self._trial is not None:
            self._admission.sleep(self._trial.sleep_during)

    def _begin_reception(self, event: StoreBegun) -> "Reception | IgnoredReception":
        storing = self._service.storing
        if self._trial is not None and self._trial.ignore:
            from storescpd.worker.trial import IgnoredReception  # noqa: PLC0415 - see _open_desk

            return IgnoredReception(storing, event.context)
        from storescpd.worker.reception import Reception  # noqa: PLC0415 - see _open_desk

        looks = self._journal.tells_replacements
        return Reception(storing, event.context, event.command, self._calling_ae_title, self._desk, looks=looks)

    def _on_fragments(self, event: Fragments) -> None:
        if self._reception is not None:
            try:
                self._reception.take(event.views)
            except UnreadableError as error:
                self._refuse_data_set(error)
        if self._trial is not None:
            if self._trial.abort_during:
                self._abort("testing.abort_during is on")
            self._admission.sleep(self._trial.sleep_during * len(event.views))

    def _on_store_ended(self, _: StoreEnded) -> None:
        if self._reception is not None:
            self._journal.received(self._reception.fragments, self._reception.received)
        if self._trial is not None:
            if self._trial.abort_after:
                self._abort("testing.abort_after is on")
            self._admission.sleep(self._trial.sleep_during)
        if self._reception is not None:
            self._finish(self._reception)
        if self._trial is not None:
            self._admission.sleep(self._trial.sleep_after)
        self._obey_stop()

    def _finish(self, reception: "Reception | IgnoredReception") -> None:
        try:
            status = reception.finish()
        except UnreadableError as error:
            self._refuse_data_set(error)
        else:
            self._reception = None
            try:
                self._transport.send(self._answer.encoded(status, reception.comment))
                if status is Status.SUCCESS:
                    self._admission.stored()
            finally:
                # The peer makes its next object ready meanwhile.
                result = reception.report()
                self._journal.stored(self._command, result, reception.received)
            if result.token:
                self._await_hooks(result.token)

    def _await_hooks(self, token: str) -> None:
        if self._desk is not None and self._desk.synchronous:
            self._desk.wait(token, lambda: self._admission.stopping)

    def _refuse_data_set(self, error: Exception) -> None:
        self._journal.unreadable(self._command, error)
        self._abort(f"data set of {self._command.affected_sop_instance_uid} cannot be read: {error}")

    def _on_echo(self, event: EchoRequested) -> None:
        self._transport.send(self._acceptor.echo_response(event.context.context_id, event.command))
        self._journal.echoed(event.context.context_id, event.command)
        if self._desk is not None:
            self._desk.opened()
        self._obey_stop()

    def _obey_stop(self) -> None:
        if self._admission.stopping:
            self._abort("the daemon stops")

    def _on_release(self, _: ReleaseRequested) -> None:
        # Before the peer knows: its next association may come at once.
        self._admission.dissociate()
        result = "released" if self._reception is None else "released inside an object, which is not stored"
        self._end(self._acceptor.release(), result)

    def _on_aborted(self, event: Aborted) -> None:
        # An A-ABORT is valid whenever it comes.
        self._first = b""
        raise EndedError(f"aborted by the peer, source {event.source} reason {event.reason}")

    def _on_violation(self, event: Violation) -> None:
        self._leave()
        self._end(event.reply, f"protocol violation: {event.reason}")

    def _abort(self, reason: str) -> NoReturn:
        self._leave()
        self._end(self._acceptor.abort(), f"aborted: {reason}")

    def _end(self, last_word: bytes, result: str, cause: str = "") -> NoReturn:
        """The association ends for this reason, whether the peer is still there to hear of it or not."""
        if last_word:
            with contextlib.suppress(OSError, DeadlineError):
                self._transport.send(last_word)
        raise EndedError(result, cause, linger=bool(last_word))
