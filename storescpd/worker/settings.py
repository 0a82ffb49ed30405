"""What a worker needs to know, made from the configuration once before it is forked."""

import functools
import os
import sys
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from storescpd.access.peers import Matchers, Peer
from storescpd.access.titles import literal
from storescpd.association import NegotiationCache, Policy, Profile, Role
from storescpd.config import Config, negotiation_profiles
from storescpd.config.negotiation_profiles import profiles
from storescpd.data import pydicom_tables
from storescpd.data.preferences import preferences
from storescpd.data.sop_classes import STORAGE_SOP_CLASSES, VERIFICATION
from storescpd.worker.gate import Gate
from storescpd.worker.identification import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME
from storescpd.worker.options import SocketOptions, socket_options
from storescpd.worker.remedies import Remedies
from storescpd.worker.securing import Ask, gate, nobody_to_ask, secure_ports, seed_file

if TYPE_CHECKING:
    from storescpd.access.tls import SecurePort
    from storescpd.store import Directory
    from storescpd.studies.policy import KeeperSettings
    from storescpd.worker.storing import Storing, Storings


class Deadlines(NamedTuple):
    """Seconds, 0 for none."""

    dimse: float
    socket: float
    idle: float
    goes_on: bool = False
    """After the first of them the object is given up and the association goes on, as storescp has it (facts 4.9)."""


class Places(NamedTuple):
    """Places, counted over the whole daemon; 0 is no limit."""

    associations: int
    associations_per_peer: int
    connections: int
    wait_when_full: bool


class Trial(NamedTuple):
    """Misbehaviour on purpose, to try out a sender (contract, [testing])."""

    ignore: bool
    """Objects are received, and answered 0000, but not stored."""
    sleep_after: float
    """Seconds after each response."""
    sleep_during: float
    """Seconds at the begin of each object, at each of its fragments, and at its end."""
    abort_after: bool
    """A-ABORT when an object has come, before anything of it is stored."""
    abort_during: bool
    """A-ABORT after the first fragment."""


class Agreements(NamedTuple):
    """What is agreed to at each listener; listeners that agree to the same share one memory of requests."""

    default: NegotiationCache
    by_listener: Mapping[str, NegotiationCache]
    """By its name: those with a profile of their own."""
    remedies: Remedies = Remedies()
    """For those who are refused something."""
    remedies_by_listener: Mapping[str, Remedies] = MappingProxyType({})

    def remedies_at(self, listener: str) -> Remedies:
        """What to advise at the listener of this name."""
        return self.remedies_by_listener.get(listener, self.remedies)

    def at(self, listener: str) -> NegotiationCache:
        """What is agreed to at the listener of this name."""
        return self.by_listener.get(listener, self.default)


class Service:
    """How a sender is served."""

    def __init__(
        self,
        agreements: Agreements,
        deadlines: Deadlines,
        make_storing: "Callable[[], Storing]",
        *,
        accept: bool = True,
        number: int = 0,
        comments: bool = True,
    ) -> None:
        self.agreements = agreements
        self.deadlines = deadlines
        self.accept = accept
        """``False``: it is rejected 1/1/3."""
        self.number = number
        """Of the table in [[peers]], counted from 1; 0: no table is for it."""
        self.comments = comments
        """Failures carry an Error Comment."""
        self._make_storing = make_storing

    @property
    def is_used(self) -> bool:
        """Whether somebody has asked how its objects are stored."""
        return "storing" in vars(self)

    @functools.cached_property
    def storing(self) -> "Storing":
        """How its objects are stored; raises StorageError when there is none to be had."""
        return self._make_storing()


class Titles(NamedTuple):
    """Which titles are recognised; ``None`` is all."""

    called: tuple[str, ...] | None
    calling: tuple[str, ...] | None


class Settings(NamedTuple):
    """Everything about serving connections."""

    service: Service
    """For senders that no rule is for."""
    rules: tuple[tuple[Matchers, Service], ...]
    """For others; the first whose matchers hold counts."""
    titles: Titles
    acse_timeout: float
    """Seconds from accepting a connection to its whole A-ASSOCIATE-RQ."""
    socket_options: SocketOptions
    places: Places
    patient_data: bool
    """Whether logs may show it."""
    dump_presentation_contexts: bool
    gate: Gate
    """Who gets in at all."""
    tls: "Mapping[str, SecurePort]"
    """By the name of the listener: those with TLS."""
    seed_file: str
    """Gets a new random seed after each association; empty for none."""
    trial: Trial | None
    """``None`` where nothing is to go wrong."""
    keeper: "KeeperSettings | None"
    """``None`` where nothing is to be kept."""

    def service_for(self, peer: Peer) -> Service:
        """How this sender is served."""
        for matchers, service in self.rules:
            if matchers.match(peer):
                return service
        return self.service

    @property
    def used_directories(self) -> "list[Directory]":
        """Those of them that objects may have come to."""
        return _directories([service for service in self._services if service.is_used])

    @property
    def directories(self) -> "list[Directory]":
        """Every storage directory, each once; none where nothing is stored or recorded."""
        if self.trial is not None and self.trial.ignore and self.keeper is None:
            return []
        return _directories(self._services)

    @property
    def _services(self) -> "list[Service]":
        return [self.service, *[service for _, service in self.rules]]

    def load(self) -> None:
        """Make what is made late: so it is the same for all workers.

        Raises:
            StorageError: a directory's group or a data dictionary is not as the configuration says.
        """
        for service in self._services:
            service.storing  # noqa: B018


def _directories(services: "Iterable[Service]") -> "list[Directory]":
    found = {one.storing.directory.settings.directory: one.storing.directory for one in services}
    return list(found.values())


