"""Who a process is: from root to process.user and process.group, with no way back (contract, [process])."""

import contextlib
import os
import pwd
from dataclasses import dataclass

from storescpd.config.world.accounts import group_id

ROOT = 0


class IdentityError(Exception):
    """A process cannot become who it should be; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Account:
    """A user and a group as the kernel knows them."""

    name: str
    """Empty: the user stays who it is, the group alone changes."""
    uid: int
    gid: int
    home: str


def is_root() -> bool:
    """Whether this process may do everything."""
    return os.geteuid() == ROOT


def wanted(user: str, group: str) -> Account | None:
    """The account that process.user and process.group name; ``None`` where both are empty.

    Raises:
        IdentityError: there is no such user or group.
    """
    gid = group_id(group) if group else None
    if group and gid is None:
        raise IdentityError(f'process.group: there is no group "{group}"; create it, or name another')
    if not user:
        return None if gid is None else Account("", os.geteuid(), gid, "")
    try:
        entry = pwd.getpwnam(user)
    except KeyError:
        raise IdentityError(f'process.user: there is no user "{user}"; create it, or name another') from None
    return Account(user, entry.pw_uid, entry.pw_gid if gid is None else gid, entry.pw_dir)


def become(account: Account) -> None:
    """Give root up for good; HOME, USER and LOGNAME are the account's afterwards. The caller is root.

    Groups go first: without root nobody can change them. All three user and group ids go, so that nothing is saved
    to come back to.

    Raises:
        IdentityError: the process is not, or not for good, who it should be: it must not go on.
    """
    try:
        if account.name:
            os.initgroups(account.name, account.gid)
        else:
            os.setgroups([account.gid])
        os.setresgid(account.gid, account.gid, account.gid)
        os.setresuid(account.uid, account.uid, account.uid)
    except OSError as error:
        raise IdentityError(f"cannot become {_shown(account)}: {error.strerror}") from error
    _verify(account)
    if account.name:
        os.environ.update(HOME=account.home, USER=account.name, LOGNAME=account.name)


def _verify(account: Account) -> None:
    """What the kernel says now, and that it refuses the way back: CAP_SETUID would open one (capabilities(7))."""
    uids, gids = os.getresuid(), os.getresgid()
    if set(uids) != {account.uid} or set(gids) != {account.gid}:
        raise IdentityError(f"did not become {_shown(account)}: user ids are {uids}, group ids {gids}")
    if account.uid == ROOT:
        return
    with contextlib.suppress(PermissionError):
        os.setresuid(ROOT, ROOT, ROOT)
        raise IdentityError(f"became {_shown(account)}, but could be root again: take CAP_SETUID away from the process")


def _shown(account: Account) -> str:
    return f"user {account.name or account.uid} ({account.uid}) and group {account.gid}"
