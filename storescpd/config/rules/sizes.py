"""Limits of size that no object, or hardly any, can keep."""

from collections.abc import Iterator

from storescpd.config.problems import Finding, KeyPath
from storescpd.config.root import Config

_LIMIT: KeyPath = ("storage", "max_object_size")
_PADDING: KeyPath = ("encoding", "padding")
_META = 1024
"""Bytes, more than the file meta information has, which padding counts in and the limit does not."""
_SMALLEST = 1024
"""Bytes. What says only which patient, study, series and instance it belongs to has about as many."""


def padding_fits(config: Config) -> Iterator[Finding]:
    """What is padded beyond the limit is refused."""
    limit, padding = config.storage.max_object_size, config.encoding.padding
    if not limit:
        return
    remedy = "write a smaller padding or a larger limit"
    if padding.file > limit + _META:
        message = f"pads files to {padding.file} bytes, and storage.max_object_size is {limit}: every object is refused"
        yield Finding(_PADDING, message, remedy, (_LIMIT,))
    elif padding.item > limit:
        message = f"pads items to {padding.item} bytes, and storage.max_object_size is {limit}"
        yield Finding(_PADDING, f"{message}: every object with a sequence is refused", remedy, (_LIMIT,), note=True)


def limits_leave_something(config: Config) -> Iterator[Finding]:
    """Somebody may want just that, but hardly knowingly."""
    limit = config.storage.max_object_size
    if 0 < limit < _SMALLEST:
        message = f"is {limit} bytes: nearly every object is larger and is refused"
        yield Finding(_LIMIT, message, 'write a size such as "4 GiB", or 0 for no limit', note=True)
    if config.storage.max_inflation == 1:
        message = "is 1: what is deflated inflates, so nearly every deflated object is refused"
        yield Finding(("storage", "max_inflation"), message, "write 1000 or more, or 0 for no limit", note=True)


RULES = (padding_fits, limits_leave_something)
