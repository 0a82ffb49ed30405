"""PS3.5 data sets: a streaming reader and re-encoder that writes what storescp writes. No I/O, no clock."""

from storescpd.dataset.dictionary import Dictionary
from storescpd.dataset.encoding import Encoding, GroupLength, Limits, OutputSyntax, SequenceLength
from storescpd.dataset.errors import ConversionError, DataSetError, Fault
from storescpd.dataset.identity import Identity
from storescpd.dataset.output import Chunk, Extent, Final, Patch, Plan
from storescpd.dataset.reencoder import Reencoder

__all__ = [
    "Chunk",
    "ConversionError",
    "DataSetError",
    "Dictionary",
    "Encoding",
    "Extent",
    "Fault",
    "Final",
    "GroupLength",
    "Identity",
    "Limits",
    "OutputSyntax",
    "Patch",
    "Plan",
    "Reencoder",
    "SequenceLength",
]
