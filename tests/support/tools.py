"""The programs that a test needs: where one is missing the test is skipped, or fails where all were promised."""

import os
import shutil
import sys

import pytest


def need(*programs: str) -> None:
    """Commands, or files by their absolute path."""
    missing = [name for name in programs if not (os.path.exists(name) if name.startswith("/") else shutil.which(name))]
    if missing and os.environ.get("STORESCPD_TOOLS") == "required":
        pytest.fail(f"not installed: {', '.join(missing)}")
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)}")


def path_of_others() -> str:
    """$PATH without the folder of this environment's own commands, one of which is called storescp as well."""
    own = os.path.dirname(os.path.abspath(sys.executable))
    folders = os.environ.get("PATH", os.defpath).split(os.pathsep)
    return os.pathsep.join(folder for folder in folders if os.path.abspath(folder) != own)


needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
