"""[access]: which addresses may connect."""

from storescpd.config.addresses import Cidr
from storescpd.config.section import Section, setting
from storescpd.config.texts import RequiredPath, Several, Word


class Access(Section):
    """Addresses, checked before TLS and before the first PDU: deny, then allow, then TCP wrappers."""

    tcp_wrappers: bool = setting(default=False, text="obey the hosts.allow and hosts.deny files", option="+ac, -ac")
    daemon_name: Word = setting("storescp", "name looked up in them")
    hosts_allow: RequiredPath = setting("/etc/hosts.allow", "file of rules that let in, read at each connection")
    hosts_deny: RequiredPath = setting("/etc/hosts.deny", "file of rules that keep out, read at each connection")
    allow: Several[Cidr] = setting((), 'networks in CIDR notation, such as "10.0.0.0/8"; if not empty: only these')
    deny: Several[Cidr] = setting((), "networks in CIDR notation, checked first")
    trusted_proxies: Several[Cidr] = setting((), "networks from which a PROXY header is believed")
