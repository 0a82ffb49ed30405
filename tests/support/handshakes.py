"""TLS handshakes in memory."""

import ssl

Ends = tuple[ssl.SSLObject, ssl.SSLObject]


def shake(server: ssl.SSLContext, client: ssl.SSLContext, name: str | None = None) -> Ends:
    """Both ends, the server's first; raises ssl.SSLError when one of them refuses the other."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = (
        server.wrap_bio(to_server, to_client, server_side=True),
        client.wrap_bio(to_client, to_server, server_hostname=name),
    )
    agreed: set[int] = set()
    while len(agreed) < len(ends):
        before = to_server.pending, to_client.pending
        for end in reversed(ends):
            try:
                end.do_handshake()
            except ssl.SSLWantReadError:
                continue
            agreed.add(id(end))
        if len(agreed) < len(ends) and before == (to_server.pending, to_client.pending) == (0, 0):
            raise ssl.SSLError("neither end has anything to say")
    return ends


def agree(server: ssl.SSLContext, client: ssl.SSLContext, name: str | None = None) -> bool:
    """Whether they come to terms."""
    try:
        shake(server, client, name)
    except ssl.SSLError:
        return False
    return True
