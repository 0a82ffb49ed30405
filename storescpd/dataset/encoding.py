"""How data sets are to be written: the settings of ``[encoding]`` as plain values (storescp facts 6)."""

from dataclasses import dataclass, field, fields
from enum import StrEnum

from storescpd.data.transfer_syntaxes import (
    DEFLATED,
    EXPLICIT_BIG,
    EXPLICIT_LITTLE,
    IMPLICIT_LITTLE,
    TRANSFER_SYNTAXES,
    TransferSyntax,
)


class OutputSyntax(StrEnum):
    """The transfer syntax to write (storescp facts 6.2)."""

    SAME = "same"
    EXPLICIT_LITTLE = "explicit-little"
    EXPLICIT_BIG = "explicit-big"
    IMPLICIT = "implicit"
    DEFLATED = "deflated"


class GroupLength(StrEnum):
    """What happens to group length elements (storescp facts 6.3)."""

    RECALCULATE = "recalculate"
    CREATE = "create"
    REMOVE = "remove"


class SequenceLength(StrEnum):
    """How the length of sequences and items is written (storescp facts 6.4)."""

    EXPLICIT = "explicit"
    UNDEFINED = "undefined"


@dataclass(frozen=True, slots=True)
class Limits:
    """What a data set may cost."""

    nesting: int = 64
    """Sequences within sequences (storescp facts 6.9)."""
    object_size: int = 0
    """Bytes of the data set as it is received, after inflating, and as it is written; 0 = no limit."""
    inflation: int = 0
    """Bytes that a deflated byte may become in the long run (a megabyte is always allowed); 0 = no limit."""


@dataclass(frozen=True, slots=True)
class Encoding:
    """How data sets are written."""

    transfer_syntax: OutputSyntax = OutputSyntax.SAME
    new_vr: bool = True
    """Write VRs that came after 1993 as they are; ``False``: as OB."""
    group_length: GroupLength = GroupLength.RECALCULATE
    sequence_length: SequenceLength = SequenceLength.EXPLICIT
    file_padding: int = 0
    """The file, preamble and meta header included, becomes a multiple of this; 0 = no padding."""
    item_padding: int = 0
    """The same for the content of each item."""
    convert_un: bool = False
    """Read UN elements as what the dictionary knows them to be."""
    compression_level: int = 6
    limits: Limits = field(default_factory=Limits)
    _hash: int = field(init=False, repr=False, compare=False)
    """Tables are looked up by it for each object."""

    def __post_init__(self) -> None:
        settings = [getattr(self, setting.name) for setting in fields(self) if setting.compare]
        object.__setattr__(self, "_hash", hash(tuple(settings)))

    def __hash__(self) -> int:
        return self._hash

    @property
    def padding(self) -> tuple[int, int]:
        """Multiples for the file and for items; an odd one cannot be reached: then nothing is padded."""
        if self.file_padding & 1 or self.item_padding & 1:
            return 0, 0
        return self.file_padding, self.item_padding

    def output_syntax(self, received: TransferSyntax) -> TransferSyntax:
        """The transfer syntax that an object received in ``received`` is written in."""
        uid = _OUTPUT.get(self.transfer_syntax)
        return received if uid is None else TRANSFER_SYNTAXES[uid]


_OUTPUT = {
    OutputSyntax.EXPLICIT_LITTLE: EXPLICIT_LITTLE,
    OutputSyntax.EXPLICIT_BIG: EXPLICIT_BIG,
    OutputSyntax.IMPLICIT: IMPLICIT_LITTLE,
    OutputSyntax.DEFLATED: DEFLATED,
}
