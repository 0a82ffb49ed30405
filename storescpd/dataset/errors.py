"""What can go wrong with a data set, and what the worker makes of it."""

from enum import Enum, auto


class Fault(Enum):
    """The kinds of what can be wrong. The sender is told the kind alone; the log has the whole text."""

    UNREADABLE = auto()
    CUT_SHORT = auto()
    TOO_DEEP = auto()
    DISORDER = auto()
    NOT_DEFLATED = auto()
    INFLATES = auto()
    NOT_CONVERTIBLE = auto()
    TOO_LARGE = auto()
    EMPTY = auto()


class DataSetError(ValueError):
    """The data set cannot be read: it is answered C000, or the association is aborted (storescp facts 4.8).

    ``offset`` counts bytes of the data set as received (inflated, where it is deflated); ``tag`` is group and element
    in one number, ``None`` where no tag could be read.
    """

    def __init__(self, offset: int, tag: int | None, message: str, fault: Fault = Fault.UNREADABLE) -> None:
        where = f"byte {offset}" if tag is None else f"byte {offset}, ({tag >> 16:04x},{tag & 0xFFFF:04x})"
        super().__init__(f"{message} at {where}")
        self.offset = offset
        self.tag = tag
        self.message = message
        self.fault = fault


class ConversionError(ValueError):
    """The data set cannot be written as wanted, or is empty, or larger than allowed: A700 (storescp facts 5.1, 6.2)."""

    def __init__(self, message: str, fault: Fault = Fault.NOT_CONVERTIBLE) -> None:
        super().__init__(message)
        self.fault = fault
