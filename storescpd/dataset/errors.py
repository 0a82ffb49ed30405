"""What can go wrong with a data set, and what the worker makes of it."""


class DataSetError(ValueError):
    """The data set cannot be read: the association is aborted (storescp facts 4.8).

    ``offset`` counts bytes of the data set as received (inflated, where it is deflated); ``tag`` is group and element
    in one number, ``None`` where no tag could be read.
    """

    def __init__(self, offset: int, tag: int | None, message: str) -> None:
        where = f"byte {offset}" if tag is None else f"byte {offset}, ({tag >> 16:04x},{tag & 0xFFFF:04x})"
        super().__init__(f"{message} at {where}")
        self.offset = offset
        self.tag = tag
        self.message = message


class ConversionError(ValueError):
    """The data set cannot be written as wanted, or is empty, or larger than allowed: A700 (storescp facts 5.1, 6.2)."""
