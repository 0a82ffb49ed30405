"""Addresses of peers as people know them, and as rules and logs name them."""

_MAPPED = "::ffff:"


def plain_address(address: str) -> str:
    """An IPv4 peer of a socket that serves both families is an IPv4 address, not one mapped into IPv6."""
    return address.removeprefix(_MAPPED) if "." in address else address


def endpoint(address: str, port: int) -> str:
    """Address and port in one word; an IPv6 address in brackets."""
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
