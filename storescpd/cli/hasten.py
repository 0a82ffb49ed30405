"""A quicker start, for a process that serves one association and whose peer waits for it."""

import gc
import importlib
import sys
from types import ModuleType

_PLUGINS = "pydantic.plugin._loader"


class _NoPlugins(ModuleType):
    """Stands in for pydantic's search for plugins, which nobody here has; all else of it comes from the module itself.

    The search reads the metadata of everything that is installed: a tenth of the whole start. It also runs whatever
    it finds, and this process may be root's.
    """

    @staticmethod
    def get_plugins() -> tuple[()]:
        """None."""
        return ()

    def __getattr__(self, name: str) -> object:
        if name.startswith("__"):
            raise AttributeError(name)
        sys.modules.pop(_PLUGINS, None)
        return getattr(importlib.import_module(_PLUGINS), name)


def hasten() -> None:
    """Call this before anything large is imported, as often as you like."""
    # A process that lives for a second need not look for cycles among what it imports.
    gc.disable()
    sys.modules.setdefault(_PLUGINS, _NoPlugins(_PLUGINS))
