"""Networks: ``n.n.n.n/m.m.m.m``, ``n.n.n.n/len``, ``[v6]/len``."""

from ipaddress import IPv4Address, IPv6Address, IPv6Network

from storescpd.access.wrappers.hosts import RuleError

_QUAD = 4


def is_net(pattern: str) -> bool:
    """Whether a pattern means a network; one that begins with a slash is a file."""
    return "/" in pattern[1:]


def in_net(pattern: str, address: IPv4Address | IPv6Address | None) -> bool:
    """Whether an address, ``None`` for an unknown one, is in a network.

    Raises:
        RuleError: the pattern is no network.
    """
    net, _, mask = pattern.partition("/")
    try:
        inside = _in_v6(net, mask, address) if net.startswith("[") else _in_v4(net, mask, address)
    except ValueError:
        raise RuleError(f"{pattern} is not a network") from None
    return inside


def _in_v6(net: str, length: str, address: IPv4Address | IPv6Address | None) -> bool:
    if not net.endswith("]") or not _is_number(length):
        raise ValueError
    network = IPv6Network(f"{net[1:-1]}/{length}", strict=False)
    return isinstance(address, IPv6Address) and address in network


def _in_v4(net: str, mask: str, address: IPv4Address | IPv6Address | None) -> bool:
    """A net with bits set beside its mask never matches: that is what the manual says, and what libwrap does."""
    number, bits = int(IPv4Address(net)), _mask(mask)
    return isinstance(address, IPv4Address) and int(address) & bits == number


def _mask(text: str) -> int:
    """The bits of a mask; of 255.255.255.255 the manual says that it is none."""
    if not _is_number(text):
        if text.count(".") != _QUAD - 1:
            raise ValueError
        bits = int(IPv4Address(text))
        if bits == 0xFFFF_FFFF:
            raise ValueError
        return bits
    length = int(text)
    if not 1 <= length <= IPv4Address(0).max_prefixlen:
        # libwrap never matches /0, which in hosts.deny would let in everybody; ALL is the word for it.
        raise ValueError
    return 0xFFFF_FFFF << (32 - length) & 0xFFFF_FFFF


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal()
