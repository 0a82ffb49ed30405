"""The whole configuration: its sections in the order of the file."""

from typing import Annotated, TypeVar

from pydantic import AfterValidator

from storescpd.config.access import Access
from storescpd.config.association import Association
from storescpd.config.encoding import Encoding
from storescpd.config.hooks import Hooks
from storescpd.config.listeners import Listener
from storescpd.config.logging import Logging
from storescpd.config.metrics import Metrics
from storescpd.config.naming import Naming
from storescpd.config.negotiation import Negotiation
from storescpd.config.peers import SECTIONS, Peer
from storescpd.config.process import Process
from storescpd.config.refusal import refusal
from storescpd.config.section import Section, setting
from storescpd.config.storage import Storage
from storescpd.config.studies import Studies
from storescpd.config.testing import Testing
from storescpd.config.texts import Several
from storescpd.config.tls import Tls

S = TypeVar("S", bound=Section)


def parse_version(value: int) -> int:
    """The version of the format: so far there is one."""
    if value != 1:
        raise refusal(f"this program does not read version {value} of the format", "write config_version = 1")
    return value


Version = Annotated[int, AfterValidator(parse_version)]


class Config(Section):
    """One file. Frozen; a reload makes another one."""

    config_version: Version = setting(1, "version of this format")
    process: Process = Process.standard()
    listeners: Several[Listener] = (Listener.standard(),)
    association: Association = Association.standard()
    negotiation: Negotiation = Negotiation.standard()
    access: Access = Access.standard()
    tls: Tls = Tls.standard()
    storage: Storage = Storage.standard()
    encoding: Encoding = Encoding.standard()
    naming: Naming = Naming.standard()
    studies: Studies = Studies.standard()
    hooks: Hooks = Hooks.standard()
    peers: Several[Peer] = ()
    logging: Logging = Logging.standard()
    metrics: Metrics = Metrics.standard()
    testing: Testing = Testing.standard()

    @property
    def listeners_given(self) -> bool:
        """Whether the file itself has listeners; if not, ``listeners`` is the one with the defaults."""
        return "listeners" in self.model_fields_set

    def for_peer(self, index: int) -> "Config":
        """The configuration for a sender that the peer table ``index`` (from 0) matches, merged key by key."""
        peer = self.peers[index]
        changed = (name for name in SECTIONS if name in peer.model_fields_set)
        return self.model_copy(update={name: _merged(getattr(self, name), getattr(peer, name)) for name in changed})


def _merged(base: S, override: S) -> S:
    return base.model_copy(update={name: getattr(override, name) for name in override.model_fields_set})
