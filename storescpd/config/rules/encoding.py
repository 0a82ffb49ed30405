"""Storage, encoding and what is accepted must fit each other (storescp facts 1.9)."""

from collections.abc import Iterator

from storescpd.config.negotiation import COMPRESSED
from storescpd.config.problems import Finding
from storescpd.config.root import Config
from storescpd.config.section import changed

_BIT_PRESERVING = ("storage", "bit_preserving")
_TRANSFER_SYNTAX = ("encoding", "transfer_syntax")
_PREFER = ("negotiation", "prefer")


def bit_preserving(config: Config) -> Iterator[Finding]:
    """Bytes that are kept cannot be encoded anew, nor read for a study's directory."""
    if not config.storage.bit_preserving:
        return
    remedy = "remove this key, or set storage.bit_preserving = false"
    for name in changed(config.encoding):
        message = "does not go with storage.bit_preserving = true, which stores the bytes as received"
        yield Finding(("encoding", name), message, remedy, (_BIT_PRESERVING,))
    if config.naming.sort != "none":
        message = "does not go with storage.bit_preserving = true, which does not look into objects"
        yield Finding(("naming", "sort"), message, remedy, (_BIT_PRESERVING,))


def conversion(config: Config) -> Iterator[Finding]:
    """Compressed objects cannot be written in another transfer syntax."""
    target, prefer = config.encoding.transfer_syntax, config.negotiation.prefer
    if target != "same" and prefer in COMPRESSED:
        message = f'"{target}" does not go with negotiation.prefer = "{prefer}": compressed objects cannot be converted'
        yield Finding(_TRANSFER_SYNTAX, message, 'write "same", or prefer an uncompressed transfer syntax', (_PREFER,))


def compression_level(config: Config) -> Iterator[Finding]:
    """Said although nothing is deflated."""
    target = config.encoding.transfer_syntax
    if "compression_level" in config.encoding.model_fields_set and target not in {"same", "deflated"}:
        key = ("encoding", "compression_level")
        message = f'has no meaning with encoding.transfer_syntax = "{target}", which is not deflated'
        yield Finding(key, message, 'remove it, or write transfer_syntax = "same" or "deflated"', (_TRANSFER_SYNTAX,))


def padding(config: Config) -> Iterator[Finding]:
    """Padding is for files."""
    padding = config.encoding.padding
    if config.storage.format == "dataset" and (padding.file or padding.item):
        message = 'does not go with storage.format = "dataset", which is never padded'
        yield Finding(("encoding", "padding"), message, 'remove it, or write format = "file"', (("storage", "format"),))


RULES = (bit_preserving, conversion, compression_level, padding)
