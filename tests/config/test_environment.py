"""What systemd tells a process about how it was started."""

import os

import pytest

from storescpd.config import detected

ME = str(os.getpid())


@pytest.mark.parametrize(
    ("variables", "service"),
    [
        ({}, False),
        ({"INVOCATION_ID": "x"}, True),
        ({"INVOCATION_ID": "x", "SYSTEMD_EXEC_PID": ME}, True),
        # A terminal below a desktop's unit.
        ({"INVOCATION_ID": "x", "SYSTEMD_EXEC_PID": "1"}, False),
        ({"SYSTEMD_EXEC_PID": ME}, False),
        ({"NOTIFY_SOCKET": "/run/systemd/notify"}, True),
    ],
)
def test_service(variables, service):
    assert detected(variables).service is service


def test_directories():
    found = detected({"CREDENTIALS_DIRECTORY": "/run/c", "STATE_DIRECTORY": "/var/lib/a:/var/lib/b"})
    assert found.credentials_directory == "/run/c"
    assert found.state_directory == "/var/lib/a"
    assert detected({"STATE_DIRECTORY": ""}).state_directory is None
