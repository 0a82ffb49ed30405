"""Which build is tested and measured: the sources, or what the folder named by ``STORESCPD_BUILD`` holds."""

import os
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
BUILD = Path(os.environ.get("STORESCPD_BUILD") or ROOT).resolve()
PATH = os.pathsep.join(dict.fromkeys((str(BUILD), str(ROOT))))
"""For ``PYTHONPATH``: the package from the build, the tests' own modules from here."""


def use() -> None:
    """Take the package from the build, in this process and in all that it starts; before anything of it is imported."""
    if sys.path[:1] != [str(BUILD)]:
        sys.path.insert(0, str(BUILD))
    # Or the folder that a program is started in would come first.
    os.environ.update(PYTHONPATH=PATH, PYTHONSAFEPATH="1", STORESCPD_BUILD=str(BUILD))


def is_compiled() -> bool:
    """Whether the build has compiled modules."""
    return any(BUILD.glob("storescpd__mypyc.*.so"))


def described() -> str:
    """It in words."""
    return f"storescpd {'compiled' if is_compiled() else 'in plain Python'}"
