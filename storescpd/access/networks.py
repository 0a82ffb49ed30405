"""Networks that are kept out, and networks that alone are let in (contract, [access])."""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import NamedTuple

from storescpd.access.peers import plain


class Networks(NamedTuple):
    """``deny`` is asked first; an empty ``allow`` lets everybody in."""

    allow: tuple[IPv4Network | IPv6Network, ...] = ()
    deny: tuple[IPv4Network | IPv6Network, ...] = ()

    def refusal(self, address: str) -> str | None:
        """Why a peer is kept out; ``None`` where it is not."""
        if not self.allow and not self.deny:
            return None
        place = plain(address)
        denied = _first(self.deny, place)
        if denied is not None:
            return f"access.deny has {denied}"
        if self.allow and _first(self.allow, place) is None:
            return "access.allow has no network of it"
        return None


def _first(
    networks: Sequence[IPv4Network | IPv6Network], place: IPv4Address | IPv6Address
) -> IPv4Network | IPv6Network | None:
    return next((network for network in networks if place in network), None)
