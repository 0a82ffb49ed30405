"""Which PDV may come next, and the messages they make (PS3.7 section 6.3, PS3.8 annex E; storescp facts 4.5, 4.8)."""

from collections.abc import Mapping
from enum import Enum, auto
from typing import Final

from storescpd.association.events import STORE_ENDED, EchoRequested, Event, Fragments, StoreBegun
from storescpd.association.negotiation import AcceptedContext
from storescpd.data.transfer_syntaxes import TRANSFER_SYNTAXES
from storescpd.wire.codec import COMMAND, LAST
from storescpd.wire.errors import WireError

MAX_COMMAND_SET: Final = 65536
"""Bytes; a real command set has some 200. What is longer is an attempt to take our memory."""


class Expecting(Enum):
    """What the next PDV must be."""

    COMMAND = auto()
    DATA = auto()


class MessageReader:
    """Takes PDVs one by one and appends the events that they cause."""

    def __init__(self, contexts: Mapping[int, AcceptedContext], *, any_encoding: bool = False) -> None:
        self._any_encoding = any_encoding
        self._contexts = contexts
        self._command = bytearray()
        self.expecting = Expecting.COMMAND
        self.context_id = 0
        """Of the message under way."""

    @property
    def begun(self) -> bool:
        """A message has begun and is not complete."""
        return self.expecting is Expecting.DATA or bool(self._command)

    def abandon(self) -> None:
        """Forget the message under way: the next PDV must begin a command (storescp facts 4.9)."""
        self._command.clear()
        self.expecting = Expecting.COMMAND

    def data_ended(self) -> None:
        """The last fragment of a data set has come."""
        self.expecting = Expecting.COMMAND

    def take(self, context_id: int, control: int, value: memoryview, events: list[Event]) -> None:
        """Take one PDV.

        Raises:
            WireError: it may not come here, or its command cannot be understood.
        """
        if len(value) % 2:
            raise WireError("PDV", 0, f"fragment of odd length {len(value)}")
        if control & COMMAND:
            self._take_command(context_id, control, value, events)
        else:
            self._take_data(context_id, control, value, events)

    def _take_command(self, context_id: int, control: int, value: memoryview, events: list[Event]) -> None:
        if self.expecting is Expecting.DATA:
            raise WireError("PDV", 0, "command fragment while a data set is expected")
        if self._command and context_id != self.context_id:
            raise WireError("PDV", 0, f"command fragment of context {context_id} inside one of {self.context_id}")
        if len(self._command) + len(value) > MAX_COMMAND_SET:
            raise WireError("command set", len(self._command), f"longer than {MAX_COMMAND_SET} bytes")
        context = self._contexts.get(context_id)
        if context is None:
            raise WireError("PDV", 0, f"presentation context {context_id} was not accepted")
        if not self._any_encoding and context.transfer_syntax not in TRANSFER_SYNTAXES:
            # A profile may accept any UID; storescp aborts when such a context is used (storescp facts 4.5).
            raise WireError("PDV", 0, f"the encoding of transfer syntax {context.transfer_syntax} is not known")
        self.context_id = context_id
        if not control & LAST:
            self._command += value
            return
        complete = bytes(value)
        if self._command:
            complete = bytes(self._command) + complete
            self._command.clear()
        self._begin(context, complete, events)

    def _begin(self, context: AcceptedContext, command_set: bytes, events: list[Event]) -> None:
        # An association is answered before there is a command to read: inetd starts a process for each.
        from storescpd.wire import command  # noqa: PLC0415

        request = command.decode(command_set)
        if isinstance(request, command.CStoreRQ):
            self.expecting = Expecting.DATA
            events.append(StoreBegun(context, request))
        elif isinstance(request, command.CEchoRQ):
            events.append(EchoRequested(context, request))
        else:
            raise WireError("command field", 0, f"0x{request.command_field:04X} is no service of a Storage SCP")

    def _take_data(self, context_id: int, control: int, value: memoryview, events: list[Event]) -> None:
        if self.expecting is Expecting.COMMAND:
            raise WireError("PDV", 0, "data fragment while a command is expected")
        if context_id != self.context_id:
            raise WireError("PDV", 0, f"data set in context {context_id}, its command was in {self.context_id}")
        if value:
            events.append(Fragments([value]))
        if control & LAST:
            self.data_ended()
            events.append(STORE_ENDED)
