"""Senders that are served otherwise than the rest (contract, [[peers]])."""

from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import TYPE_CHECKING, NamedTuple

from storescpd.access.titles import recognised

if TYPE_CHECKING:
    from storescpd.access.tls.identity import Identity


class Peer(NamedTuple):
    """A sender, as far as it is known when it asks for an association."""

    calling_ae_title: str
    called_ae_title: str
    listener: str
    address: str
    certificate: "Identity | None" = None
    """Verified; of a connection with TLS."""


class Matchers(NamedTuple):
    """What a sender must be; ``None`` is anything."""

    calling_ae_title: str | None = None
    called_ae_title: str | None = None
    listener: str | None = None
    network: IPv4Network | IPv6Network | None = None
    certificate_subject: str | None = None
    """An attribute of it, such as ``CN=ct1.example.org``."""

    def match(self, peer: Peer) -> bool:
        """Whether all of them hold."""
        return (
            (self.listener is None or self.listener == peer.listener)
            and (self.calling_ae_title is None or recognised(peer.calling_ae_title, [self.calling_ae_title]))
            and (self.called_ae_title is None or recognised(peer.called_ae_title, [self.called_ae_title]))
            and (self.network is None or within(peer.address, self.network))
            and (
                self.certificate_subject is None
                or (peer.certificate is not None and peer.certificate.has(self.certificate_subject))
            )
        )


def within(address: str, network: IPv4Network | IPv6Network) -> bool:
    """Whether an address is in a network; an IPv4 address that came through an IPv6 socket is the IPv4 address."""
    return plain(address) in network


@lru_cache(maxsize=1024)
def plain(address: str) -> IPv4Address | IPv6Address:
    """An address without its zone, and without the IPv6 around an IPv4 address."""
    parsed = ip_address(address.partition("%")[0])
    mapped = parsed.ipv4_mapped if isinstance(parsed, IPv6Address) else None
    return mapped or parsed
