"""Users and groups exist, and this process may hand files to them."""

import contextlib
import grp
import os
import pwd
from collections.abc import Container, Iterator

from storescpd.config.problems import Finding, KeyPath
from storescpd.config.root import Config
from storescpd.data.limits import LARGEST_GROUP_ID

SERVICE_USER = "storescpd"
"""Of the service unit that we ship."""


def me() -> str:
    """The user of this process, by name where it has one."""
    uid = os.geteuid()
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def served_as(config: Config) -> str:
    """Whom the daemon runs as, for commands that root is told to give; USER where this process cannot know."""
    if config.process.user or os.geteuid() != 0:
        return config.process.user or me()
    with contextlib.suppress(KeyError):
        return pwd.getpwnam(SERVICE_USER).pw_name
    return "USER"


def group_id(name: str) -> int | None:
    """A group's number, given its name or the number itself; ``None`` where there is none."""
    if name.isascii() and name.isdecimal():
        return int(name) if int(name) <= LARGEST_GROUP_ID else None
    try:
        return grp.getgrnam(name).gr_gid
    except KeyError:
        return None


def findings(config: Config) -> Iterator[Finding]:
    """About the user and the groups that the file names."""
    yield from _user(config)
    if config.process.group and group_id(config.process.group) is None:
        yield _no_group(("process", "group"), config.process.group)
    yield from _storage_group(config, ("storage", "group"), config.storage.group)
    for index, peer in enumerate(config.peers):
        if "group" in peer.storage.model_fields_set:
            yield from _storage_group(config, ("peers", index, "storage", "group"), peer.storage.group)


def _user(config: Config) -> Iterator[Finding]:
    name = config.process.user
    if not name:
        return
    key: KeyPath = ("process", "user")
    try:
        pwd.getpwnam(name)
    except KeyError:
        yield Finding(key, f'there is no user "{name}"', "create it, or name another")
        return
    if name != me():
        message = f"rights were checked as {me()}, not as {name}"
        yield Finding(key, message, f"check again with: runuser -u {name} -- storescpd --check-config", note=True)


def _no_group(key: KeyPath, name: str) -> Finding:
    return Finding(key, f'there is no group "{name}"', "create it, or name another")


def _storage_group(config: Config, key: KeyPath, name: str) -> Iterator[Finding]:
    if not name:
        return
    number = group_id(name)
    if number is None:
        yield _no_group(key, name)
        return
    user = config.process.user or me()
    if number not in _groups(config):
        message = f"{user} is not in the group {name} and so cannot give files to it: every object would be refused"
        yield Finding(key, message, f"add the user to it: usermod -a -G {name} {user}", (("process", "user"),))


def _groups(config: Config) -> Container[int]:
    """Those that the daemon may give files to."""
    user = config.process.user
    if not user:
        return range(LARGEST_GROUP_ID + 1) if os.geteuid() == 0 else {os.getegid(), *os.getgroups()}
    try:
        entry = pwd.getpwnam(user)
    except KeyError:
        return range(LARGEST_GROUP_ID + 1)
    own = group_id(config.process.group) if config.process.group else None
    own = entry.pw_gid if own is None else own
    return range(LARGEST_GROUP_ID + 1) if entry.pw_uid == 0 else os.getgrouplist(user, own)
