"""Files that are read at start: there, readable, in a fitting place."""

import os
import stat
from collections.abc import Iterator

from storescpd.config.addresses import POSTGRESQL
from storescpd.config.environment import Environment
from storescpd.config.negotiation_profiles import chosen_from_file
from storescpd.config.problems import ConfigError, Finding, KeyPath
from storescpd.config.root import Config
from storescpd.config.texts import CREDENTIAL
from storescpd.config.world.accounts import me, served_as
from storescpd.config.world.directories import usable
from storescpd.config.world.mounts import file_system, is_network

_TLS_FILES = ("key", "certificate", "password_file", "dh_parameters", "random_seed_file")
_TLS_LISTS = ("ca_files", "crl_files")


def findings(config: Config, environment: Environment) -> Iterator[Finding]:
    """About every file that the configuration names."""
    if any(listener.tls for listener in config.listeners):
        yield from _tls(config, environment)
    yield from _profile_file(config)
    if config.access.tcp_wrappers:
        for name in ("hosts_allow", "hosts_deny"):
            path = getattr(config.access, name)
            # To TCP wrappers a file that is not there is an empty one.
            yield from _readable(("access", name), path) if os.path.lexists(path) else ()
    yield from _log_file(config, environment)
    yield from _ledger(config, environment)


def unreadable(path: str) -> str | None:
    """Why a file cannot be read, ``None`` where it can."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return f"there is no file {path}"
    except PermissionError:
        return f"{me()} cannot read {path}"
    except OSError as error:
        return f"{path} cannot be read: {error.strerror}"
    try:
        return f"{path} is a directory" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else None
    finally:
        os.close(descriptor)


def _readable(key: KeyPath, path: str) -> Iterator[Finding]:
    wrong = unreadable(path)
    if wrong is not None:
        yield Finding(key, wrong, "correct the path or the file's rights")


def _tls(config: Config, environment: Environment) -> Iterator[Finding]:
    named: list[tuple[KeyPath, str]] = [(("tls", name), getattr(config.tls, name)) for name in _TLS_FILES]
    for name in _TLS_LISTS:
        named += [(("tls", name, index), path) for index, path in enumerate(getattr(config.tls, name))]
    for key, path in ((key, path) for key, path in named if path):
        yield from _credential_or_file(key, path, environment)
    for index, path in enumerate(config.tls.ca_directories):
        if not os.path.isdir(path):
            yield Finding(("tls", "ca_directories", index), f"there is no directory {path}", "correct the path")
    yield from _exposed_key(config.tls.key)


def _credential_or_file(key: KeyPath, path: str, environment: Environment) -> Iterator[Finding]:
    if not path.startswith(CREDENTIAL):
        yield from _readable(key, path)
    elif environment.credentials_directory is None:
        message = f"{path} was not checked: only the service itself sees its credentials"
        yield Finding(key, message, "", note=True)
    else:
        name = path.removeprefix(CREDENTIAL)
        if unreadable(os.path.join(environment.credentials_directory, name)) is not None:
            remedy = f"add LoadCredential={name}:/path/of/file to the unit"
            yield Finding(key, f'systemd passed no credential "{name}"', remedy)


def _exposed_key(path: str) -> Iterator[Finding]:
    try:
        mode = os.stat(path).st_mode if path and not path.startswith(CREDENTIAL) else 0
    except OSError:
        return
    if mode & stat.S_IROTH:
        yield Finding(("tls", "key"), f"everyone can read {path}", f"chmod o-rwx {path}", note=True)


def _profile_file(config: Config) -> Iterator[Finding]:
    key: KeyPath = ("negotiation", "profile_file")
    if not config.negotiation.profile_file:
        return
    try:
        yield from chosen_from_file(config)
    except ConfigError as error:
        for problem in error.problems:
            yield Finding(key, str(problem), "correct that file")


def _log_file(config: Config, environment: Environment) -> Iterator[Finding]:
    path = config.logging.destination
    key: KeyPath = ("logging", "destination")
    if "/" not in path:
        return
    if not os.path.lexists(path):
        found = usable(key, os.path.dirname(path), environment, served_as(config))
        if found is not None:
            yield found
    elif not os.access(path, os.W_OK, effective_ids=True) or os.path.isdir(path):
        yield Finding(key, f"{me()} cannot write to {path}", "correct the path or the file's rights")


def _ledger(config: Config, environment: Environment) -> Iterator[Finding]:
    """SQLite's locks do not hold on network file systems."""
    key: KeyPath = ("studies", "ledger")
    path = config.studies.ledger
    merged = (config, *map(config.for_peer, range(len(config.peers))))
    needed = any(one.naming.sort != "none" or one.hooks.on_reception for one in merged)
    if not needed or path.startswith(POSTGRESQL):
        return
    directory = os.path.dirname(path) if path else environment.state_directory or config.storage.directory
    if path:
        found = usable(key, directory or ".", environment, served_as(config))
        if found is not None:
            yield found
            return
    kind = file_system(directory or ".")
    if kind is not None and is_network(kind):
        message = f"the ledger would lie in {directory}, on a network file system ({kind})"
        yield Finding(key, message, 'name a file on a local disk, such as "/var/lib/storescpd/ledger"')
