"""The contexts of a port, one after another."""

import contextlib
import ssl
import threading

from storescpd.access.errors import TlsError
from storescpd.access.tls.context import make_context
from storescpd.access.tls.material import Material
from storescpd.access.tls.settings import TlsSettings

MOST_SESSIONS = 256
"""Sessions of TLS 1.2 that a context remembers before another one takes its place, 10 KiB each.

OpenSSL would remember 20,480 of them for two hours, and Python has no way to switch that off.
"""


class SecurePort:
    """Gives a context to each connection; for the threads of one worker."""

    def __init__(self, settings: TlsSettings, material: Material) -> None:
        """Raises TlsError: OpenSSL refuses a part of it."""
        self._settings = settings
        self._material = material
        self._lock = threading.Lock()
        self._context = make_context(settings, material)

    def context(self) -> ssl.SSLContext:
        """The context for the next connection."""
        with self._lock:
            if self._context.session_stats()["number"] >= MOST_SESSIONS:
                # Out of descriptors or memory: the next connection tries again, this one has the same rules.
                with contextlib.suppress(OSError, TlsError):
                    self._context = make_context(self._settings, self._material)
            return self._context
