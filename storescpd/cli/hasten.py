"""A quicker start, for a process that serves one association and whose peer waits for it."""

import gc
import importlib
import sys
from types import ModuleType

_PLUGINS = "pydantic.plugin._loader"
_LATE = ("base64", "linecache", "secrets", "tokenize", "traceback")
"""Modules that pydantic and logging import for what hardly anybody asks of them; ``secrets`` brings OpenSSL."""


class _Late(ModuleType):
    """Stands in for a module, which is loaded when somebody asks for what is in it."""

    def __getattr__(self, name: str) -> object:
        if name.startswith("__"):
            raise AttributeError(name)
        if sys.modules.get(self.__name__) is self:
            del sys.modules[self.__name__]
        return getattr(importlib.import_module(self.__name__), name)


class _NoPlugins(_Late):
    """Stands in for pydantic's search for plugins, which nobody here has.

    The search reads the metadata of everything that is installed: a tenth of the whole start. It also runs whatever
    it finds, and this process may be root's.
    """

    @staticmethod
    def get_plugins() -> tuple[()]:
        """None."""
        return ()


def hasten() -> None:
    """Call this before anything large is imported, as often as you like."""
    # A process that lives for a second need not look for cycles among what it imports.
    gc.disable()
    sys.modules.setdefault(_PLUGINS, _NoPlugins(_PLUGINS))
    for name in _LATE:
        sys.modules.setdefault(name, _Late(name))
