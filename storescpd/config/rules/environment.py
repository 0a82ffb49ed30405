"""What a configuration must not say in the way that the daemon was started."""

import os
from collections.abc import Iterator

from storescpd.config.environment import Environment
from storescpd.config.paths import paths
from storescpd.config.peers import Peer
from storescpd.config.problems import Finding, KeyPath
from storescpd.config.root import Config
from storescpd.config.rules.sockets import contradictions
from storescpd.config.section import changed

_ALLOW = ("testing", "allow_in_service")


def unsuitable(config: Config, environment: Environment) -> Iterator[Finding]:
    """All findings about one way of starting."""
    if environment.service:
        yield from _relative_paths(config)
    if environment.service or environment.daemon or environment.inetd:
        yield from _no_terminal(config)
    if environment.service or environment.daemon:
        yield from _misbehaviour(config)
    if not environment.inetd:
        yield from contradictions(config, environment.passed_sockets)
    if environment.daemon and config.logging.destination == "stderr":
        message = "a daemon in the background has no standard error"
        yield Finding(("logging", "destination"), message, 'write "syslog", or the path of a file')
    if environment.inetd:
        yield from _outlives_one_association(config, ())
        for index in range(len(config.peers)):
            yield from _outlives_one_association(config.peers[index], ("peers", index))


def _relative_paths(config: Config) -> Iterator[Finding]:
    """A service's working directory is an accident."""
    for key, path in paths(config):
        is_unset = key == ("storage", "directory") and "directory" not in config.storage.model_fields_set
        if os.path.isabs(path) or (is_unset and config.storage.url):
            continue
        if is_unset:
            message = "is not set, and a service has no working directory to store in"
            yield Finding(key, message, 'say where, such as directory = "/var/lib/storescpd"')
        else:
            yield Finding(key, f'"{path}" is a relative path, which a service cannot have', "write the whole path")


def _no_terminal(config: Config) -> Iterator[Finding]:
    if config.tls.prompt_password:
        remedy = 'use tls.password_file, such as "credential:tls.password"'
        yield Finding(("tls", "prompt_password"), "a service has no terminal to ask on", remedy)


def _misbehaviour(config: Config) -> Iterator[Finding]:
    """A sender's test must not become a hospital's archive."""
    if config.testing.allow_in_service:
        return
    for name in changed(config.testing):
        remedy = "remove it, or set testing.allow_in_service = true"
        yield Finding(("testing", name), "is for trying out a sender, not for a service", remedy, (_ALLOW,))


def _outlives_one_association(config: Config | Peer, table: KeyPath) -> Iterator[Finding]:
    """A process for one association is gone before a study ends (storescp facts 1.9)."""
    said: dict[KeyPath, bool] = {
        ("studies", "rename"): config.studies.rename,
        ("hooks", "on_end_of_study"): bool(config.hooks.on_end_of_study),
    }
    for key in (key for key, is_said in said.items() if is_said):
        yield Finding((*table, *key), "does not go with --inetd, whose process ends with its association", "remove it")