def settings(
    config: Config, ask: Ask = nobody_to_ask, *, alone: bool = False, aside: tuple[str, ...] | None = None
) -> Settings:
    """The settings of a worker that serves by this configuration; ``alone`` is one without a keeper.

    ``aside``: nothing but objects is to be in the directories; see ``StorageSettings``.

    How objects are stored is made when it is asked for: what stores is half of what a process has to load, and
    an association is answered without.

    Raises:
        ConfigError: a profile cannot be had from the profile file.
        TlsError: a key, a certificate or a rule of [tls] cannot be used.
    """
    association, process = config.association, config.process
    found = profiles(config)
    storings = functools.cache(functools.partial(_storings, config, alone=alone, aside=aside))
    return Settings(
        service=_service(config, _agreements(config, found), lambda: storings().of(config)),
        rules=tuple(_rule(config, index, found, storings) for index in range(len(config.peers))),
        titles=_titles(config),
        acse_timeout=association.acse_timeout,
        socket_options=socket_options(association.socket_timeout, association.keepalive),
        places=Places(
            associations=process.max_associations,
            associations_per_peer=process.max_associations_per_peer,
            connections=process.max_connections,
            wait_when_full=process.when_full == "wait",
        ),
        patient_data=config.logging.patient_data,
        dump_presentation_contexts=config.logging.dump_presentation_contexts,
        gate=gate(config),
        tls=secure_ports(config, ask),
        seed_file=seed_file(config),
        trial=_trial(config),
        keeper=None if alone else _keeper(config),
    )


def _storings(config: Config, *, alone: bool, aside: tuple[str, ...] | None) -> "Storings":
    from storescpd.worker.storing import Storings  # noqa: PLC0415 - see settings

    return Storings(config, alone=alone, aside=aside)


def _keeper(config: Config) -> "KeeperSettings | None":
    from storescpd.worker.filing import keeper_settings, ledger_path  # noqa: PLC0415 - a lone process has none

    return keeper_settings(config, ledger_path(config, os.environ))


def _service(
    config: Config,
    agreements: Agreements,
    make_storing: "Callable[[], Storing]",
    *,
    accept: bool = True,
    number: int = 0,
) -> Service:
    association = config.association
    return Service(
        agreements=agreements,
        deadlines=Deadlines(
            association.dimse_timeout,
            association.socket_timeout,
            association.idle_timeout,
            association.dimse_timeout_ends == "object",
        ),
        make_storing=make_storing,
        accept=accept,
        number=number,
        comments=association.error_comment,
    )


def _rule(
    config: Config,
    index: int,
    found: Mapping[str, negotiation_profiles.Profile],
    storings: "Callable[[], Storings]",
) -> tuple[Matchers, Service]:
    peer = config.peers[index]
    matchers = Matchers(
        calling_ae_title=peer.calling_ae_title,
        called_ae_title=peer.called_ae_title,
        listener=peer.listener,
        network=peer.network,
        certificate_subject=peer.certificate_subject,
    )
    # What is said of a sender counts more than what is said of a port.
    merged = config.for_peer(index)
    own = bool(peer.negotiation.model_fields_set)
    agreements = _agreements(merged.model_copy(update={"listeners": ()}) if own else merged, found)
    made = _service(merged, agreements, lambda: storings().of(merged, index), accept=peer.accept, number=index + 1)
    return matchers, made


def _agreements(config: Config, found: Mapping[str, negotiation_profiles.Profile]) -> Agreements:
    wanted = {one.name: one.profile for one in config.listeners if one.profile}
    default = config.negotiation.profile
    caches = {name: NegotiationCache(policy(config, found.get(name))) for name in {default, *wanted.values()}}
    recodes = config.encoding.transfer_syntax != "same"
    return Agreements(
        caches[default],
        {listener: caches[name] for listener, name in wanted.items()},
        Remedies(default, recodes),
        {listener: Remedies(name, recodes) for listener, name in wanted.items()},
    )


def _titles(config: Config) -> Titles:
    association = config.association
    called = (literal(association.ae_title), *association.accepted_called_ae_titles)
    return Titles(
        called=called if association.check_called_ae_title else None,
        calling=tuple(association.calling_ae_titles) or None,
    )


def _trial(config: Config) -> Trial | None:
    testing = config.testing
    trial = Trial(
        ignore=testing.ignore,
        sleep_after=testing.sleep_after,
        sleep_during=testing.sleep_during,
        abort_after=testing.abort_after,
        abort_during=testing.abort_during,
    )
    return trial if any(trial) else None


def policy(config: Config, profile: negotiation_profiles.Profile | None = None) -> Policy:
    """What the acceptor agrees to, by a profile where there is one."""
    negotiation = config.negotiation
    return Policy(
        implementation_class_uid=IMPLEMENTATION_CLASS_UID,
        implementation_version_name=IMPLEMENTATION_VERSION_NAME,
        abstract_syntaxes=STORAGE_SOP_CLASSES | {VERIFICATION} | set(negotiation.extra_sop_classes),
        transfer_syntaxes=preferences(sys.byteorder)[negotiation.prefer],
        known_uids=_known_uids() if negotiation.promiscuous else None,
        # storescp announces an even length whatever was asked for (storescp facts 1.5).
        max_pdu=config.association.max_pdu & ~1,
        refuse=config.testing.refuse,
        require_implementation_class_uid=config.association.reject_without_implementation_uid,
        profile=None if profile is None else _as_values(profile),
        any_encoding=config.storage.bit_preserving,
    )


def _as_values(profile: negotiation_profiles.Profile) -> Profile:
    roles = {sop_class: Role(role) for sop_class, role in profile.roles.items()}
    return Profile(profile.transfer_syntaxes, roles, profile.extended)


def _known_uids() -> frozenset[str]:
    return frozenset(pydicom_tables.load("_uid_dict").UID_dictionary)
