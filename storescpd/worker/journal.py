"""What the log says of one connection: a line an object, a line an association (contract, [logging])."""

import logging
import time
from typing import TYPE_CHECKING, Final

from storescpd.association import Negotiation, Policy
from storescpd.data.sop_classes import SOP_CLASSES, log_code
from storescpd.telemetry.events import ASSOCIATIONS, ENDS, OBJECTS, REPLACED, log_event
from storescpd.wire.codes import Status
from storescpd.wire.request import AssociateRQ
from storescpd.worker.refusals import Refusals, class_name
from storescpd.worker.strangers import look

if TYPE_CHECKING:
    import ssl

    from storescpd.access.tls import Identity
    from storescpd.wire.command import CEchoRQ, CStoreRQ
    from storescpd.worker.outcome import Result
    from storescpd.worker.remedies import Remedies

MOST_NAMED: Final = 20
"""Classes named in one line; a sender that proposes everything is refused some."""

_PRIORITIES: Final = {0: "medium", 1: "high", 2: "low"}
"""PS3.7 9.3.1.1."""

logger = logging.getLogger(ASSOCIATIONS)
ends = logging.getLogger(ENDS)
objects = logging.getLogger(OBJECTS)
replacements = logging.getLogger(REPLACED)


class Journal:
    """Logs one connection; names peer, titles and object in every line."""

    def __init__(self, peer: str, listener: str, refusals: Refusals, *, dump_contexts: bool) -> None:
        self._who = {"peer": peer, "listener": listener}
        self._address = peer.rpartition(":")[0].strip("[]")
        self._refusals = refusals
        self._dump_contexts = dump_contexts
        self._started = time.monotonic()
        self._store_started = 0.0
        self._requested = False
        self._contexts = ""
        self._objects = self._failed = self._bytes = 0
        # Levels do not change while a worker lives, and are asked for with each object.
        self._tells_objects = objects.isEnabledFor(logging.INFO)
        self._tells_details = objects.isEnabledFor(logging.DEBUG)
        self.tells_replacements = replacements.isEnabledFor(logging.INFO)
        """Somebody wants to know where an object takes the place of another file."""

    def named(self, host: str) -> None:
        """The peer has a host name."""
        if host != self._address:
            self._who["host"] = host
        log_event(logger, logging.DEBUG, "connection received", **self._who)

    def denied(self, cause: str, *, defect: bool) -> None:
        """The connection is closed before a byte of it is read."""
        level = logging.ERROR if defect else logging.WARNING
        log_event(ends, level, "connection denied", **self._who, cause=cause)

    def handshake_failed(self, first: bytes, error: "ssl.SSLError | None") -> None:
        """No TLS, or not in time; ``first`` is what has come. Nothing at all is no more than a probe."""
        if not first:
            return
        from storescpd.worker.tls_failures import failure  # noqa: PLC0415 - whoever has failed has loaded OpenSSL

        told = failure(first, error)
        fields = {"cause": told.cause, "remedy": told.remedy}
        log_event(logger, logging.WARNING, "TLS handshake failed", **self._who, **fields)

    def secured(self, agreed: "ssl.SSLObject", identity: "Identity | None") -> None:
        """TLS is agreed on."""
        cipher = agreed.cipher()
        fields = {"protocol": agreed.version(), "cipher": cipher[0] if cipher else ""}
        if identity is not None:
            self._who["subject"] = identity.subject
            fields["fingerprint"] = identity.fingerprint
        log_event(logger, logging.INFO, "TLS agreed", **self._who, **fields)

    def requested(self, request: AssociateRQ, policy: Policy) -> None:
        """An association is asked for."""
        self._requested = True
        self._who |= {"calling": request.calling_ae_title, "called": request.called_ae_title}
        if logger.isEnabledFor(logging.DEBUG):
            from storescpd.worker.parameters import Proposal  # noqa: PLC0415 - for who wants to read so much

            parameters = Proposal(request, policy)
            log_event(logger, logging.DEBUG, "association requested", **self._who, parameters=parameters)

    def accepted(self, request: AssociateRQ, negotiation: Negotiation, policy: Policy, remedies: "Remedies") -> None:
        """It is granted; ``remedies`` help against what was refused."""
        accepted, refused = len(negotiation.contexts), len(negotiation.refused)
        self._contexts = f"{accepted}/{accepted + refused}"
        if logger.isEnabledFor(logging.DEBUG):
            from storescpd.worker.parameters import Agreement, max_send_pdv  # noqa: PLC0415 - as above

            fields = {"contexts": accepted, "max_send_pdv": max_send_pdv(request)}
            parameters = Agreement(request, negotiation, policy)
            log_event(logger, logging.DEBUG, "association accepted", **self._who, **fields, parameters=parameters)
        if not accepted:
            log_event(logger, logging.WARNING, "no presentation context accepted", **self._who)
        for warning in negotiation.warnings:
            name = class_name(warning.sop_class)
            cause = warning.problem.value
            log_event(logger, logging.WARNING, "role selection", **self._who, sop_class=name, cause=cause)
        if refused:
            self._tell_refused(negotiation, remedies)
        if self._dump_contexts:
            self._dump(negotiation)

    def warn(self, message: str) -> None:
        """Something about this connection that the operator should know."""
        log_event(logger, logging.WARNING, message, **self._who)

    def _tell_refused(self, negotiation: Negotiation, remedies: "Remedies") -> None:
        for one in self._refusals.news(self._address, self._who["calling"], negotiation, remedies):
            named = [f"{name} in {'/'.join(syntaxes)}" if syntaxes else name for name, syntaxes in one.classes.items()]
            log_event(
                logger,
                logging.WARNING,
                "SOP classes refused",
                **self._who,
                classes=", ".join(named[:MOST_NAMED]),
                count=len(named),
                remedy=one.remedy,
            )

    def _dump(self, negotiation: Negotiation) -> None:
        for context in negotiation.contexts.values():
            log_event(
                logger,
                logging.INFO,
                "context accepted",
                **self._who,
                id=context.context_id,
                sop_class=class_name(context.abstract_syntax),
                syntax=context.transfer_syntax,
            )
        for proposed, result in negotiation.refused:
            log_event(
                logger,
                logging.INFO,
                "context refused",
                **self._who,
                id=proposed.context_id,
                sop_class=class_name(proposed.abstract_syntax),
                syntaxes=",".join(proposed.transfer_syntaxes),
                result=f"{result:d} {result.name.lower().replace('_', ' ')}",
            )

    def store_begun(self, context_id: int, command: "CStoreRQ") -> None:
        """A C-STORE-RQ has come."""
        self._store_started = time.monotonic()
        if self._tells_details:
            log_event(objects, logging.DEBUG, "object begun", **self._who, **_asked(context_id, command))
        if command.blanks_removed:
            log_event(logger, logging.WARNING, "UIDs of the command held white space, which was removed", **self._who)

    def received(self, fragments: int, received: int) -> None:
        """A data set has come to its end."""
        if self._tells_details:
            log_event(objects, logging.DEBUG, "data set received", **self._who, fragments=fragments, bytes=received)

    def stored(self, command: "CStoreRQ", result: "Result", received: int) -> None:
        """An object was answered."""
        success = result.status is Status.SUCCESS
        self._objects += 1
        self._failed += not success
        self._bytes += received
        usual = success and not result.reason
        if self._tells_objects or not usual:
            level = logging.INFO if usual else logging.WARNING
            message = "object stored" if result.path else "object refused"
            log_event(objects, level, message, **self._who, **self._object(command, received), **_outcome(result))
        if result.replaced:
            log_event(replacements, logging.INFO, "file replaced", **self._who, path=result.path)

    def _object(self, command: "CStoreRQ", received: int) -> dict[str, object]:
        return {
            "code": log_code(command.affected_sop_class_uid),
            "instance": command.affected_sop_instance_uid,
            "bytes": received,
            "seconds": f"{time.monotonic() - self._store_started:.3f}",
        }

    def unreadable(self, command: "CStoreRQ", error: Exception) -> None:
        """A data set cannot be read; the association is aborted."""
        instance = command.affected_sop_instance_uid
        log_event(objects, logging.ERROR, "data set cannot be read", **self._who, instance=instance, cause=str(error))

    def timed_out(self, command: "CStoreRQ") -> None:
        """The data set did not go on; the association does."""
        instance = command.affected_sop_instance_uid
        log_event(logger, logging.WARNING, "object given up: dimse_timeout", **self._who, instance=instance)

    def echoed(self, context_id: int, command: "CEchoRQ") -> None:
        """A C-ECHO was answered."""
        fields = {"context": context_id, "message_id": command.message_id}
        log_event(objects, logging.INFO, "echo answered", **self._who, **fields)

    def ended(self, result: str, cause: str = "", first: bytes = b"") -> None:
        """The connection is over; ``first`` is what came first, where that was no request for an association."""
        if not self._requested:
            self._never_requested(result, first)
            return
        level = logging.INFO if result.startswith("released") else logging.WARNING
        log_event(
            ends,
            level,
            "association ended",
            **self._who,
            contexts=self._contexts,
            objects=self._objects,
            failed=self._failed,
            bytes=self._bytes,
            seconds=f"{time.monotonic() - self._started:.3f}",
            result=result,
            **({"cause": cause} if cause else {}),
        )

    def _never_requested(self, result: str, first: bytes) -> None:
        """A load balancer's probe says nothing: it is not worth a line every few seconds."""
        message = "connection ended without an association"
        if not first:
            log_event(ends, logging.DEBUG, message, **self._who, result=result)
            return
        seen = look(first, tls=False)
        fields = {"looks_like": seen.looks_like, "result": result, "remedy": seen.remedy}
        if seen.calling:
            fields["calling"] = seen.calling
        log_event(ends, logging.WARNING, message, **self._who, **fields)


def _asked(context_id: int, command: "CStoreRQ") -> dict[str, object]:
    known = SOP_CLASSES.get(command.affected_sop_class_uid)
    return {
        "message_id": command.message_id,
        "code": log_code(command.affected_sop_class_uid),
        "sop_class": command.affected_sop_class_uid if known is None else known.name,
        "instance": command.affected_sop_instance_uid,
        "context": context_id,
        "priority": _PRIORITIES.get(command.priority, "unknown"),
    }


def _outcome(result: "Result") -> dict[str, object]:
    fields: dict[str, object] = {"study": result.study} if result.study else {}
    fields["status"] = f"{result.status:04X}"
    if result.path:
        fields["path"] = result.path
    if result.reason:
        fields["cause"] = result.reason
    return fields
