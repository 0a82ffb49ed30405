"""Value types that say where something is on a network: hosts, ports, networks, object stores, databases."""

import ipaddress
import re
from typing import Annotated
from urllib.parse import SplitResult, urlsplit

from pydantic import AfterValidator, BeforeValidator

from storescpd.config.refusal import described, refusal
from storescpd.config.shown import Shown
from storescpd.config.texts import parse_path, without_controls

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_LABEL = r"[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_HOST = rf"{_LABEL}(\.{_LABEL})*\.?"
_MAPPED = ipaddress.IPv6Network("::ffff:0:0/96")
"""IPv4 addresses in IPv6 (RFC 4291 2.5.5.2)."""
_BUCKET = r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]"

POSTGRESQL = ("postgresql://", "postgres://")
"""How the address of a ledger in a database begins."""


def parse_host(value: str) -> str:
    """An IPv4 address, an IPv6 address without brackets, or a host name."""
    if value == "*":
        raise refusal('"*" is not an address', 'write "0.0.0.0" for all IPv4 addresses, "::" for IPv6 as well')
    if value.startswith("["):
        raise refusal(f'"{value}" has brackets', f'write "{value.strip("[]")}"')
    match = re.fullmatch(r"(?:[a-z]+://)?([^:/\[\]]+):(\d+)/?", value)
    if match is not None:
        remedy = f'write address = "{match[1]}", and port = {int(match[2])} on a line of its own'
        raise refusal(f'"{value}" has a port', remedy)
    try:
        ipaddress.ip_address(value)
    except ValueError:
        looks_numeric = re.fullmatch(r"[0-9.]+|.*:.*", value)
        if looks_numeric or len(value) > 253 or not re.fullmatch(_HOST, value):
            raise refusal(f'"{value}" is not an address or a host name', 'write one, such as "0.0.0.0"') from None
    return value


def parse_endpoint(value: str) -> str:
    """``host:port`` or ``[IPv6]:port``; empty is none."""
    if not value:
        return value
    host, port = split_endpoint(value)
    if not port.isascii() or not port.isdigit() or not 0 <= int(port[:6]) <= 65535:
        raise refusal(
            f'"{value}" does not end in a port number', 'write an address and a port, such as "127.0.0.1:9104"'
        )
    parse_host(host)
    return value


def split_endpoint(value: str) -> tuple[str, str]:
    """Host and port of ``host:port``, the brackets of an IPv6 address removed."""
    host, _, port = value.rpartition(":")
    bracketed = host.startswith("[") and host.endswith("]")
    if ":" in host and not bracketed:
        raise refusal(f'"{value}" is ambiguous', 'write an IPv6 address in brackets, such as "[::1]:9104"')
    return (host[1:-1] if bracketed else host), port


def parse_network(value: object) -> Network:
    """A network in CIDR notation, or one address."""
    if isinstance(value, ipaddress.IPv4Network | ipaddress.IPv6Network):
        return value
    if not isinstance(value, str):
        raise refusal(f"must be a network in quotes, not {described(value)}", 'write one, such as "10.0.0.0/8"')
    try:
        wide = ipaddress.ip_network(value, strict=False)
    except ValueError:
        raise refusal(f'"{value}" is not a network', _network_remedy(value)) from None
    if "/" in value and ipaddress.ip_address(value.partition("/")[0]) != wide.network_address:
        raise refusal(f'"{value}" has bits set to the right of the prefix', f'write "{wide}"')
    if isinstance(wide, ipaddress.IPv6Network) and wide.subnet_of(_MAPPED):
        # A peer has its IPv4 address whatever socket it came through, so nobody would ever be in there.
        inner = f"{wide.network_address.ipv4_mapped}/{wide.prefixlen - _MAPPED.prefixlen}"
        raise refusal(f'"{value}" is an IPv4 network in the notation of IPv6', f'write "{inner}"')
    return wide


def _network_remedy(value: str) -> str:
    example = 'write one, such as "10.0.0.0/8" or "fd00::/8"'
    match = re.fullmatch(r"((?:\d{1,3}\.){1,3})(?:\*(?:\.\*)*)?", value)
    if match is not None:
        parts = match[1].rstrip(".").split(".")
        return f'did you mean "{".".join((*parts, *["0"] * (4 - len(parts))))}/{8 * len(parts)}"?'
    if re.search("[A-Za-z]", value) and ":" not in value:
        return f"names of hosts are not possible here; {example}"
    return f"{example}; a range takes several networks" if "-" in value else example


def parse_object_store(value: str) -> str:
    """``s3://bucket/prefix``; empty is none."""
    example = 'write "s3://bucket/prefix"'
    if not value:
        return value
    parts = _split(value, example)
    if parts.scheme != "s3":
        raise refusal(f'"{value}" is not an address of an object store', example)
    if parts.username is not None or parts.query or parts.fragment:
        raise refusal(
            "an object store's address has a bucket and a prefix only", f"{example}; credentials go elsewhere"
        )
    if not re.fullmatch(_BUCKET, parts.netloc):
        raise refusal(f'"{parts.netloc}" is not a bucket name', example)
    return without_controls(value)


def parse_ledger(value: str) -> str:
    """A path, or ``postgresql://user@host/database``; empty is the default place."""
    example = 'write a path or "postgresql://user@host/database"'
    if not value.startswith(POSTGRESQL):
        if "://" in value:
            raise refusal(f'"{value.partition(":")[0]}://" is not a kind of ledger', example)
        return parse_path(value)
    parts = _split(value, example)
    if len(parts.path) < 2 or "/" in parts.path[1:]:
        raise refusal("the ledger's address names no database", example)
    return without_controls(value)


def _split(value: str, example: str) -> SplitResult:
    try:
        parts = urlsplit(value)
        _ = parts.port
    except ValueError:
        raise refusal("the address cannot be read", example) from None
    return parts


Host = Annotated[str, AfterValidator(parse_host)]
Endpoint = Annotated[str, AfterValidator(parse_endpoint)]
"""``host:port``; empty is none."""
Cidr = Annotated[Network, BeforeValidator(parse_network), Shown(str)]
ObjectStore = Annotated[str, AfterValidator(parse_object_store)]
Ledger = Annotated[str, AfterValidator(parse_ledger)]
