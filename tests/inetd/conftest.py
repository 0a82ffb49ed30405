"""What the tests of inetd mode have in common."""

import shutil

import pytest

from tests.inetd.scenes import python_for_all


@pytest.fixture
def any_python(tmp_path):
    """A Python that every user can run, in folders that every user can enter."""
    python = python_for_all()
    if python is None:
        pytest.skip("other users cannot run this Python")
    for folder in (tmp_path, *tmp_path.parents):
        mode = folder.stat().st_mode
        if mode & 0o005 != 0o005:
            folder.chmod(mode | 0o055)
    return shutil.which(python, path="/usr/bin") or python
