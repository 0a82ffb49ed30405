"""What decoding raises."""


class WireError(Exception):
    """Bytes that are no valid PDU, item or command set.

    ``field`` names the part in the standard's words, ``offset`` counts bytes from the start of what was decoded.
    """

    def __init__(self, field: str, offset: int, reason: str) -> None:
        super().__init__(f"{field} at byte {offset}: {reason}")
        self.field = field
        self.offset = offset
        self.reason = reason
