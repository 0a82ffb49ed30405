"""For all tests: the build that is asked for, and DCMTK's ``storescp``, also where ours would be found first."""

import os
import signal
import tempfile

import pytest

from tests.support import build
from tests.support.tools import path_of_others

build.use()
os.environ["PATH"] = path_of_others()
# What the command remembers of studies is not kept in the home of who runs the tests.
_state = tempfile.TemporaryDirectory(prefix="storescpd-state-")
os.environ["XDG_STATE_HOME"] = _state.name
# Under nohup, or in the background of a script, some are ignored, and the programs under test would ignore them too.
signal.signal(signal.SIGINT, signal.default_int_handler)
for _number in (signal.SIGHUP, signal.SIGQUIT):
    signal.signal(_number, signal.SIG_DFL)


def pytest_report_header():
    return build.described()


def pytest_collection_modifyitems(items):
    if build.is_compiled():
        for item in items:
            if marker := item.get_closest_marker("plain"):
                item.add_marker(pytest.mark.skip(f"not for the compiled build: {marker.args[0]}"))
