"""[[peers]]: other settings for some senders."""

from storescpd.config.addresses import Cidr
from storescpd.config.association import Association
from storescpd.config.encoding import Encoding
from storescpd.config.hooks import Hooks
from storescpd.config.naming import Naming
from storescpd.config.negotiation import Negotiation
from storescpd.config.section import Section, setting
from storescpd.config.storage import Storage
from storescpd.config.studies import Studies
from storescpd.config.texts import Pattern, SocketName, Text

MATCHERS = ("calling_ae_title", "called_ae_title", "listener", "network", "certificate_subject")

SECTIONS = ("storage", "encoding", "naming", "negotiation", "studies", "hooks", "association")
"""The sections that a peer can override."""

ALLOWED = {
    "negotiation": {"prefer", "promiscuous", "extra_sop_classes", "profile"},
    "studies": set(Studies.model_fields) - {"ledger", "keep"},
    "hooks": set(Hooks.model_fields) - {"concurrency"},
    "association": {"dimse_timeout", "dimse_timeout_ends", "socket_timeout", "idle_timeout"},
}
"""Of these sections only the keys that can differ by peer; of the other sections all."""


class Peer(Section):
    """Other settings for some senders.

    The first table whose matchers all hold is used; one without matchers is for everyone. Its tables go key by key
    over the sections of the same names, and each result must be valid as a whole.
    """

    calling_ae_title: Pattern | None = setting(None, "pattern of the sender's title", shown='"CT*"', example=True)
    called_ae_title: Pattern | None = setting(None, "pattern of the title it calls", shown='"ARCHIVE"', example=True)
    listener: SocketName | None = setting(None, "name of the port that it comes in by", shown='"dicom"', example=True)
    network: Cidr | None = setting(None, "network that it is in", shown='"10.0.0.0/8"', example=True)
    certificate_subject: Text | None = setting(
        None, "attribute in the subject of its TLS certificate", shown='"CN=ct1.example.org"', example=True
    )
    accept: bool = setting(default=True, text="false: reject it (1/1/3)")
    storage: Storage = setting(
        Storage.standard(), "keys as in [storage]", shown='{ directory = "/srv/ct" }', example=True
    )
    encoding: Encoding = setting(
        Encoding.standard(), "keys as in [encoding]", shown='{ transfer_syntax = "implicit" }', example=True
    )
    naming: Naming = setting(Naming.standard(), "keys as in [naming]", shown='{ extension = ".dcm" }', example=True)
    negotiation: Negotiation = setting(
        Negotiation.standard(),
        "of [negotiation]: prefer, promiscuous, extra_sop_classes, profile",
        shown='{ prefer = "lossless" }',
        example=True,
    )
    studies: Studies = setting(
        Studies.standard(),
        "keys as in [studies], but for keep and ledger",
        shown="{ end_of_study_timeout = 120 }",
        example=True,
    )
    hooks: Hooks = setting(
        Hooks.standard(), "keys as in [hooks], but for concurrency", shown="{ retries = 3 }", example=True
    )
    association: Association = setting(
        Association.standard(),
        "of [association]: dimse_timeout, dimse_timeout_ends, socket_timeout, idle_timeout",
        shown="{ idle_timeout = 60 }",
        example=True,
    )
