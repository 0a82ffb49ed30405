"""[[listeners]]: the ports."""

from storescpd.config.addresses import Host
from storescpd.config.section import Section, setting
from storescpd.config.texts import SocketName, Text


class Listener(Section):
    """One table a port.

    None is needed under socket activation or --inetd; with neither, there is one with these defaults.
    """

    name: SocketName = setting("dicom", "name in logs; a socket from systemd is matched by it (FileDescriptorName=)")
    address: Host = setting("0.0.0.0", 'IPv4 or IPv6 address, or host name; "::" serves IPv6 and IPv4')  # noqa: S104
    port: int = setting(11112, "TCP port; 0: any free one, which --status shows", option="port", ge=0, le=65535)
    tls: bool = setting(default=False, text="serve TLS on this port, as [tls] says", option="+tls, -tls")
    proxy_protocol: bool = setting(
        default=False, text="expect a PROXY v2 header before the first PDU; only from access.trusted_proxies"
    )
    profile: Text | None = setting(
        None, "negotiation profile of this port, instead of negotiation.profile", shown='"name"', example=True
    )
