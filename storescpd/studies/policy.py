"""What is to happen to studies: the settings of ``[studies]`` and ``[hooks]`` as plain values."""

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

GENERAL = ""
"""The slot of the settings that hold where no other do."""
FIRST_PAUSE = 1.0
LONGEST_PAUSE = 300.0
"""Seconds between two attempts at a hook; each pause is twice the one before."""
END_GRACE = 5.0
"""Seconds between SIGTERM and SIGKILL for a hook that takes too long."""

Command = str | tuple[str, ...]
"""A line for the shell, or the words of a command; empty is none."""


class Scope(StrEnum):
    """Whose object of another study ends a study."""

    NONE = "none"
    ASSOCIATION = "association"
    PEER = "peer"
    DAEMON = "daemon"


@dataclass(frozen=True, slots=True)
class Policy:
    """One way to end studies and to run hooks. Several exist where some senders have settings of their own."""

    scope: Scope = Scope.NONE
    end_of_study_timeout: float = 60.0
    """Seconds; 0 is no timer."""
    rename: bool = False
    on_reception: Command = ""
    on_end_of_study: Command = ""
    hook_timeout: float = 3600.0
    """Seconds; 0 is none."""
    retries: int = 0
    inherit_environment: bool = False
    inherit_output: bool = False
    """Hooks write where the daemon does; else at debug into the log, and otherwise nowhere."""
    durable: bool = True
    """Renames are on the medium before the study goes on."""

    def as_text(self) -> str:
        """For the ledger, which outlives a configuration."""
        return json.dumps(dataclasses.asdict(self))


def from_text(text: str) -> Policy:
    """A policy that an earlier daemon has put into the ledger; keys that this one does not know are left out."""
    known = {item.name for item in dataclasses.fields(Policy)}
    values = {name: value for name, value in json.loads(text).items() if name in known}
    values["scope"] = Scope(values["scope"])
    for name in ("on_reception", "on_end_of_study"):
        if isinstance(values[name], list):
            values[name] = tuple(values[name])
    return Policy(**values)


@dataclass(frozen=True, slots=True)
class KeeperSettings:
    """What the keeper needs to know."""

    ledger: str
    """Path of the ledger."""
    policies: Mapping[str, Policy] = field(default_factory=lambda: {GENERAL: Policy()})
    """By slot. A slot is named by what its senders have in common, so that it keeps its name over reloads."""
    keep: float = 30 * 86400.0
    """Seconds that an ended study stays in the ledger."""
    concurrency: int = 4
    """Hooks that run at once; 0 is no limit."""
    synchronous: bool = True
    """A record is on the medium before it is acknowledged."""


class Policies:
    """The policies by slot: those of this configuration, and for slots that it lacks what the ledger remembers."""

    def __init__(self, current: Mapping[str, Policy], remembered: Mapping[str, Policy]) -> None:
        self._known = {**remembered, **current}
        self.have_hooks = any(one.on_reception or one.on_end_of_study for one in self._known.values())
        """Without one no hook is entered for anything."""

    def __getitem__(self, slot: str) -> Policy:
        return self._known.get(slot) or self._known[GENERAL]
