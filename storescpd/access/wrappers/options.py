"""What a rule that matches says besides: ALLOW and DENY (hosts_options(5))."""

from collections.abc import Sequence

from storescpd.access.wrappers.hosts import RuleError
from storescpd.access.wrappers.rules import BLANK

_LEVELS = frozenset({"emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"})
_FACILITIES = frozenset(
    {"kern", "user", "mail", "daemon", "auth", "authpriv", "lpr", "news", "uucp", "cron", "ftp"}
) | {f"local{number}" for number in range(8)}
_COMMANDS = frozenset({"spawn", "twist", "aclexec"})


def granted(options: Sequence[str], *, by_default: bool) -> bool:
    """Whether a rule with these options grants.

    Raises:
        RuleError: an option is not understood, or not done here.
    """
    for index, option in enumerate(options):
        keyword = _keyword(option)
        if keyword in {"allow", "deny"}:
            if index != len(options) - 1 or len(option) != len(keyword):
                raise RuleError(f'the option "{keyword}" must stand alone at the end')
            return keyword == "allow"
        if keyword in _COMMANDS:
            raise RuleError(f'the option "{keyword}" would run a command, which is not done here')
        if not _is_harmless(keyword, option[len(keyword) :].strip(BLANK + "=").lower()):
            raise RuleError(f'the option "{option}" is not understood')
    return by_default


def _is_harmless(keyword: str, value: str) -> bool:
    """It decides nothing: about logs, about the connection, about a look-up whose result is always unknown."""
    if keyword == "severity":
        facility, _, level = value.rpartition(".")
        return level in _LEVELS and (not facility or facility in _FACILITIES)
    number = value.isascii() and value.isdecimal()
    return {"keepalive": not value, "linger": number, "rfc931": number or not value}.get(keyword, False)


def _keyword(option: str) -> str:
    """``keyword``, ``keyword value``, ``keyword=value``."""
    end = next((at for at, character in enumerate(option) if character in BLANK + "="), len(option))
    return option[:end].lower()
