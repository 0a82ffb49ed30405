"""What may be wrong with how peers are recognised."""


class TlsError(Exception):
    """TLS cannot be served; ``key`` is the key of [tls] that is the reason."""

    def __init__(self, key: str, message: str) -> None:
        super().__init__(message)
        self.key = key
