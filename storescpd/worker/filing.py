"""What workers and keeper have to know of names, studies and hooks, made from the configuration."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from storescpd.config import Config
from storescpd.config.environment import detected
from storescpd.config.peers import MATCHERS, Peer
from storescpd.store.naming import FileNames, Naming, Sort
from storescpd.studies.policy import GENERAL, KeeperSettings, Policy, Scope

LEDGER = "ledger.sqlite"
"""Name of the ledger where studies.ledger says nothing."""
_BY_ASSOCIATION = frozenset({Scope.NONE, Scope.ASSOCIATION})
"""No other association can end the study that one is sending: its quiet time alone can."""


@dataclass(frozen=True, slots=True)
class Filing:
    """How the objects of some senders are named and filed."""

    naming: Naming
    slot: str
    """Under this name the keeper knows what is to happen to them."""
    ledger: str
    """Path of the ledger; empty: nothing is recorded."""
    watched: bool
    """Any sign of life of any sender delays the end of a study."""
    trust: float
    """Seconds after an object in which the same association need not ask again for the directory of its study."""
    synchronous: bool
    """The next command of an association waits for the hooks of the last."""
    patient_data: bool
    """Whether logs may show it."""
    alone: Policy | None = None
    """What happens to studies where the process ends with its association, and no keeper would be left."""

    @property
    def scheme(self) -> str:
        """How study directories are named; a study that is named in another way is another study."""
        return f"{self.naming.sort}:{self.naming.prefix}"


def filing(config: Config, slot: str, ledger: str) -> Filing:
    """How objects are named and filed by a configuration, one that is merged for some senders included.

    Without a ``ledger`` the association is on its own.
    """
    studies, naming = config.studies, config.naming
    needed = _needs_keeper(config)
    return Filing(
        naming=Naming(FileNames(naming.filenames), naming.extension, Sort(naming.sort), naming.prefix),
        slot=slot,
        ledger=ledger if needed else "",
        watched=Scope(studies.scope) is Scope.DAEMON and studies.end_of_study_timeout > 0,
        trust=0.0 if _must_ask(config) else studies.end_of_study_timeout / 2,
        synchronous=config.hooks.synchronous,
        patient_data=config.logging.patient_data,
        alone=_policy(config) if needed and not ledger else None,
    )


def _must_ask(config: Config) -> bool:
    """Whether the directory of a study can be taken from an association that has stored into it before."""
    ends = Scope(config.studies.scope) not in _BY_ASSOCIATION
    # The next episode of the study waits for it while the files of the last are renamed there.
    return ends or (Sort(config.naming.sort) is Sort.STUDY_UID and config.studies.rename)


def _needs_keeper(config: Config) -> bool:
    return Sort(config.naming.sort) is not Sort.NONE or bool(config.hooks.on_reception)


def slot_of(peer: Peer) -> str:
    """A name for a table of [[peers]] that it keeps when others come and go around it."""
    said = [(name, getattr(peer, name)) for name in MATCHERS]
    return " ".join([f"{name}={value}" for name, value in said if value is not None]) or "everyone"


def ledger_path(config: Config, variables: Mapping[str, str]) -> str:
    """Where the ledger is: as configured, in systemd's state directory, or beside the temporary files.

    Where the state directory is the spool, it is not among the objects either.
    """
    configured = config.studies.ledger
    state = detected(variables).state_directory
    if state and os.path.realpath(state) != os.path.realpath(config.storage.directory):
        default = os.path.join(state, LEDGER)
    else:
        default = os.path.join(config.storage.directory, ".storescpd", LEDGER)
    return os.path.abspath(configured or default)


def keeper_settings(config: Config, ledger: str) -> KeeperSettings | None:
    """What the keeper has to know; ``None`` where none is needed."""
    needed = [(slot, merged) for slot, merged in _merged(config) if _needs_keeper(merged)]
    if not needed:
        return None
    return KeeperSettings(
        ledger=ledger,
        policies={GENERAL: _policy(config), **{slot: _policy(merged) for slot, merged in needed}},
        keep=config.studies.keep,
        concurrency=config.hooks.concurrency,
        synchronous=any(merged.storage.durability != "none" for _, merged in needed),
    )


def _merged(config: Config) -> Iterator[tuple[str, Config]]:
    """Every configuration that some sender is served by, the last of a slot first."""
    for index in reversed(range(len(config.peers))):
        if config.peers[index].accept:
            yield slot_of(config.peers[index]), config.for_peer(index)
    yield GENERAL, config


def _policy(config: Config) -> Policy:
    studies, hooks = config.studies, config.hooks
    return Policy(
        scope=Scope(studies.scope),
        end_of_study_timeout=studies.end_of_study_timeout,
        rename=studies.rename,
        on_reception=hooks.on_reception,
        on_end_of_study=hooks.on_end_of_study,
        hook_timeout=hooks.timeout,
        retries=hooks.retries,
        inherit_environment=hooks.inherit_environment,
        inherit_output=hooks.inherit_output,
        durable=config.storage.durability == "full",
    )
