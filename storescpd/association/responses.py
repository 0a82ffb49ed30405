"""Command sets cut into the P-DATA-TF that a peer takes (PS3.8 annex D.1)."""

from typing import Final

from storescpd.wire.codec import COMMAND, FRAGMENT, LAST, PDV_HEADER, PDV_OVERHEAD
from storescpd.wire.codes import PduType
from storescpd.wire.errors import WireError

MIN_PEER_PDU: Final = 14
"""Bytes; storescp 3.6.7 aborts when it has to answer into less."""
_P_DATA: Final = int(PduType.P_DATA_TF)
UNLIMITED_PDU: Final = 131072
"""What a peer's maximum length of 0 is taken for (storescp facts 4.6)."""


def fits_one(command_set: bytes, peer_max_pdu: int) -> bool:
    """Whether one P-DATA-TF holds the command set; ``peer_max_pdu`` 0 is no limit."""
    return len(command_set) + PDV_HEADER.size <= (peer_max_pdu or UNLIMITED_PDU)


def fragment(command_set: bytes, context_id: int, peer_max_pdu: int) -> bytes:
    """One P-DATA-TF where the command set fits, several where not; ``peer_max_pdu`` 0 is no limit.

    Raises:
        WireError: the peer announced less than any response needs.
    """
    limit = peer_max_pdu or UNLIMITED_PDU
    if limit < MIN_PEER_PDU:
        raise WireError("maximum length", 0, f"the peer takes PDUs of {limit} bytes, a response needs {MIN_PEER_PDU}")
    if fits_one(command_set, limit):
        return _pdu(command_set, context_id, COMMAND | LAST)
    step = (limit - PDV_HEADER.size) & ~1
    pieces = [command_set[start : start + step] for start in range(0, len(command_set), step)]
    controls = [COMMAND] * (len(pieces) - 1) + [COMMAND | LAST]
    return b"".join([_pdu(piece, context_id, control) for piece, control in zip(pieces, controls, strict=True)])


def _pdu(piece: bytes, context_id: int, control: int) -> bytes:
    length = len(piece)
    return FRAGMENT.pack(_P_DATA, length + PDV_HEADER.size, length + PDV_OVERHEAD, context_id, control) + piece
