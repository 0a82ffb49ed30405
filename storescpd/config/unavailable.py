"""Keys that are understood and checked, but whose behaviour is still to come. Removing a line makes a key available."""

from collections.abc import Iterator

from storescpd.config.addresses import POSTGRESQL
from storescpd.config.problems import Finding, KeyPath
from storescpd.config.root import Config
from storescpd.config.section import Section, changed

NOT_YET = (
    "listeners.proxy_protocol",
    "access.trusted_proxies",
    "storage.url",
    "metrics",
)
"""Keys, or whole sections; what counts is a value other than the default."""


def unavailable(config: Config, not_yet: tuple[str, ...] = NOT_YET) -> Iterator[Finding]:
    """A finding for each key of the table that the file uses."""
    for key in _used(config):
        names = [part for part in key if isinstance(part, str)]
        if names[0] in not_yet or ".".join(names[:2]) in not_yet:
            yield Finding(key, "not available yet", "remove it: this version does not do it")
    if not_yet and config.studies.ledger.startswith(POSTGRESQL):
        key = ("studies", "ledger")
        yield Finding(key, "a ledger in PostgreSQL is not available yet", "name a file on a local disk, or remove it")


def _used(config: Config) -> Iterator[KeyPath]:
    for name in type(config).model_fields:
        value = getattr(config, name)
        if isinstance(value, Section):
            yield from ((name, key) for key in changed(value))
        elif name == "listeners":
            yield from (("listeners", index, key) for index, one in enumerate(value) for key in changed(one))
        elif isinstance(value, tuple):
            yield from ((name, index) for index in range(len(value)))
