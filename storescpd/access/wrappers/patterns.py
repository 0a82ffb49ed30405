"""Whether a name or an address is meant by a pattern (hosts_access(5), PATTERNS and WILDCARDS)."""

from ipaddress import IPv4Address, IPv6Address, ip_address

from storescpd.access.unnamed import PARANOID, UNKNOWN
from storescpd.access.wrappers.hosts import Host, Request, RuleError
from storescpd.access.wrappers.nets import in_net, is_net
from storescpd.access.wrappers.rules import words_of_file

_NUMERIC = frozenset("0123456789./")
DEEPEST_FILE = 8
"""Files that name files that name files; libwrap has no limit and overflows."""


def text_matches(pattern: str, text: str) -> bool:
    """Whether a name or an address, as text, is meant; letters are not told apart by case."""
    pattern, text = pattern.lower(), text.lower()
    if "*" in pattern or "?" in pattern:
        return wildcard_matches(pattern, text)
    if pattern.startswith("."):
        return len(text) > len(pattern) and text.endswith(pattern)
    if pattern == "all":
        return True
    if pattern == "known":
        return text != UNKNOWN
    if pattern.endswith("."):
        return text.startswith(pattern)
    return pattern == text


def wildcard_matches(pattern: str, text: str) -> bool:
    """``*`` is any characters, ``?`` is one; linear in memory, and at worst the product of the lengths in time."""
    position = at = 0
    star, resumed = -1, 0
    while at < len(text):
        if position < len(pattern) and pattern[position] == "*":
            star, resumed = position, at
            position += 1
        elif position < len(pattern) and pattern[position] in {"?", text[at]}:
            position += 1
            at += 1
        elif star >= 0:
            resumed += 1
            position, at = star + 1, resumed
        else:
            return False
    return not pattern[position:].strip("*")


def host_matches(pattern: str, host: Host, request: Request, depth: int = 0) -> bool:
    """Whether a host is meant.

    Raises:
        RuleError: the pattern is not understood.
    """
    word = pattern.upper()
    if word in {"KNOWN", "LOCAL"}:
        name = host.name()
        known = name not in {UNKNOWN, PARANOID}
        return known and (word == "KNOWN" or "." not in name)
    if pattern.startswith("@"):
        raise RuleError(f"the netgroup {pattern} cannot be looked up here")
    if pattern.startswith("/"):
        return _file_matches(pattern, host, request, depth)
    if is_net(pattern):
        return in_net(pattern, _address(host))
    return _address_or_name_matches(pattern, host)


def _address_or_name_matches(pattern: str, host: Host) -> bool:
    address = _address(host)
    if address is not None and text_matches(_without_brackets(pattern), str(address)):
        return True
    # What consists of digits and dots is never a name: it would be one that the peer's DNS has chosen.
    return not _NUMERIC.issuperset(pattern) and (
        (address is None and text_matches(pattern, UNKNOWN)) or text_matches(pattern, host.name())
    )


def _without_brackets(pattern: str) -> str:
    """``[IPv6]`` is that address, in whatever spelling."""
    if not (pattern.startswith("[") and pattern.endswith("]")):
        return pattern
    try:
        return str(ip_address(pattern[1:-1]))
    except ValueError:
        raise RuleError(f"{pattern} is not an IPv6 address") from None


def _address(host: Host) -> IPv4Address | IPv6Address | None:
    """An IPv4 address that came through an IPv6 socket is the IPv4 address."""
    if host.address == UNKNOWN:
        return None
    address = ip_address(host.address.partition("%")[0])
    return (address.ipv4_mapped if isinstance(address, IPv6Address) else None) or address


def _file_matches(path: str, host: Host, request: Request, depth: int) -> bool:
    """Whether a pattern of a file means the host; the file is read anew each time."""
    if depth >= DEEPEST_FILE:
        raise RuleError(f"{path}: files that name files, more than {DEEPEST_FILE} deep")
    try:
        text = request.read(path)
    except (OSError, ValueError) as error:
        raise RuleError(f"{path} cannot be read: {error}") from error
    return any(host_matches(pattern, host, request, depth + 1) for pattern in words_of_file(text))
