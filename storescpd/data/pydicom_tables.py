"""The tables of pydicom without the package around them, which takes three times as long to load as they do.

A daemon needs the dictionaries, and nothing else of pydicom. What is loaded here is not kept in ``sys.modules``.
"""

import os
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from types import ModuleType


def load(name: str) -> ModuleType:
    """A module of pydicom that holds tables alone, such as ``_dicom_dict``.

    Raises:
        ImportError: this pydicom has no such module.
    """
    package = find_spec("pydicom")
    for folder in (package and package.submodule_search_locations) or ():
        path = os.path.join(folder, f"{name}.py")
        spec = spec_from_file_location(f"pydicom.{name}", path) if os.path.exists(path) else None
        if spec is not None and spec.loader is not None:
            module = module_from_spec(spec)
            spec.loader.exec_module(module)
            return module
    raise ImportError(f"pydicom has no table {name}")
